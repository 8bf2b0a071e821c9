#!/usr/bin/env bash
# Runs each fuzz target for N seconds: no panic, and no result in which `chatroom replay --verify` would find a
# fault. `scripts/fuzz.sh [--seconds N] [TARGET...]`; without names all of them, 40 s each. cargo-fuzz comes
# from crates.io, below the target folder. Runs continue from earlier inputs (fuzz/corpus).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

version=0.13.2
seconds=40
targets=()
while [ "$#" -gt 0 ]; do
    case $1 in
        --seconds)
            seconds=${2:-}
            [[ $seconds =~ ^[1-9][0-9]*$ ]] || {
                echo "fuzz: --seconds needs a number, such as 40." >&2
                exit 2
            }
            shift 2
            ;;
        *)
            [ -f "fuzz/fuzz_targets/$1.rs" ] || {
                echo "fuzz: there is no target $1. Targets: $(basename -s .rs fuzz/fuzz_targets/*.rs | tr '\n' ' ')" >&2
                exit 2
            }
            targets+=("$1")
            shift
            ;;
    esac
done
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(basename -s .rs fuzz/fuzz_targets/*.rs)

scripts/setup.sh build
from=$SECONDS
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
tools=$target/fuzz-tools
[ "$("$tools/bin/cargo-fuzz" --version 2>/dev/null)" = "cargo-fuzz $version" ] ||
    CARGO_TARGET_DIR=$tools/build cargo install --quiet --locked --root "$tools" --version "$version" cargo-fuzz
# RUSTC_BOOTSTRAP gives libFuzzer what a stable compiler otherwise refuses; sanitizers need a nightly one, and
# there is no unsafe code here for them.
export RUSTC_BOOTSTRAP=1 PATH=$tools/bin:$PATH
cargo fuzz build -s none --target-dir "$target/fuzz"
for name in "${targets[@]}"; do
    printf '\n== %s, %d s\n' "$name" "$seconds"
    cargo fuzz run -s none --target-dir "$target/fuzz" "$name" -- \
        -dict=fuzz/words.dict -max_len=4096 -max_total_time="$seconds" -timeout=10 -print_final_stats=1 >"$tools/$name.words" 2>&1 || {
        tail -n 40 "$tools/$name.words"
        printf '\n== FAILED: %s. The input is in fuzz/artifacts/%s; fuzz/README.md says what to do with it.\n' "$name" "$name"
        exit 1
    }
    grep -E '^(Done|stat::number_of_executed_units|stat::new_units_added)' "$tools/$name.words" || {
        tail -n 40 "$tools/$name.words"
        printf '\n== FAILED: %s printed no statistics.\n' "$name"
        exit 1
    }
done
printf '\n%d passed, 0 failed\n== fuzz took %d s.\n' "${#targets[@]}" "$((SECONDS - from))"
