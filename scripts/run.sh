#!/usr/bin/env bash
# A room to try on this machine: the server in the foreground with its console and, if there is a display,
# a window that is logged in. Arguments go to the server.
#
# This process becomes the server, so that the terminal, signals and the exit code are the server's own. A
# child looks after the window and reads a pipe whose other end only the server holds: however the server
# ends, the child sees the pipe close and ends the window.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() {
    printf 'run: %s\n' "$@" >&2
}

# Whether an X server answers. Without a tool to ask it, the existence of its socket has to do; if nobody
# answers there, the window says so.
display_answers() {
    [ -n "${DISPLAY:-}" ] || return 1
    if command -v xset >/dev/null; then
        timeout 5 xset q >/dev/null 2>&1
    elif command -v xdpyinfo >/dev/null; then
        timeout 5 xdpyinfo >/dev/null 2>&1
    elif [[ $DISPLAY =~ ^(unix)?:([0-9]+) ]]; then
        [ -S "/tmp/.X11-unix/X${BASH_REMATCH[2]}" ]
    fi
}

# Waits until the server ends or a moment has passed; false once it has ended.
server_still_runs() {
    local status=0
    read -rt "$1" _ || status=$?
    [ "$status" -gt 128 ]
}

# Waits for the server's answer to /health; false if it ends without one.
wait_for_health() {
    local status
    while server_still_runs 0.2; do
        { exec 4<>"/dev/tcp/$host/$port"; } 2>/dev/null || continue
        printf 'GET /health HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "$address" >&4 || true
        while server_still_runs 0.1; do
            status=0
            read -rt 0.2 answer <&4 2>/dev/null || status=$?
            [ "$status" -gt 128 ] || break
        done
        exec 4>&-
        case ${answer:-} in "HTTP/1."[01]" 200"*) return ;; esac
    done
    return 1
}

# Runs with the pipe from the server as its input. It prints nothing until the window ends: the server may
# be asking a question on this terminal.
look_after_window() {
    trap '' INT # Ctrl-C is for the server; the window ends after it
    wait_for_health || return 0
    # Another program may hold the port; then our server has just said so and ended.
    server_still_runs 0.3 || return 0
    "$chatroom" gui --name "$name" "$address" </dev/null &
    local window=$! result=0
    while server_still_runs 0.5; do
        kill -0 "$window" 2>/dev/null && continue
        wait "$window" || result=$?
        if [ "$result" -eq 0 ]; then
            say "The window is closed; the server is still running. Ctrl-C ends it."
        else
            say "The window failed; the server is still running, and its lines above say how to join with curl. Ctrl-C ends it."
        fi
        return
    done
    kill "$window" 2>/dev/null || return 0
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        kill -0 "$window" 2>/dev/null || return 0
        sleep 0.2
    done
    kill -KILL "$window" 2>/dev/null || true
}

# An absolute path, so that the lines that the server prints work in any folder.
chatroom=$(realpath -m "${CARGO_TARGET_DIR:-target}")/release/chatroom
if [ ! -x "$chatroom" ]; then
    say "There is no $chatroom yet. Use 'make run', which builds it first."
    exit 1
fi

export CHATROOM_LISTEN=${CHATROOM_LISTEN:-127.0.0.1:1337}
if [ -z "${CHATROOM_LOG:-}" ]; then
    export CHATROOM_LOG=${XDG_STATE_HOME:-$HOME/.local/state}/chatroom/log.txt
    mkdir -p "$(dirname "$CHATROOM_LOG")"
fi

# Where this machine reaches the server: an address that means "all of them" becomes the local one.
port=${CHATROOM_LISTEN##*:}
host=${CHATROOM_LISTEN%:*}
host=${host#[}
host=${host%]}
case $host in
    0.0.0.0 | '') host=127.0.0.1 ;;
    ::) host=::1 ;;
esac
case $host in
    *:*) address="[$host]:$port" ;;
    *) address=$host:$port ;;
esac

user=${USER:-$(id -un 2>/dev/null || true)}
# A room keeps that name for itself.
[ "$user" != root ] || user=guest
user=${user:-guest}
name=${CHATROOM_NAME:-${user:0:8}}

# Print everything before the server starts: its output may end with a question, and nothing may follow that.
if [ "$port" = 0 ]; then
    say "The system picks the port, so no window opens. The server says below how to join."
elif display_answers; then
    say "A window opens as $name once the room is open. Closing it leaves the server running; Ctrl-C here ends both."
    exec 3> >(look_after_window)
else
    say "There is no display, so no window opens. The server says below how to join with curl."
fi
exec "$chatroom" server "$@"
