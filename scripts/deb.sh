#!/usr/bin/env bash
# Makes the Debian package of the downloaded file and its companions: dist/chatroom_<version>_amd64.deb.
# [package.metadata.deb] in Cargo.toml lists the contents; this script makes the generated ones.
# Takes the file from `make dist`, or another one: scripts/deb.sh FILE
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cargo_deb=3.8.0
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
file=${1:-dist/chatroom-$version-x86_64-linux}
made=dist/deb

fail() {
    printf 'deb: %s\n' "$@" >&2
    exit 1
}

[ -f "$file" ] || fail "There is no $file." "Run make dist first, or name the executable: scripts/deb.sh FILE"

# The commit's time, so that the same commit gives the same package.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH

# Formats a block of Debian's machine-readable copyright file (DEP 5).
block() {
    sed -e 's/[[:space:]]*$//' -e 's/^$/./' -e 's/^/ /' "$@"
}

copyright() {
    cat <<END
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: chatroom

Files: *
Copyright: 2026 the chatroom authors
License: MIT or Apache-2.0

Files: assets/font/*
Copyright: 2010, 2012-2020 Google Inc., 2015-2020 Google LLC
License: OFL-1.1

License: MIT
$(tail -n +3 LICENSE-MIT | block)

License: Apache-2.0
 On Debian systems the text is in /usr/share/common-licenses/Apache-2.0.

License: OFL-1.1
$(block assets/font/OFL.txt)
END
}

changelog() {
    cat <<END
chatroom ($version-1) unstable; urgency=medium

  * See /usr/share/doc/chatroom/NEWS.md.

 -- the chatroom authors <chatroom@localhost>  $(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")
END
}

tools=${CARGO_TARGET_DIR:-target}/tools
if [ "$("$tools/bin/cargo-deb" --version 2>/dev/null)" != "cargo-deb $cargo_deb" ]; then
    echo "deb: installing cargo-deb $cargo_deb into $tools" >&2
    cargo install --locked --quiet --root "$tools" cargo-deb --version "$cargo_deb" --no-default-features
fi

rm -rf "$made"
mkdir -p "$made"
install -m 755 "$file" "$made/chatroom"
copyright >"$made/copyright"
changelog >"$made/changelog"
# Packed as it is: the window is appended after the last section, and strip would cut it off.
"$tools/bin/cargo-deb" --no-build --no-strip --output "dist/chatroom_${version}-1_amd64.deb"
