#!/usr/bin/env bash
# Tests the downloaded file on other systems: folders with nothing else in them, and Debians that
# debootstrap makes (once, below target/dist-test; `rm -r` that to make them again). Needs root and Debian's
# packages. Every script in scripts/dist is a part and can be run by name: scripts/test-dist.sh chroot stopwatch
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [ "$(id -u)" -ne 0 ]; then
    echo "test-dist: making systems needs root. Run it with your own Rust: sudo env \"PATH=\$PATH\" \"HOME=\$HOME\" make test-dist" >&2
    exit 1
fi
scripts/setup.sh dist
scripts/dist.sh
scripts/deb.sh

parts=("$@")
if [ ${#parts[@]} -eq 0 ]; then
    for part in scripts/dist/*.sh; do
        parts+=("$(basename "$part" .sh)")
    done
fi
passed=0
for part in "${parts[@]}"; do
    printf '\n== %s\n' "$part"
    from=$SECONDS
    if ! "scripts/dist/$part.sh"; then
        printf '== FAILED after %d s: %s\n   To run this part only: scripts/dist/%s.sh\n' "$((SECONDS - from))" "$part" "$part"
        exit 1
    fi
    printf '== ok, %d s: %s\n' "$((SECONDS - from))" "$part"
    passed=$((passed + 1))
done
printf '\n%d passed, 0 failed\n' "$passed"
