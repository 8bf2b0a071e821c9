#!/usr/bin/env bash
# A Debian 12 without a desktop: the window says what is missing; after exactly the command that it
# says, it opens. And a Debian 11, whose C library is older than the window's and another than the one
# that the file was built with: names are looked up there all the same.
# shellcheck source=scripts/dist/common.bash
source "$(dirname "$0")/common.bash"

debian bookworm
cp "$file" "$root/root/chatroom"
! in_root /root/chatroom gui >"$here/said.words" 2>&1 || fail 'a window opened without a library'
cat "$here/said.words"
[ "$(wc -l <"$here/said.words")" = 1 ] || fail 'more than a sentence'
command=$(sed -n 's/.*To get them: //p' "$here/said.words")
[ -n "$command" ] || fail 'no command is said'
chroot "$root" apt-get -qq update >"$here/apt.words" 2>&1 || fail 'apt-get update' "$(cat "$here/apt.words")"
# As a person would type it; nobody is there to say yes, and nothing that is only recommended comes.
chroot "$root" /usr/bin/env DEBIAN_FRONTEND=noninteractive sh -c "$command -y --no-install-recommends" \
    >"$here/apt.words" 2>&1 || fail "$command" "$(tail -20 "$here/apt.words")"
screen
in_root DISPLAY="$DISPLAY" /root/chatroom gui 127.0.0.1:9 >"$here/said.words" 2>&1 &
until_true "the window" alone xdotool search --onlyvisible --class chatroom
# Its words are there when they have been drawn: more than two colours.
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

# A name that only this system's own files know. What a static executable looked up by itself would be
# loaded from that system's C library, and abort.
echo '127.0.0.7 room.example' >>"$root/etc/hosts"
cp log.txt "$root/root/sample.txt"
in_root /root/chatroom server --listen "room.example:$port" --log /root/room.txt >"$here/server.words" 2>&1 &
until_true 'the server on a name' alone curl -fsS "http://127.0.0.7:$port/health"
in_root /root/chatroom replay /root/sample.txt --into "room.example:$port" --speed max >"$here/said.words" 2>&1 ||
    fail 'replay --into a name' "$(cat "$here/said.words")"
alone curl -fsS "http://127.0.0.7:$port/events?poll=1" >"$here/heard.words"
has 'what was posted by replay to a name' 'is this thing on?' "$here/heard.words"
! in_root /root/chatroom replay /root/sample.txt --into "nobody.example:$port" >"$here/said.words" 2>&1 ||
    fail 'a room was found under a name that is nobody'
cat "$here/said.words"
has 'a name that nobody has' 'no machine of this name is known' "$here/said.words"
[ "$(wc -l <"$here/said.words")" = 1 ] || fail 'more than a sentence'
echo 'Names: a server on one, a replay into it, and one that nobody has'
