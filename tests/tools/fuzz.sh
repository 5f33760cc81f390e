#!/usr/bin/env bash
# Builds the fuzz entries with clang and runs each for a number of seconds. usage: fuzz.sh SECONDS [ENTRY]
# A crash leaves its input in build/fuzz/crashes; add it to tests/fuzz/corpus/<entry>/ with the fix.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-60}
only=${2:-}
cmake --preset fuzz -DBUILD_TESTING=ON > /tmp/kz-cmake-fuzz.log || { cat /tmp/kz-cmake-fuzz.log; exit 1; }
entries=()
for f in tests/fuzz/*_fuzz.cc; do
  name=$(basename "$f" .cc)
  [ -z "$only" ] || [ "$name" = "${only}_fuzz" ] || continue
  entries+=("$name")
done
cmake --build build/fuzz -j "${JOBS:-$(nproc)}" --target "${entries[@]}" > /tmp/kz-build-fuzz.log || { grep -E 'error|FAILED' -A3 /tmp/kz-build-fuzz.log | head -60; exit 1; }
mkdir -p build/fuzz/crashes
for name in "${entries[@]}"; do
  mkdir -p "build/fuzz/corpus/$name"
  seeds=()
  [ -d "tests/fuzz/corpus/$name" ] && seeds=("tests/fuzz/corpus/$name")
  if [ "$name" = canary_fuzz ]; then  # the machinery itself: this entry must be caught
    if build/fuzz/tests/$name -max_total_time=30 -artifact_prefix=build/fuzz/crashes/canary- > /dev/null 2>&1; then
      echo "the canary was not caught: the fuzzing machinery does not work" >&2
      exit 1
    fi
    continue
  fi
  build/fuzz/tests/$name -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -artifact_prefix="build/fuzz/crashes/$name-" \
    "build/fuzz/corpus/$name" "${seeds[@]}" > "/tmp/kz-$name.log" 2>&1 || { tail -30 "/tmp/kz-$name.log"; exit 1; }
  printf '%s: %s\n' "$name" "$(grep -E 'Done|stat::number_of_executed_units' "/tmp/kz-$name.log" | tail -1)"
done
