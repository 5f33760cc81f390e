#!/bin/sh
# Runs the scenario tests on another copy of the documents' files: KZ_SCENARIOS=DIR.
set -eu
cd "$(dirname "$0")/../.."
KZ="$PWD/build/kz" exec /usr/bin/python3 -m pytest -q -p no:cacheprovider tests/e2e/test_scenarios.py
