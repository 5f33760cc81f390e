#!/usr/bin/env bash
# The test lanes behind `make test`, `make interop`, `make check`, `make precommit` and `make bench`.
set -euo pipefail
cd "$(dirname "$0")/../.."
jobs=${JOBS:-$(nproc)}
step() { printf '\n== %s (%s)\n' "$*" "$(date +%T)"; }

configure_and_build() {  # preset [target...]
  local preset=$1 dir=build
  shift
  [ "$preset" = release ] || dir=build/$preset
  mkdir -p build/logs
  local log=build/logs/build-$preset.log
  cmake --preset "$preset" -DBUILD_TESTING=ON > "$log" 2>&1 || { cat "$log"; exit 1; }
  cmake --build "$dir" -j "$jobs" ${1:+--target "$@"} > "$log" 2>&1 || { grep -E 'error|FAILED' -A3 "$log" | head -60; exit 1; }
}

pytest_run() { KZ=$1 timeout "${PYTEST_LIMIT:-1200}" /usr/bin/python3 -m pytest -q -p no:cacheprovider "${@:2}"; }

format_check() { git ls-files '*.h' '*.cc' | xargs clang-format-19 --dry-run -Werror; }

case ${1:?lane} in
  test)
    step build
    configure_and_build release
    step unit tests
    ctest --test-dir build --output-on-failure -j "$jobs"
    step man pages and completions
    tests/tools/docs.sh build/kz --check
    step end to end
    pytest_run "$PWD/build/kz" tests/e2e tests/cli
    ;;
  interop)
    step build
    configure_and_build release
    tests/tools/peers.sh
    step interop
    pytest_run "$PWD/build/kz" tests/interop
    ;;
  check)
    step clang-format
    format_check
    # ASan and UBSan see everything; TSan what has threads: net, storage, the servers.
    step "build with asan and ubsan"
    configure_and_build asan
    step "unit tests with asan and ubsan"
    ASAN_OPTIONS=detect_stack_use_after_return=1:detect_leaks=1 ctest --test-dir build/asan --output-on-failure -j "$jobs" --timeout 900
    step "end to end with asan and ubsan"
    KZ_SANITIZER=asan pytest_run "$PWD/build/asan/kz" tests/e2e/test_kcat.py tests/e2e/test_robustness.py tests/e2e/test_zookeeper.py tests/e2e/test_new_user.py
    step "build with tsan"
    configure_and_build tsan kz kz_test_net kz_test_storage kz_test_server
    step "unit tests with tsan"
    export TSAN_OPTIONS="suppressions=$PWD/tests/tools/tsan.supp exitcode=66 halt_on_error=1"
    ctest --test-dir build/tsan --output-on-failure -j "$jobs" --timeout 900 -R 'unit_(net|storage|server)$'
    step "end to end with tsan"
    KZ_SANITIZER=tsan pytest_run "$PWD/build/tsan/kz" tests/e2e/test_kcat.py tests/e2e/test_robustness.py
    ;;
  precommit)
    configure_and_build release
    command -v clang-format-19 > /dev/null && format_check
    ctest --test-dir build --output-on-failure -j "$jobs"
    tests/tools/docs.sh build/kz --check
    ;;
  bench)
    configure_and_build release
    /usr/bin/python3 tests/bench/run.py build
    /usr/bin/python3 tests/bench/zk_bench.py build
    ;;
  *) echo "no lane $1" >&2; exit 2 ;;
esac
