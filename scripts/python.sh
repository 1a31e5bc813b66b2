#!/usr/bin/env bash
# Runs Python with what scripts/requirements.txt names (or another file there, by REQUIREMENTS), in a virtual environment below
# the target folder.
#
#   scripts/python.sh scripts/interop.py target/debug/trailmill
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
requirements=$here/${REQUIREMENTS:-requirements.txt}
name=$(basename "$requirements" requirements.txt)
venv=${CARGO_TARGET_DIR:-$here/../target}/${name:-scripts-}venv
if ! cmp -s "$requirements" "$venv/installed.txt"; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements"
    cp "$requirements" "$venv/installed.txt"
fi
exec "$venv/bin/python" "$@"
