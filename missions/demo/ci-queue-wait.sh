#!/usr/bin/env bash
# The demo's queue guard: says whether the pretended CI of the remote is idle.
#
#   ci-queue-wait.sh --purpose push|merge --branch B
#
# The remote's post-receive hook writes one file a push into its folder ci/, with the second at
# which that "CI run" ends. Exit 0: idle. Exit 1: a run is going on. Exit 2: misused, or it could
# not find out; whoever asks must then not go ahead.
set -euo pipefail

purpose=
branch=
while (($#)); do
    case $1 in
        --purpose) purpose=${2:-}; shift 2 ;;
        --branch) branch=${2:-}; shift 2 ;;
        *) echo "unknown argument: $1" >&2; exit 2 ;;
    esac
done
if [[ $purpose != push && $purpose != merge ]] || [[ -z $branch ]]; then
    echo "usage: ci-queue-wait.sh --purpose push|merge --branch B" >&2
    exit 2
fi

remote=$(git remote get-url origin)
if [[ ! -d $remote/ci ]]; then
    echo "cannot see the CI of $remote" >&2
    exit 2
fi

now=$(date +%s)
for run in "$remote"/ci/*; do
    [[ -e $run ]] || continue
    ends=$(<"$run")
    if ((ends > now)); then
        echo "CI run $(basename "$run") goes on for $((ends - now)) s"
        exit 1
    fi
done
echo "CI is idle"
