#!/usr/bin/env bash
# Takes the pictures of the window in docs/window and assets again: the tests put the windows into the states
# to show, and check them. Look at each picture before you commit it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

taken=$(mktemp -d)
trap 'rm -rf "$taken"' EXIT
CHATROOM_PICTURES=$taken cargo test --locked --test it -- --test-threads=1 window::pictures window::four_people_talk \
    window::nearby::several_rooms

# small FROM TO [OPTIONS]: reduces a picture for a web page, to at most 256 colours.
small() {
    convert "$taken/$1" "${@:3}" +dither -colors 256 -strip -define png:compression-level=9 "png8:$2"
}
for name in light dark high-contrast twice scripts unread offline search settings smallest rooms rooms-dark; do
    small "$name.png" "docs/window/$name.png"
done
small light.png assets/window.png
small four.png assets/four-windows.png -resize 1200x
