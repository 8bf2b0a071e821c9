#!/usr/bin/env bash
# Inspects the file: static, at most 16 MB, matches SHA256SUMS; and the program knows a package for each
# library that the window needs.
# shellcheck source=scripts/dist/common.bash
source "$(dirname "$0")/common.bash"

(cd dist && sha256sum --quiet -c SHA256SUMS) || fail 'SHA256SUMS does not match the file'
[ "$(stat -c %s "$file")" -le 16000000 ] || fail 'larger than 16 MB'
# ldd and readelf.
ldd "$file" 2>&1 | tee "$here/ldd" | sed 's/^/ldd: /'
grep -q 'statically linked' "$here/ldd" || fail 'ldd does not call it static'
readelf -hW "$file" >"$here/readelf" 2>/dev/null
has 'readelf -h' 'DYN' "$here/readelf"
readelf -lW "$file" >"$here/segments" 2>/dev/null
! grep INTERP "$here/segments" || fail 'it needs a loader'
! readelf -dW "$file" 2>/dev/null | grep NEEDED || fail 'it needs libraries'
sed -n 's/^ *Type: */readelf: /p' "$here/readelf"

window=$target/dist-window/x86_64-unknown-linux-gnu/dist/chatroom
libraries=$(readelf -dW "$window" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' | grep -v -e '^libc\.' -e '^libm\.' -e '^ld-linux')
for library in $libraries; do
    has 'the table of packages' "\"$library\"" src/carried/libraries.rs
done
