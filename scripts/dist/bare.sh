#!/usr/bin/env bash
# On a Debian 12 without a desktop, the window says what is missing, and opens after exactly the command that
# it suggests. On a Debian 11, whose C library is older than the window needs and differs from the one that
# the file was built with, name lookups still work.
# shellcheck source=scripts/dist/common.bash
source "$(dirname "$0")/common.bash"

debian bookworm
cp "$file" "$root/root/chatroom"
! in_root /root/chatroom gui >"$here/said.words" 2>&1 || fail 'a window opened without a library'
cat "$here/said.words"
[ "$(wc -l <"$here/said.words")" = 1 ] || fail 'more than a sentence'
command=$(sed -n 's/.*To get them: //p' "$here/said.words")
[ -n "$command" ] || fail 'no command is suggested'
chroot "$root" apt-get -qq update >"$here/apt.words" 2>&1 || fail 'apt-get update' "$(cat "$here/apt.words")"
# As a person would type it, but with -y, since nobody can answer, and without recommended packages.
chroot "$root" /usr/bin/env DEBIAN_FRONTEND=noninteractive sh -c "$command -y --no-install-recommends" \
    >"$here/apt.words" 2>&1 || fail "$command" "$(tail -20 "$here/apt.words")"
screen
in_root DISPLAY="$DISPLAY" /root/chatroom gui 127.0.0.1:9 >"$here/said.words" 2>&1 &
until_true "the window" alone xdotool search --onlyvisible --class chatroom
# The window's text has been drawn once there are more than two colours.
drawn() {
    [ "$(alone import -window "$(alone xdotool search --onlyvisible --class chatroom | head -1)" png:- | convert - -unique-colors -format %w info:)" -gt 20 ]
}
until_true 'what is in the window' drawn
alone import -window root "$work/bare.png"
echo "The window is open; the picture is $work/bare.png"

debian bullseye
cp "$file" "$root/root/chatroom"
! in_root /root/chatroom gui >"$here/said.words" 2>&1 || fail 'a window opened on an old system'
cat "$here/said.words"
has 'the window on an old system' 'needs a newer system: glibc' "$here/said.words"
in_root /root/chatroom --version

# A name that only this system's files know. If the static executable looked it up itself, it would load
# parts of that system's C library, and abort.
echo '127.0.0.7 room.example' >>"$root/etc/hosts"
cp log.txt "$root/root/sample.txt"
in_root /root/chatroom server --listen "room.example:$port" --log /root/room.txt >"$here/server.words" 2>&1 &
until_true 'the server on a name' alone curl -fsS "http://127.0.0.7:$port/health"
in_root /root/chatroom replay /root/sample.txt --into "room.example:$port" --speed max >"$here/said.words" 2>&1 ||
    fail 'replay --into a name' "$(cat "$here/said.words")"
alone curl -fsS "http://127.0.0.7:$port/events?poll=1" >"$here/heard.words"
has 'what was posted by replay to a name' 'is this thing on?' "$here/heard.words"
! in_root /root/chatroom replay /root/sample.txt --into "nobody.example:$port" >"$here/said.words" 2>&1 ||
    fail 'a room was found under a name that nobody has'
cat "$here/said.words"
has 'a name that nobody has' 'no machine by this name is known' "$here/said.words"
[ "$(wc -l <"$here/said.words")" = 1 ] || fail 'more than a sentence'
echo 'Names: a server on one, a replay into it, and an unknown one'
