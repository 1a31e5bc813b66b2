#!/usr/bin/env bash
# Runs Python with what scripts/requirements.txt names, in a virtual environment below the target folder.
#
#   scripts/python.sh scripts/interop.py target/debug/trailmill
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
venv=${CARGO_TARGET_DIR:-$here/../target}/scripts-venv
if ! cmp -s "$here/requirements.txt" "$venv/installed.txt"; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
    cp "$here/requirements.txt" "$venv/installed.txt"
fi
exec "$venv/bin/python" "$@"
