#!/usr/bin/env bash
# by-hand.sh PACKAGE...: keeps these newly installed packages from starting anything by themselves: disables
# their services, sockets, timers and init scripts, and renames their cron jobs. Tests and measurements start
# what they need. Needs root. Updates of the packages do not undo this.
set -euo pipefail

# The packages' files with a matching path.
files() {
    dpkg-query -L "${packages[@]}" | grep -E "$1" | sort -u || true
}

packages=("$@")
[ "$#" -gt 0 ] || exit 0
# A link with its name enables a unit. If a package's link was removed, updates do not make a new one.
while read -r path; do
    unit=${path##*/}
    [ ! -d /etc/systemd ] ||
        find /etc/systemd -type l \( -path '*.wants/*' -o -path '*.requires/*' \) -name "${unit/@./@*.}" -delete
done < <(files '^(/usr)?/lib/systemd/(system|user)/[^/]+\.(service|socket|timer|path)$')
while read -r path; do
    update-rc.d "${path##*/}" disable >/dev/null
done < <(files '^/etc/init\.d/[^/]+$')
while read -r path; do
    [ ! -f "$path" ] || chmod a-x "$path"
done < <(files '^/etc/cron\.(hourly|daily|weekly|monthly)/[^/.]+$')
# cron ignores names with a dot.
while read -r path; do
    [ ! -f "$path" ] || mv "$path" "$path.off"
done < <(files '^/etc/cron\.d/[^/.]+$')
