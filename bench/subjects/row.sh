#!/bin/sh
# The git work of rows, as a person's script would do it: one after another.
#
#   row.sh CHECKOUT PLACE ROW...
#
# CHECKOUT has the remote `origin` with the branch `main`; worktrees are made in PLACE.
# With VERIFY=1 each branch is also checked out afresh, as for a verification step.
set -eu
top=$1 place=$2
shift 2
cd "$top"
for row in "$@"; do
    git fetch -q origin main
    base=$(git rev-parse refs/remotes/origin/main)
    git worktree add -q -b "feat/$row" "$place/$row" "$base"
    echo "work of $row" >"$place/$row/$row.txt"
    git -C "$place/$row" add --all
    git -C "$place/$row" commit -q -m "$row: work"
    if [ "${VERIFY:-}" = 1 ]; then
        git worktree add -q --detach "$place/$row-verify" "feat/$row"
        (cd "$place/$row-verify" && true)
        git worktree remove --force "$place/$row-verify"
    fi
    git push -q origin "feat/$row"
    tree=$(git merge-tree --write-tree "$base" "feat/$row")
    squash=$(git commit-tree -p "$base" -m "$row: work" "$tree")
    git push -q "--force-with-lease=refs/heads/main:$base" origin "$squash:refs/heads/main"
    git fetch -q origin main
    git merge-base --is-ancestor "$squash" refs/remotes/origin/main
    git worktree remove --force "$place/$row"
done
