#!/usr/bin/env bash
# A Debian 12 without a desktop: the window says what is missing; after exactly the command that it
# says, it opens. And a Debian 11, whose C library is older than the window's.
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
