#!/usr/bin/env bash
# older.sh REV: builds server and generator of an older commit, in a work tree of its own, and says where they are.
set -euo pipefail
cd "$(dirname "$0")/.."

rev=$(git rev-parse --verify --quiet "$1^{commit}") || {
    echo "older: there is no commit $1" >&2
    exit 1
}
tree=$PWD/.cache/older/tree
built=$PWD/.cache/older/target
git worktree remove --force "$tree" 2>/dev/null || rm -rf "$tree"
git worktree prune
git worktree add --quiet --detach "$tree" "$rev" >&2
trap 'git worktree remove --force "$tree"' EXIT
echo "older: building $(git log -1 --format='%h %s' "$rev") (about 4 min the first time)" >&2
(cd "$tree" && CARGO_TARGET_DIR=$built cargo build --quiet --package tidings-server --package tidings-loadgen) >&2
echo "$built/debug"
