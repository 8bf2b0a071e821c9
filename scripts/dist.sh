#!/usr/bin/env bash
# The one file that is downloaded: dist/chatroom-<version>-x86_64-linux, and its SHA256SUMS. A static
# executable without the window, behind whose bytes stands the full build (src/carried.rs says how).
# Refuses to hand out a file that needs a library, is too large, tells about the machine that built it, or
# does not do the simplest things.
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

# Compilers write the paths of sources into what they make. These take their place: first the ones
# that hold others, since the last that fits wins.
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

# getrandom otherwise looks for the system call by name, which a static executable cannot, and then needs
# a /dev/urandom.
build dist-static -C target-feature=+crt-static --cfg 'getrandom_backend="linux_getrandom"' -- --no-default-features --bin chatroom
build dist-window -- --bin chatroom

static=$built/dist-static/$target/dist/chatroom
window=$built/dist-window/$target/dist/chatroom
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
name=chatroom-$version-x86_64-linux

commit_of() { "$1" --version | sed 's/.*(\(.*\), .*/\1/'; }
[ "$(commit_of "$static")" = "$(commit_of "$window")" ] || fail 'The tree changed while it was built; once more, please.'

mkdir -p dist
# Beside the last one, which somebody may be running, and in its place at the end.
trap 'rm -f "dist/.$name"' EXIT
cargo run --quiet --locked --no-default-features --example pack -- "$static" "$window" "dist/.$name"

size=$(stat -c %s "dist/.$name")
[ "$size" -le "$at_most" ] || fail "The file has $size bytes; $at_most are allowed."

readelf -h "$static" | grep -q 'Type: *DYN' || fail "The file is not position-independent (static-pie)."
! readelf -lW "$static" | grep -q INTERP || fail "The file needs a loader; it is not static."
! readelf -dW "$static" | grep NEEDED || fail "The file needs these libraries; it is not static."

# What a builder's machine is called and where things are on it is nobody's business.
registries=$(find "$cargo_home/registry/src" -mindepth 1 -maxdepth 1 -printf '%f\n' 2>/dev/null | sed 's/-[0-9a-f]*$//' | sort -u)
told=$(strings -n 4 "dist/.$name" | grep -F -e "$PWD" -e "$cargo_home" -e "$HOME/" -e "$built" \
    ${registries:+-e "${registries//$'\n'/$'\n'}"} | sort -u | head -20) || true
[ -z "$told" ] || fail "The file tells about this machine:" "$told"

# What everybody's first minute needs, of the very file. Nothing of this opens a socket.
# says WORDS ARGUMENT...: the file ends well, and what it prints into a pipe has the words.
says() {
    local words=$1 said
    shift
    said=$("dist/.$name" "$@" 2>&1 </dev/null) || fail "chatroom $* ends with $?:" "$said"
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
