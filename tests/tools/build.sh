#!/bin/sh
# Builds one target of the release tree: on a terminal ninja's own one moving line, else one line of ours; errors whole.
# usage: build.sh TARGET JOBS
set -eu
cmake --preset release -DBUILD_TESTING=OFF > /dev/null
if [ -t 1 ]; then exec cmake --build build --target "$1" -j "$2"; fi
if cmake --build build --target "$1" -- -n 2> /dev/null | grep -q 'no work to do'; then exit 0; fi
echo "building build/$1 (minutes the first time; output in build/build.log)"
cmake --build build --target "$1" -j "$2" > build/build.log 2>&1 || { grep -E 'error|FAILED' -A5 build/build.log | head -100; exit 1; }
