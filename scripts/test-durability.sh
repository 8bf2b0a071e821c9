#!/usr/bin/env bash
# The promise with its real numbers: nothing acknowledged is ever lost, doubled or reordered. Takes
# minutes and wants the machine for itself, since it measures. What cannot be run here fails.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [ "$(id -u)" -ne 0 ]; then
    echo "test-durability: mounting disks needs root, here with your own Rust: sudo env \"PATH=\$PATH\" \"HOME=\$HOME\" make test-durability" >&2
    exit 1
fi
scripts/setup.sh durability
from=$SECONDS
status=0
cargo test --release --locked --test durability -- --test-threads=1 --nocapture || status=$?
printf '\n== test-durability took %d s.\n' "$((SECONDS - from))"
exit "$status"
