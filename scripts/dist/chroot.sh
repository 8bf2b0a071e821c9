#!/usr/bin/env bash
# A folder with only the file and a log: no libc, no /etc, no /dev, no /proc, no /tmp. The server serves a
# member over loopback, replay does all it can, and the window says what it needs.
# shellcheck source=scripts/dist/common.bash
source "$(dirname "$0")/common.bash"

root=$here/empty
mkdir "$root"
cp "$file" "$root/chatroom"
cp log.txt "$root/sample.txt"
# run COMMAND LINE: runs it in there; the output goes to $here/said.words.
run() {
    # shellcheck disable=SC2086 # a line of words
    alone timeout 20 chroot "$root" /chatroom $1 >"$here/said.words" 2>&1 || fail "$1" "$(cat "$here/said.words")"
}

for listen in 127.0.0.1 localhost; do
    "${alone[@]}" chroot "$root" /chatroom server --listen "$listen:$port" --log /room.txt >"$here/server.words" 2>&1 &
    server=$!
    until_true "the server" alone curl -fsS "http://127.0.0.1:$port/health"
    alone curl -fsS -u ada: --data-raw 'hello from outside' "http://127.0.0.1:$port/messages" >"$here/said.words"
    has 'the answer to a message' '"id"' "$here/said.words"
    alone curl -fsS "http://127.0.0.1:$port/events?poll=1" >"$here/said.words"
    has 'what is listened to' ':hello from outside' "$here/said.words"
    run "replay sample.txt --into localhost:$port --speed max"
    alone curl -fsS "http://localhost:$port/events?poll=1" >"$here/said.words"
    has 'what was posted by replay' 'is this thing on?' "$here/said.words"
    kill -TERM "$server"
    wait "$server" || fail "the server did not stop cleanly" "$(cat "$here/server.words")"
    tail -1 "$root/room.txt" >"$here/said.words"
    has "the log's end" 'Room closed' "$here/said.words"
done
echo 'server: a message by curl and a log by replay, over 127.0.0.1 and localhost'

for form in --plain '--speed max' '--output json' '--output html' '--output http' --stats --stats=json --verify '--plot /plot.svg' \
    '--plot /plot.png' '--convert /copy.txt' '--plain --from 2026-11-01 --grep thing'; do
    run "replay sample.txt $form"
    echo "replay $form: $(head -c 60 "$here/said.words" | head -1)"
done
alone chroot "$root" /chatroom replay - --plain <log.txt >"$here/said.words" 2>&1 || fail 'replay -' "$(cat "$here/said.words")"
has 'replay of a pipe' 'is this thing on?' "$here/said.words"
for line in --help --version 'server --help' man 'completions bash'; do
    run "$line"
done

! alone chroot "$root" /chatroom gui >"$here/said.words" 2>&1 || fail 'a window opened where nothing is'
has 'the window without /proc' 'Mount /proc' "$here/said.words"
[ "$(wc -l <"$here/said.words")" = 1 ] || fail 'more than a sentence' "$(cat "$here/said.words")"
mkdir "$root/proc" && mount -t proc proc "$root/proc"
! alone chroot "$root" /chatroom gui >"$here/said.words" 2>&1 || fail 'a window opened where nothing is'
has 'the window without a loader' 'GNU C library' "$here/said.words"
echo "gui: $(cat "$here/said.words")"
