#!/usr/bin/env bash
# The promise with its real numbers: nothing acknowledged is ever lost, doubled or reordered. Takes
# minutes and wants the machine for itself, since it measures. What cannot be run here fails.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/setup.sh test
from=$SECONDS
status=0
cargo test --release --locked --test durability -- --test-threads=1 --nocapture || status=$?
printf '\n== test-durability took %d s.\n' "$((SECONDS - from))"
exit "$status"
