#!/usr/bin/env bash
# Draws assets/icon.svg in the sizes that desktops ask for (freedesktop.org icon theme specification),
# below assets/icons/hicolor, in the layout of /usr/share/icons/hicolor.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

theme=assets/icons/hicolor
for size in 16 22 24 32 48 64 128 256 512; do
    folder=$theme/${size}x$size/apps
    mkdir -p "$folder"
    rsvg-convert --width "$size" --height "$size" --output "$folder/chatroom.png" assets/icon.svg
done
mkdir -p "$theme/scalable/apps"
cp assets/icon.svg "$theme/scalable/apps/chatroom.svg"
