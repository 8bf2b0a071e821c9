#!/usr/bin/env bash
# Tests the Debian package as its users would: installs it into a bare Debian, uses it, runs it as a service
# under a booted systemd, removes and purges it. Changes only a copy of the folder.
#
#   package.sh [DEB [ROOT]]   DEB: the package (dist/chatroom_*.deb); ROOT: a debootstrapped Debian (one is made)
#
# Needs root for chroot. apt downloads from Debian; chatroom itself has only its own loopback.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

fail() {
    printf 'package: %s\n' "$@" >&2
    exit 1
}

say() {
    printf '   %s\n' "$*"
}

[ "$(id -u)" -eq 0 ] || fail "This uses chroot, so run it as root."
deb=${1:-$(ls dist/chatroom_*_amd64.deb)}
[ -f "$deb" ] || fail "There is no package $deb. Run make deb first."

# Debian's own checker, on machines that have it.
if command -v lintian >/dev/null; then
    lintian --allow-root --fail-on error,warning "$deb" || fail "Fix these, or explain them in assets/debian/lintian-overrides."
else
    say "lintian is not installed, so it did not check the package"
fi

scratch=$(mktemp -d)
root=$scratch/root
booted=
clean_up() {
    [ -z "$booted" ] || kill "$booted" 2>/dev/null || true
    [ -z "$booted" ] || wait "$booted" || true
    ! mountpoint -q "$root/proc" || umount "$root/proc"
    rm -rf --one-file-system "$scratch"
}
trap clean_up EXIT

if [ -n "${2:-}" ]; then
    cp -ax --reflink=auto "$2" "$root"
else
    debootstrap --variant=minbase bookworm "$root" >"$scratch/debootstrap.log" ||
        fail "debootstrap failed:" "$(tail -n 5 "$scratch/debootstrap.log")"
fi
# Installing starts no services here.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
cp /etc/resolv.conf "$root/etc/resolv.conf"

inside() {
    chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}

apt() {
    inside apt-get -qq -o Dpkg::Use-Pty=0 "$@" >"$scratch/apt.log" 2>&1 ||
        fail "apt-get $* failed:" "$(tail -n 20 "$scratch/apt.log")"
}

# The files on the system, without those that dpkg, apt and ldconfig keep for themselves.
everything() {
    (cd "$root" && find etc usr opt srv home root var -not -type d \
        -not -path 'var/lib/dpkg/*' -not -path 'var/lib/apt/*' -not -path 'var/cache/*' -not -path 'var/log/*' | sort)
}

installed() {
    inside dpkg-query -W -f '${Package}\n' | sort
}

apt update
everything >"$scratch/before"
installed >"$scratch/packages-before"
cp "$deb" "$root/var/cache/chatroom.deb"

echo '-- installing needs no other package'
apt install -y --no-install-recommends /var/cache/chatroom.deb
installed | comm -13 "$scratch/packages-before" - >"$scratch/new"
[ "$(cat "$scratch/new")" = chatroom ] || fail "More than the package was installed:" "$(cat "$scratch/new")"
inside dpkg --verify chatroom || fail "The installed files are not the package's."
for file in usr/bin/chatroom usr/share/man/man1/chatroom.1.gz usr/share/man/man5/chatroom-log.5.gz \
    usr/share/bash-completion/completions/chatroom usr/share/zsh/vendor-completions/_chatroom \
    usr/share/fish/vendor_completions.d/chatroom.fish usr/share/applications/chatroom.desktop \
    usr/share/icons/hicolor/48x48/apps/chatroom.png usr/share/icons/hicolor/scalable/apps/chatroom.svg \
    usr/lib/systemd/system/chatroom.service etc/default/chatroom usr/share/doc/chatroom/copyright; do
    [ -s "$root/$file" ] || fail "The package lacks /$file."
done
[ "$(stat -c '%a %U' "$root/etc/default/chatroom")" = '640 root' ] || fail "Everybody may read the room key in /etc/default/chatroom."
[ ! -e "$root/etc/systemd/system/multi-user.target.wants/chatroom.service" ] || fail "Installing has switched the service on."
# shellcheck disable=SC2016 # the inner shell's
inside bash -euc '. /usr/share/bash-completion/completions/chatroom; complete -p chatroom' >/dev/null ||
    fail "bash cannot complete chatroom."
say "$(inside chatroom --version | head -n 1), $(inside dpkg-query -W -f '${Installed-Size}' chatroom) KiB"

echo '-- a room in it, and its log'
mount -t proc proc "$root/proc"
# shellcheck disable=SC2016 # the inner shell's
root=$root unshare -n bash -euc '
    ip link set lo up
    at=http://127.0.0.1:1337
    chroot "$root" chatroom server --listen 127.0.0.1:1337 --log /root/log.txt >"$root/root/out" 2>&1 &
    server=$!
    trap "kill -9 $server 2>/dev/null || true" EXIT
    curl -sS --retry 50 --retry-delay 1 --retry-connrefused "$at/health" >/dev/null
    curl -sS -u ci: --data-raw "the build is green" "$at/messages" | grep -q elapsed
    kill -TERM $server
    wait $server
' || fail "The room did not work:" "$(cat "$root/root/out")"
inside chatroom replay --plain /root/log.txt | grep -q '^\[ci\]: 0:00:00:the build is green$' || fail "Replay does not show the message."
inside chatroom replay --verify /root/log.txt >/dev/null || fail "The log has faults."
umount "$root/proc"
rm "$root"/root/{log.txt,log.txt.secret,out}

echo '-- removing and purging leave the system as it was'
apt remove -y chatroom
# Debian's helper remembers whether the service was enabled, and masks it, until the purge.
everything | comm -13 "$scratch/before" - | grep -v -e deb-systemd-helper -e '^etc/systemd/system/chatroom.service$' >"$scratch/left"
[ "$(cat "$scratch/left")" = etc/default/chatroom ] || fail "Removing left more than the settings:" "$(cat "$scratch/left")"
apt purge -y chatroom
everything | diff "$scratch/before" - || fail "Purging left these differences."

echo '-- the service, as systemd sees it'
apt install -y --no-install-recommends systemd systemd-sysv dbus
apt install -y --no-install-recommends /var/cache/chatroom.deb
inside systemd-analyze verify --man=no chatroom.service || fail "systemd does not accept the service as it is."
inside systemd-analyze security --offline=true --no-pager --threshold=15 /usr/lib/systemd/system/chatroom.service >"$scratch/security" ||
    fail "The service has more rights than it needs:" "$(cat "$scratch/security")"
say "$(tail -n 1 "$scratch/security" | sed 's/^[^O]*//')"
if ! command -v systemd-nspawn >/dev/null; then
    fail "systemd-nspawn is missing, which boots that Debian. Run scripts/setup.sh dist."
fi

echo '-- the service, under a booted systemd'
rm "$root/usr/sbin/policy-rc.d" # from here on services start and stop as usual
# Only a loopback network; the console's output would be in the way.
systemd-nspawn --quiet --register=no --keep-unit --private-network --directory="$root" --boot \
    --console=pipe </dev/null >"$scratch/console" 2>&1 &
booted=$!
init=
until [ -n "$init" ]; do
    kill -0 "$booted" 2>/dev/null || fail "systemd does not boot here:" "$(cat "$scratch/console")"
    init=$(cat "/proc/$booted/task/$booted/children" 2>/dev/null | tr -d ' ')
    sleep 0.2
done
there() {
    nsenter --target "$init" --mount --uts --ipc --net --pid -- \
        env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 SYSTEMD_PAGER= "$@"
}
# wait_until WHAT COMMAND...
wait_until() {
    local what=$1 until=$((SECONDS + 60))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $until ] || fail "Timed out waiting for $what:" \
            "$(there systemctl status chatroom; there journalctl --no-pager -u chatroom)"
        sleep 0.2
    done
}
room() {
    nsenter --target "$init" --net -- curl -sS "$@"
}
main_pid() {
    there systemctl show --property MainPID --value chatroom
}
wait_until 'the bus' there systemctl is-system-running --wait
[ "$(there systemctl is-active chatroom)" = inactive ] || fail "The service runs before anybody has enabled it."
there systemctl enable --quiet --now chatroom || fail "The service does not start:" "$(there journalctl --no-pager -u chatroom)"
# `start` returns once the room is ready: no waiting here.
room -f http://127.0.0.1:1337/health >/dev/null || fail "The service reports ready before it answers."
room -f -u ci: --data-raw 'the build is green' http://127.0.0.1:1337/messages >/dev/null
[ "$(there systemctl show --property StatusText --value chatroom)" = 'Listening on 0.0.0.0:1337.' ] ||
    fail "systemctl status does not say where it listens."
# systemd chose the user's number; a name exists only with libnss-systemd.
there stat -c '%u %a' /var/lib/private/chatroom/log.txt | grep -qx '6[0-9]* 600' || fail "Others can read the log."
[ "$(awk '/CapEff/ { print $2 }' "/proc/$(pgrep -P "$init" -x chatroom)/status")" = 0000000000000000 ] ||
    fail "The room has capabilities."

first=$(main_pid)
there systemctl kill --signal=KILL chatroom
restarted() {
    [ "$(main_pid)" != "$first" ] && [ "$(there systemctl is-active chatroom)" = active ]
}
wait_until 'the service after it was killed' restarted
room -f 'http://127.0.0.1:1337/messages?limit=10' | grep -q 'the build is green' || fail "The message is gone after a kill."

echo '-- a newer package restarts the room, which continues its log'
first=$(main_pid)
there dpkg --install /var/cache/chatroom.deb >"$scratch/upgrade" 2>&1 || fail "$(cat "$scratch/upgrade")"
restarted || fail "The old process is still running after an upgrade:" "$(there systemctl status chatroom)"
room -f 'http://127.0.0.1:1337/messages?limit=10' | grep -q 'the build is green' || fail "The message is gone after an upgrade."

echo '-- the journal, and what a purge leaves'
there sh -c 'echo CHATROOM_LISTEN=nonsense: >>/etc/default/chatroom; systemctl restart chatroom' 2>/dev/null &&
    fail "A setting that makes no sense is accepted."
there journalctl --no-pager --quiet -u chatroom -p err -o cat | grep -q '^chatroom: ' ||
    fail "The journal has no error about the wrong setting:" "$(there journalctl --no-pager -u chatroom)"
there sed -i '/nonsense/d' /etc/default/chatroom
there systemctl restart chatroom
there journalctl --no-pager -u chatroom >"$scratch/journal"
! grep -q -e $'\033' -e '<[0-7]>' "$scratch/journal" || fail "The journal has colours or marks in it:" "$(cat "$scratch/journal")"
sed 's/^/   | /' "$scratch/journal"

there env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 purge -y chatroom >"$scratch/purge" 2>&1 || fail "$(cat "$scratch/purge")"
grep -q "The room's log stays in /var/lib/private/chatroom" "$scratch/purge" || fail "A purge does not say where the log is:" "$(cat "$scratch/purge")"
[ -s "$root/var/lib/private/chatroom/log.txt" ] || fail "A purge has deleted the log."
! room -f http://127.0.0.1:1337/health >/dev/null 2>&1 || fail "The room is still running without its package."
say 'purged: the room is closed, its log is there'
