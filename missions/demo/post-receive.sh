#!/usr/bin/env bash
# The demo's CI: every pushed ref is "under test" for two seconds. See ci-queue-wait.sh.
set -euo pipefail

while read -r _old new ref; do
    printf '%s\n' "$(($(date +%s) + 2))" >"ci/${ref##*/}-${new:0:8}"
done
