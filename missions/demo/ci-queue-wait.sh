#!/usr/bin/env bash
# The demo's queue guard: says whether the pretended CI of the remote is idle.
#
#   ci-queue-wait.sh --purpose push|merge --branch B
#
# The remote's post-receive hook writes one file a push into its folder ci/, with the second at
# which that "CI run" ends. Exit 0: idle. Exit 75: a run is going on, ask again. Exit 1: it could not
# find out. Exit 2: misused. Only 0 lets anything through.
set -euo pipefail

misused() {
    echo "usage: ci-queue-wait.sh --purpose push|merge --branch B" >&2
    exit 2
}

purpose=
branch=
while (($#)); do
    (($# > 1)) || misused
    case $1 in
        --purpose) purpose=$2 ;;
        --branch) branch=$2 ;;
        *) misused ;;
    esac
    shift 2
done
if [[ $purpose != push && $purpose != merge ]] || [[ -z $branch ]]; then
    misused
fi

remote=$(git remote get-url origin)
if [[ ! -d $remote/ci ]]; then
    echo "cannot see the CI of $remote" >&2
    exit 1
fi

now=$(date +%s)
for run in "$remote"/ci/*; do
    [[ -e $run ]] || continue
    ends=$(<"$run")
    if ((ends > now)); then
        echo "CI run $(basename "$run") goes on for $((ends - now)) s"
        exit 75
    fi
done
echo "CI is idle"
