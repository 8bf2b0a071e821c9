#!/usr/bin/env bash
# A new user's first minute on a bare Debian 12 with the file copied over: from chmod +x to a second person's
# message on the screen. Prints the steps and their seconds, the table of docs/joining.md. apt-get's time for
# the window's libraries depends on the mirror and is counted separately.
# shellcheck source=scripts/dist/common.bash
source "$(dirname "$0")/common.bash"

debian bookworm
cp "$file" "$root/root/chatroom"
chmod -x "$root/root/chatroom"
screen

total=0
now() { date +%s%N; }
# step TYPED COMMAND...: runs the command, prints what a user types and the seconds until it has worked.
step() {
    local from took
    printf '%-58s' "$1"
    from=$(now)
    shift
    "$@"
    took=$((($(now) - from) / 1000000))
    total=$((total + took))
    printf '%6d.%02d s\n' $((took / 1000)) $((took % 1000 / 10))
}
windows() { alone xdotool search --onlyvisible --class chatroom | wc -l; }
at_least() { [ "$(windows)" -ge "$1" ]; }

allowed() { in_root chmod +x /root/chatroom; }
served() {
    in_root /root/chatroom server --listen "127.0.0.1:$port" --log /root/log.txt >"$here/server.words" 2>&1 &
    until_true "the server" alone curl -fsS "http://127.0.0.1:$port/health"
}
told() { ! in_root /root/chatroom gui --name ada >"$here/said.words" 2>&1; }
installed() {
    command=$(sed -n 's/.*To get them: //p' "$here/said.words")
    chroot "$root" /usr/bin/env DEBIAN_FRONTEND=noninteractive \
        sh -c "apt-get -qq update && $command -y --no-install-recommends" >"$here/apt.words" 2>&1 || fail "$(cat "$here/apt.words")"
}
joined() {
    in_root DISPLAY="$DISPLAY" HOME="/root/$1" /root/chatroom gui --name "$1" "127.0.0.1:$port" >"$here/$1.words" 2>&1 &
    until_true "$1 in the room" member "$1"
    until_true "a window of $1" at_least "$2"
}
member() { alone curl -fsS "http://127.0.0.1:$port/members" | grep -q "\"$1\""; }
picture() { alone import -window "$first" png:- | md5sum; }
changed() { [ "$(picture)" != "$before" ]; }
said() {
    alone xdotool type --delay 20 'hello ada'
    before=$(picture)
    alone xdotool key Return
    until_true 'the message in the log' grep -q ':hello ada' "$root/root/log.txt"
    until_true "the message on ada's screen" changed
}

mkdir "$root/root/ada" "$root/root/bob"
step 'chmod +x chatroom' allowed
step './chatroom server' served
step './chatroom gui --name ada    (says what is missing)' told
before_apt=$total
step "$(sed -n 's/.*To get them: \(apt-get install\).*/\1 .../p' "$here/said.words")" installed
apt=$((total - before_apt))
step './chatroom gui --name ada 127.0.0.1:4711' joined ada 1
first=$(alone xdotool search --onlyvisible --class chatroom | head -1)
alone xdotool windowmove "$first" 0 0 windowsize "$first" 590 650
step './chatroom gui --name bob 127.0.0.1:4711' joined bob 2
second=$(alone xdotool search --onlyvisible --class chatroom | grep -vx "$first")
alone xdotool windowmove "$second" 600 0 windowsize "$second" 590 650
alone xdotool windowfocus --sync "$second"
# Moving the windows is not part of it.
last=
resting() {
    local now
    now=$(alone import -window root png:- | md5sum)
    [ "$now" = "$last" ] || { last=$now && sleep 0.3 && false; }
}
until_true 'the windows to be at rest' resting
step "bob types 'hello ada' and presses Enter" said
alone import -window root "$work/stopwatch.png"
own=$((total - apt))
printf '%-58s%6d.%02d s\n' 'together, without apt-get' $((own / 1000)) $((own % 1000 / 10))
echo "The picture is $work/stopwatch.png"
