#!/usr/bin/env bash
# clang-tidy over the sources, a few at a time; .clang-tidy has the checks. Takes files as arguments, else all of ours.
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ $# -gt 0 ]; then files=("$@"); else mapfile -t files < <(git ls-files 'core/*.cc' 'net/*.cc' 'storage/*.cc' 'cmd/*.cc'); fi
printf '%s\n' "${files[@]}" | xargs -P "$(nproc)" -n 4 clang-tidy-19 -p build/debug --quiet --extra-arg=-Wno-unknown-warning-option --extra-arg=-Wno-deprecated-declarations 2> /dev/null
echo "clang-tidy: ${#files[@]} files clean"
