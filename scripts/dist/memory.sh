#!/usr/bin/env bash
# On a system that forbids running programs from memory (Linux 6.3 and later: vm.memfd_noexec=2, in this
# process namespace), the window says so, runs from the user's runtime directory, and leaves nothing there.
# shellcheck source=scripts/dist/common.bash
source "$(dirname "$0")/common.bash"

if [ ! -e /proc/sys/vm/memfd_noexec ]; then
    echo 'This kernel cannot forbid it; tests/it/carried.rs makes the system call fail instead.'
    exit 0
fi
echo 2 >/proc/sys/vm/memfd_noexec
root=/
screen
mkdir -m 700 "$here/run" "$here/home"
"${alone[@]}" env XDG_RUNTIME_DIR="$here/run" HOME="$here/home" "$file" gui 127.0.0.1:9 >"$here/said.words" 2>&1 &
window=$!
until_true "the window" alone xdotool search --onlyvisible --class chatroom
cat "$here/said.words"
has 'the window' "does not let programs run from memory" "$here/said.words"
readlink "/proc/$window/exe" >"$here/exe"
has "the window's file" "$here/run/" "$here/exe"
[ -z "$(ls -A "$here/run")" ] || fail 'something is in the runtime directory' "$(ls -A "$here/run")"
kill -KILL "$window"
wait "$window" || true
[ -z "$(ls -A "$here/run")" ] || fail 'something was left in the runtime directory' "$(ls -A "$here/run")"
! alone env HOME="$here/home" "$file" gui 127.0.0.1:9 >"$here/said.words" 2>&1 || fail 'it ran from nowhere'
cat "$here/said.words"
