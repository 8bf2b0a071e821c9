# What the parts of scripts/test-dist.sh share; each sources this first. A part runs in mount and
# process namespaces of its own: what it mounts and starts is gone with it, however it ends. What it
# starts of chatroom has a network of its own too, with nothing in it but loopback ([alone]).
set -euo pipefail
if [ -z "${DIST_PART:-}" ]; then
    DIST_PART=1 exec unshare --mount --pid --fork --kill-child --mount-proc bash "$0" "$@"
fi
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

target=$PWD/target
[ -z "${CARGO_TARGET_DIR:-}" ] || target=$(realpath -m "$CARGO_TARGET_DIR")
work=$target/dist-test
file=$(find "$PWD/dist" -maxdepth 1 -name 'chatroom-*-x86_64-linux' | sort -V | tail -1)
port=4711

fail() {
    printf 'FAILED: %s\n' "$@" >&2
    exit 1
}

[ -n "$file" ] || fail 'There is no file in dist; scripts/dist.sh makes it.'
# A part has a /tmp of its own.
case $PWD/ in
    /tmp/*) fail "This is in /tmp, which a part does not see. Move the repository elsewhere, and try again." ;;
esac
mkdir -p "$work/here"
# Everything of this run is in memory, and only here to be seen.
mount -t tmpfs none "$work/here"
here=$work/here
# A screen takes the number of one whose process it cannot see, so that those outside are hidden, too.
mount -t tmpfs none /tmp
mkdir -m 1777 /tmp/.X11-unix
touch "$here/net"
unshare --net="$here/net" ip link set lo up

# Before a command: it runs without any network but loopback. (With & behind it, $! is the command's.)
alone=(nsenter --net="$here/net" env -u DBUS_SESSION_BUS_ADDRESS -u WAYLAND_DISPLAY -u XDG_RUNTIME_DIR
    CHATROOM_NO_ANNOUNCE=1 CHATROOM_NO_SEARCH=1)
alone() {
    "${alone[@]}" "$@"
}

# has WHAT WORDS FILE: the words are in the file, which is shown where they are not.
has() {
    grep -qF -e "$2" "$3" || fail "$1: not found: $2" "$(cat "$3")"
}

# until_true WHAT COMMAND...: waits for the command to succeed, at most 30 s. What programs say is in
# $here/*.words, and shown where that was in vain.
until_true() {
    local what=$1 end=$((SECONDS + 30))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || fail "waited 30 s for $what" "$(tail -n 5 "$here"/*.words 2>/dev/null)"
        sleep 0.02
    done
}

# debian SUITE: mounts a bare Debian of that suite on $root, as new; nothing that is done in it stays.
debian() {
    local suite=$1
    root=$here/$suite
    if [ ! -d "$work/$suite" ]; then
        rm -rf "$work/$suite.new"
        debootstrap --variant=minbase "$suite" "$work/$suite.new" >"$work/$suite.log" 2>&1 ||
            fail "debootstrap could not make a Debian $suite; its words are in $work/$suite.log"
        mv "$work/$suite.new" "$work/$suite"
    fi
    mkdir -p "$root" "$here/$suite-upper" "$here/$suite-work"
    mount -t overlay overlay -o "lowerdir=$work/$suite,upperdir=$here/$suite-upper,workdir=$here/$suite-work" "$root"
    mount -t proc proc "$root/proc"
    mount --bind /dev "$root/dev"
    # For apt-get alone.
    cp /etc/resolv.conf "$root/etc/resolv.conf"
}

# in_root COMMAND...: runs it in $root, without a network.
in_root() {
    alone chroot "$root" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 "$@"
}

# A screen that is seen from $root, too.
screen() {
    mkdir -p "$root/tmp/.X11-unix"
    alone Xvfb -displayfd 3 -screen 0 1200x700x24 -nolisten tcp 3>"$here/display" >/dev/null 2>&1 &
    until_true 'the screen' test -s "$here/display"
    DISPLAY=:$(cat "$here/display")
    export DISPLAY
    mount --bind /tmp/.X11-unix "$root/tmp/.X11-unix"
    alone openbox >/dev/null 2>&1 &
    until_true 'the window manager' alone xdotool search --class openbox
}
