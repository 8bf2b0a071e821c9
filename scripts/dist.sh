#!/usr/bin/env bash
# Makes the downloaded file, dist/chatroom-<version>-x86_64-linux, and its SHA256SUMS: a static executable
# without the window, with the full build appended to it (src/carried.rs says how). Refuses to make a file
# that needs a library, is too large, reveals the machine that built it, or fails at the simplest things.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

target=x86_64-unknown-linux-gnu
at_most=16000000 # bytes
built=$PWD/target
[ -z "${CARGO_TARGET_DIR:-}" ] || built=$(realpath -m "$CARGO_TARGET_DIR")
cargo_home=$(realpath -m "${CARGO_HOME:-$HOME/.cargo}")

fail() {
    printf 'dist: %s\n' "$@" >&2
    exit 1
}

# Compilers write source paths into their output. These replacements hide them: outer folders first,
# since the last match wins.
flags() {
    local folder flags=("$@")
    local from=("$cargo_home=/cargo") separator=$'\x1f'
    for folder in "$cargo_home"/registry/src/*; do
        from+=("$folder=/crates")
    done
    from+=("$PWD=/chatroom" "$built=/chatroom/target")
    for folder in "${from[@]}"; do
        flags+=("--remap-path-prefix=$folder")
        c_flags="${c_flags:-} -ffile-prefix-map=$folder"
    done
    export CFLAGS=$c_flags CXXFLAGS=$c_flags
    CARGO_ENCODED_RUSTFLAGS=$(IFS=$separator && printf '%s' "${flags[*]}")
    export CARGO_ENCODED_RUSTFLAGS
}

# build FOLDER RUSTFLAG... -- ARGUMENT OF CARGO...
build() {
    local folder=$1 rustflags=()
    shift
    while [ "$1" != -- ]; do
        rustflags+=("$1")
        shift
    done
    shift
    (
        flags "${rustflags[@]}"
        cargo build --locked --profile dist --target "$target" --target-dir "$built/$folder" "$@"
    )
}

# Without this backend getrandom looks the system call up by name, which a static executable cannot do, and
# then needs /dev/urandom.
build dist-static -C target-feature=+crt-static --cfg 'getrandom_backend="linux_getrandom"' -- --no-default-features --bin chatroom
build dist-window -- --bin chatroom

static=$built/dist-static/$target/dist/chatroom
window=$built/dist-window/$target/dist/chatroom
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
name=chatroom-$version-x86_64-linux

commit_of() { "$1" --version | sed 's/.*(\(.*\), .*/\1/'; }
[ "$(commit_of "$static")" = "$(commit_of "$window")" ] || fail 'The tree changed during the build. Run make dist again.'

mkdir -p dist
# Build next to the previous file, which somebody may be running, and replace it at the end.
trap 'rm -f "dist/.$name"' EXIT
cargo run --quiet --locked --no-default-features --example pack -- "$static" "$window" "dist/.$name"

size=$(stat -c %s "dist/.$name")
[ "$size" -le "$at_most" ] || fail "The file has $size bytes; the limit is $at_most."

readelf -h "$static" | grep -q 'Type: *DYN' || fail "The file is not position-independent (static-pie)."
! readelf -lW "$static" | grep -q INTERP || fail "The file needs a loader; it is not static."
! readelf -dW "$static" | grep NEEDED || fail "The file needs these libraries; it is not static."

# The name of the builder's machine and its paths are nobody's business.
registries=$(find "$cargo_home/registry/src" -mindepth 1 -maxdepth 1 -printf '%f\n' 2>/dev/null | sed 's/-[0-9a-f]*$//' | sort -u)
told=$(strings -n 4 "dist/.$name" | grep -F -e "$PWD" -e "$cargo_home" -e "$HOME/" -e "$built" \
    ${registries:+-e "${registries//$'\n'/$'\n'}"} | sort -u | head -20) || true
[ -z "$told" ] || fail "The file reveals details of this machine:" "$told"

# What everybody needs in their first minute, with this very file. None of it opens a socket.
# says WORDS ARGUMENT...: the file succeeds, and its output to a pipe contains the words.
says() {
    local words=$1 said
    shift
    said=$("dist/.$name" "$@" 2>&1 </dev/null) || fail "chatroom $* failed with $?:" "$said"
    grep -qF -e "$words" <<<"$said" || fail "chatroom $* does not say: $words"
}
says 'CHATROOM(1)' man
says 'CHATROOM-SERVER(1)' man server
says 'ExecStart=' man service
says 'complete -F' completions bash
says '--no-announce' server --help
says '--no-search' gui --help
says 'is this thing on?' replay log.txt

mv "dist/.$name" "dist/$name"
(cd dist && sha256sum "$name" >SHA256SUMS)

needed=$(readelf -VW "$window" | grep -o 'GLIBC_[0-9.]*' | sort -Vu | tail -1)
printf 'dist: dist/%s: %s bytes (%s without the window).\n' "$name" "$size" "$(stat -c %s "$static")"
printf 'dist: server and replay need no library; the window needs %s and:\n' "${needed/_/ }"
readelf -dW "$window" | sed -n 's/.*NEEDED.*\[\(.*\)\]/        \1/p'
