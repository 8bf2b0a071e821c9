#!/usr/bin/env bash
# Real HTTP and event stream clients, direct and through real proxies: each gets every message promptly and
# resumes after a cut without loss (tests/clients/run.py). Arguments select the ways: direct, nginx, nginx-1.0,
# haproxy, caddy, apache. The clients come from PyPI and npm, below the target folder.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/setup.sh clients
from=$SECONDS
target=${CARGO_TARGET_DIR:-target}
cargo build --locked
clients=$target/clients
mkdir -p "$clients/node"
[ -x "$clients/python/bin/python" ] || python3 -m venv "$clients/python"
"$clients/python/bin/pip" install --quiet --disable-pip-version-check -r tests/clients/requirements.txt
cp tests/clients/package.json tests/clients/listen.cjs "$clients/node/"
npm install --prefix "$clients/node" --silent --no-audit --no-fund --no-package-lock
"$clients/python/bin/python" -B tests/clients/run.py "$target/debug/chatroom" "$clients/node" "$@"
printf '\n== test-clients took %d s.\n' "$((SECONDS - from))"
