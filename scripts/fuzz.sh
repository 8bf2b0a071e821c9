#!/usr/bin/env bash
# Each fuzz target for so many seconds: no panic, and nothing that `chatroom replay --verify` would find a
# fault in. `scripts/fuzz.sh [--seconds N] [TARGET...]`; without names all of them, 40 s each. cargo-fuzz comes
# from crates.io, below the target folder. What was tried before is gone on from (fuzz/corpus).
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
                echo "fuzz: --seconds wants a number, such as 40." >&2
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
# What a stable compiler lets nobody use it lets libFuzzer use so; the sanitizers are of nightly ones alone,
# and there is no unsafe code here for them.
export RUSTC_BOOTSTRAP=1 PATH=$tools/bin:$PATH
cargo fuzz build -s none --target-dir "$target/fuzz"
for name in "${targets[@]}"; do
    printf '\n== %s, %d s\n' "$name" "$seconds"
    cargo fuzz run -s none --target-dir "$target/fuzz" "$name" -- \
        -dict=fuzz/words.dict -max_len=4096 -max_total_time="$seconds" -timeout=10 -print_final_stats=1 >"$tools/$name.words" 2>&1 || {
        tail -n 40 "$tools/$name.words"
        printf '\n== FAILED: %s. What it found is in fuzz/artifacts/%s; fuzz/README.md says what to do with it.\n' "$name" "$name"
        exit 1
    }
    grep -E '^(Done|stat::number_of_executed_units|stat::new_units_added)' "$tools/$name.words" || {
        tail -n 40 "$tools/$name.words"
        printf '\n== FAILED: %s did not say what it has done.\n' "$name"
        exit 1
    }
done
printf '\n%d passed, 0 failed\n== fuzz took %d s.\n' "${#targets[@]}" "$((SECONDS - from))"
