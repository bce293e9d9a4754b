#!/usr/bin/env bash
# Runs the given recipes one after the other, and ends with a table of how long each took and how many tests ran in it.
# A recipe named `test-…` that ran none has failed: the wasm runner, for one, is content with an empty suite.
set -euo pipefail
cd "$(dirname "$0")/.."

log=.cache/steps.log
table=()
passed=0 failed=0 skipped=0
mkdir -p .cache

# The test runners' own closing lines, added up: cargo's and wasm's, nextest's, Playwright's.
count() {
    sed 's/\x1b\[[0-9;]*m//g' "$log" | awk '
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
        END { print passed + 0, failed + 0, skipped + 0 }'
}

# Adds the step to the table.
note() {
    read -r p f s < <(count)
    table+=("$(printf '%-14s %5d s   %4d passed' "$step" $((SECONDS - started)) "$p")")
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

finish() {
    printf '\n'
    printf '%s\n' "${table[@]}"
    [ "$1" = 0 ] || printf '\n%s failed. To run it alone: ./x %s\n' "$step" "$step"
    echo "tests: $passed passed, $failed failed, $skipped skipped"
    exit "$1"
}

for step in "$@"; do
    echo "== $step"
    started=$SECONDS
    "$JUST" --justfile justfile "$step" 2>&1 | tee "$log" && status=0 || status=$?
    note
    [ "$status" = 0 ] || finish "$status"
    if [[ $step = test-* && $p = 0 ]]; then
        echo "$step ran no test"
        finish 1
    fi
done
finish 0
