#!/usr/bin/env bash
# The gate: what must hold before a change goes in. Cheap checks first, the tests last; it stops at
# the first step that fails.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# step NAME COMMAND...: runs the command, prints its name and how long it took.
step() {
    local name=$1 from=$SECONDS status=0
    shift
    printf '\n== %s\n' "$name"
    # In a subshell: an error inside a function ends the step.
    set +e
    (set -e; "$@")
    status=$?
    set -e
    if [ "$status" -ne 0 ]; then
        printf '\n== FAILED after %d s: %s\n' "$((SECONDS - from))" "$name"
        echo '   See the lines above. Fix it and run make test again.'
        [ "$(type -t "$1")" = function ] || printf '   To run this step only: %s\n' "$*"
        exit 1
    fi
    printf '== ok, %d s: %s\n' "$((SECONDS - from))" "$name"
}

# Every source file, in the form of find -print0.
rust_and_scripts() {
    local folder
    for folder in src tests examples benches fuzz scripts; do
        [ ! -d "$folder" ] || find "$folder" -name target -prune -o -type f \( -name '*.rs' -o -name '*.sh' \) -print0
    done
}

scripts_parse() {
    local file
    for file in scripts/*.sh scripts/dist/* .ci/run; do
        bash -n "$file"
    done
}

# Unfinished work has no place in the tree. (The brackets keep this line from finding itself.)
nothing_left_undone() {
    local left
    # shellcheck disable=SC2016 # $0 is awk's
    left=$(rust_and_scripts | xargs -0 awk '
        /(^|[^A-Za-z0-9_])(TO[D]O|FIX[M]E|XX[X])([^A-Za-z0-9_]|$)/ || /(todo|unimplemented)[!]\(/ {
            print FILENAME ":" FNR ": " $0
        }')
    if [ -n "$left" ]; then
        printf '%s\n' "$left"
        echo 'Finish what these lines postpone, or write what holds today instead.'
        return 1
    fi
}

# A file may be as long as its subject; a very long one is worth a look.
long_files() {
    rust_and_scripts | xargs -0 awk '
        FNR == 601 && FILENAME ~ /^(src|tests|benches)\/.*\.rs$/ {
            print "warning: " FILENAME " has more than 600 lines: is it one subject?"
        }'
}

docs() {
    RUSTDOCFLAGS="-D warnings -A rustdoc::private-intra-doc-links" cargo doc --quiet --no-deps --document-private-items --locked
}

step 'scripts parse' scripts_parse
step 'nothing left undone' nothing_left_undone
step 'long files' long_files
step 'man pages' mandoc -T lint -W warning man/*.[15]
step 'format' cargo fmt --all --check
step 'clippy' cargo clippy --quiet --all-targets --locked -- -D warnings
# Those that take too long to run here; --all-targets leaves them out.
step 'clippy of the long tests' cargo clippy --quiet --locked --test durability --test budget -- -D warnings
step 'clippy without the window' cargo clippy --quiet --no-default-features --lib --bins --locked -- -D warnings
step 'documentation' docs
# Which room imports which: nothing goes up, nothing in a circle.
step 'imports' cargo test --quiet --locked --test house
step 'tests' cargo test --locked
# Without the window, whose library would have to be built again.
# valgrind hides the kernel's own clock from libc, and rustix bypasses libc unless told otherwise.
step 'what a message costs' cargo test --locked --profile budget --no-default-features --features rustix/use-libc-auxv \
    --test budget -- --nocapture --test-threads=1
printf '\n== All steps passed in %d s.\n' "$SECONDS"
