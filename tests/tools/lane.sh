#!/usr/bin/env bash
# The test lanes behind `make test`, `make interop`, `make check`, `make precommit` and `make bench`.
set -euo pipefail
cd "$(dirname "$0")/../.."
jobs=${JOBS:-$(nproc)}
step() { printf '\n== %s (%s)\n' "$*" "$(date +%T)"; }

configure_and_build() {  # preset
  local dir=build
  [ "$1" = release ] || dir=build/$1
  cmake --preset "$1" -DBUILD_TESTING=ON > "/tmp/kz-cmake-$1.log" || { cat "/tmp/kz-cmake-$1.log"; exit 1; }
  cmake --build "$dir" -j "$jobs" > "/tmp/kz-build-$1.log" || { grep -E 'error|FAILED' -A3 "/tmp/kz-build-$1.log" | head -60; exit 1; }
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
    step clang-tidy
    cmake --preset debug -DBUILD_TESTING=ON > /dev/null
    tests/tools/tidy.sh
    for sanitizer in asan tsan; do
      step "build with $sanitizer"
      configure_and_build $sanitizer
      step "unit tests with $sanitizer"
      TSAN_OPTIONS="suppressions=$PWD/tests/tools/tsan.supp halt_on_error=1" ASAN_OPTIONS=detect_stack_use_after_return=1 \
        ctest --test-dir build/$sanitizer --output-on-failure -j "$jobs" --timeout 600
      step "end to end with $sanitizer"
      TSAN_OPTIONS="suppressions=$PWD/tests/tools/tsan.supp exitcode=66" KZ_SANITIZER=$sanitizer \
        pytest_run "$PWD/build/$sanitizer/kz" -m "not timing" tests/e2e
    done
    ;;
  precommit)
    configure_and_build release
    command -v clang-format-19 > /dev/null && format_check
    ctest --test-dir build --output-on-failure -j "$jobs"
    tests/tools/docs.sh build/kz --check
    ;;
  bench)
    configure_and_build release
    tests/bench/run.py build
    ;;
  *) echo "no lane $1" >&2; exit 2 ;;
esac
