#!/usr/bin/env bash
# Takes the pictures of replay in docs/replay again: the tests put pages and terminals into the states to show,
# and check them. Look at each picture before you commit it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

taken=$(mktemp -d)
trap 'rm -rf "$taken"' EXIT
CHATROOM_PICTURES=$taken cargo test --locked --test it -- plot::a_long_talk
CHATROOM_PICTURES=$taken cargo test --locked --test pages -- --test-threads=1 --nocapture

mkdir -p docs/replay
for name in page-phone page-desktop page-dark page-search bar stats plot; do
    convert "$taken/$name.png" +dither -colors 256 -strip -define png:compression-level=9 "png8:docs/replay/$name.png"
done
cp "$taken/plot.svg" docs/replay/plot.svg
