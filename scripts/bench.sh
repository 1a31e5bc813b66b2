#!/usr/bin/env bash
# Measures trailmill against its targets and its peers: see scripts/bench.py, or scripts/bench.sh --help.
#
# Builds what it measures (two sets of dependencies: the binary as it is released, and the programs of benches/), and installs the
# peers into a virtual environment below the target folder. --smoke takes the debug binary that `cargo test` has built, and the
# environment of the other scripts.
set -euo pipefail

cd "$(dirname "$0")/.."
if [[ ${1:-} == --help ]]; then
    exec python3 scripts/bench.py --help
fi
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
if [[ " $* " == *" --smoke "* ]]; then
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    scripts/python.sh scripts/bench.py --binary "$target/debug/trailmill" --work "$work" "$@"
    exit
fi
if [[ " $* " != *" --binary"* ]]; then
    cargo build --quiet --release --locked
fi
export REQUIREMENTS=bench-requirements.txt
exec scripts/python.sh scripts/bench.py --binary "$target/release/trailmill" --work "$target/bench" "$@"
