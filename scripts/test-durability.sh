#!/usr/bin/env bash
# The promise with its real numbers: nothing acknowledged is ever lost, duplicated or reordered. Takes
# minutes and needs an otherwise idle machine, since it measures. A test that cannot run here fails.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [ "$(id -u)" -ne 0 ]; then
    echo "test-durability: mounting disks needs root. Run it with your own Rust: sudo env \"PATH=\$PATH\" \"HOME=\$HOME\" make test-durability" >&2
    exit 1
fi
scripts/setup.sh durability
from=$SECONDS
status=0
cargo test --release --locked --test durability -- --test-threads=1 --nocapture || status=$?
printf '\n== test-durability took %d s.\n' "$((SECONDS - from))"
exit "$status"
