#!/usr/bin/env bash
# Runs the given recipes one after the other and ends with a table of how long each took and of how many tests ran.
set -euo pipefail
cd "$(dirname "$0")/.."

log=.cache/steps.log
table=()
: >"$log"

finish() {
    local status=$?
    printf '\n%s\n' "${table[@]}"
    [ "$status" = 0 ] || printf '\n%s failed. To run it alone: ./x %s\n' "$step" "$step"
    tally
}

# The test runners' own closing lines, added up: cargo's and wasm's, nextest's, Playwright's.
tally() {
    awk '
        /test result: .* passed; / { passed += $4; failed += $6; skipped += $8 }
        /Summary .* tests? run: / {
            for (i = 2; i <= NF; i++) {
                if ($i ~ /^passed/) passed += $(i - 1)
                if ($i ~ /^(failed|timed)/) failed += $(i - 1)
                if ($i ~ /^skipped/) skipped += $(i - 1)
            }
        }
        /^ +[0-9]+ passed/ { passed += $1 }
        /^ +[0-9]+ failed/ { failed += $1 }
        /^ +[0-9]+ skipped/ { skipped += $1 }
        END { printf "tests: %d passed, %d failed, %d skipped\n", passed, failed, skipped }
    ' "$log"
}

trap finish EXIT
for step in "$@"; do
    echo "== $step"
    started=$SECONDS
    "$JUST" --justfile justfile "$step" 2>&1 | tee -a "$log"
    table+=("$(printf '%-14s %4d s' "$step" $((SECONDS - started)))")
done
