#!/usr/bin/env bash
# by-hand.sh PACKAGE...: sees to it that nothing of these newly installed packages runs by itself: no
# service, socket or timer of theirs is enabled, no init script is, and no job of cron is left. They are
# started by hand, by tests and measurements. As root. Updates of the packages leave it so.
set -euo pipefail

# The files of all packages with such a path.
files() {
    dpkg-query -L "${packages[@]}" | grep -E "$1" | sort -u || true
}

packages=("$@")
[ "$#" -gt 0 ] || exit 0
# A unit is enabled by a link of its name. Where one that a package has made is gone, its updates make none.
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
# cron passes over a name with a dot in it.
while read -r path; do
    [ ! -f "$path" ] || mv "$path" "$path.off"
done < <(files '^/etc/cron\.d/[^/.]+$')
