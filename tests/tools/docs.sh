#!/bin/sh
# Writes man/ and completions/ from the option tables of the given binary; with --check compares instead.
set -eu
kz=$1
out=${2:-.}
[ "$out" = --check ] && { check=1; out=$(mktemp -d); trap 'rm -rf "$out"' EXIT; }
mkdir -p "$out/man" "$out/completions"
rm -f "$out"/man/*.1
"$kz" help --man > "$out/man/kz.1"
"$kz" help --names | cut -d' ' -f1 | while read -r name; do "$kz" help --man "$name" > "$out/man/kz-$name.1"; done
"$kz" help --bash > "$out/completions/kz.bash"
"$kz" help --zsh > "$out/completions/_kz"
"$kz" help --fish > "$out/completions/kz.fish"
if [ "${check:-}" ]; then
  diff -r "$out/man" man && diff -r "$out/completions" completions || { echo "man/ or completions/ is out of date: make docs" >&2; exit 1; }
fi
