# Shared by the parts of scripts/test-dist.sh; each sources this first. A part runs in its own mount and
# process namespaces, so that its mounts and processes are gone with it, however it ends. The chatroom
# processes that it starts also have their own network, with only a loopback ([alone]).
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

[ -n "$file" ] || fail 'There is no file in dist. Run make dist first.'
# A part has its own /tmp.
case $PWD/ in
    /tmp/*) fail "The repository is in /tmp, which the tests hide. Move it elsewhere and try again." ;;
esac
mkdir -p "$work/here"
# All files of this run are in memory and visible only here.
mount -t tmpfs none "$work/here"
here=$work/here
# Xvfb takes the number of a screen whose process it cannot see, so hide the sockets of screens outside.
mount -t tmpfs none /tmp
mkdir -m 1777 /tmp/.X11-unix
touch "$here/net"
unshare --net="$here/net" ip link set lo up

# alone COMMAND...: runs it with only a loopback network. (With &, $! is the command's.)
alone=(nsenter --net="$here/net" env -u DBUS_SESSION_BUS_ADDRESS -u WAYLAND_DISPLAY -u XDG_RUNTIME_DIR
    CHATROOM_NO_ANNOUNCE=1 CHATROOM_NO_SEARCH=1)
alone() {
    "${alone[@]}" "$@"
}

# has WHAT WORDS FILE: fails and shows the file if it does not contain the words.
has() {
    grep -qF -e "$2" "$3" || fail "$1: not found: $2" "$(cat "$3")"
}

# until_true WHAT COMMAND...: waits for the command to succeed, at most 30 s, then fails and shows the
# programs' output from $here/*.words.
until_true() {
    local what=$1 end=$((SECONDS + 30))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || fail "waited 30 s for $what" "$(tail -n 5 "$here"/*.words 2>/dev/null)"
        sleep 0.02
    done
}

# debian SUITE: mounts a fresh bare Debian of that suite on $root; changes in it are discarded.
debian() {
    local suite=$1
    root=$here/$suite
    if [ ! -d "$work/$suite" ]; then
        rm -rf "$work/$suite.new"
        debootstrap --variant=minbase "$suite" "$work/$suite.new" >"$work/$suite.log" 2>&1 ||
            fail "debootstrap could not make a Debian $suite; see $work/$suite.log"
        mv "$work/$suite.new" "$work/$suite"
    fi
    mkdir -p "$root" "$here/$suite-upper" "$here/$suite-work"
    mount -t overlay overlay -o "lowerdir=$work/$suite,upperdir=$here/$suite-upper,workdir=$here/$suite-work" "$root"
    mount -t proc proc "$root/proc"
    mount --bind /dev "$root/dev"
    # For apt-get only.
    cp /etc/resolv.conf "$root/etc/resolv.conf"
}

# in_root COMMAND...: runs it in $root, without a network.
in_root() {
    alone chroot "$root" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 "$@"
}

# A screen that is visible from $root, too.
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
