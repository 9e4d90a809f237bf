"""A plan and settings with a name in every place that may have one, all of them right."""

from __future__ import annotations

import re

PLAN = """\
# Trial

> **Mission:** trial
> **Status values:** `todo` | `not-started` | `in-progress` | `done` | `blocked` | `needs-qa`
> **Agent values:** `robot` | `second` | `far` | `sonnet` | `opus` | `—` (auto)

## Milestone 1 — First (M1)

| id | status | description | issue | agent | branch | first | estimate | notes | risk |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
| A-1 | todo | One | — | robot | feat/1 | — | 4K | | low |
| A-2 | not-started | Two | — | — | feat/2 | A-1 | 2K | | high |
| A-3 | not-started | Three | — | far | — | A-2 | 1K | | low |
"""

# What is between angle quotes is a key or the name of something: misspelled, it is found.
_MARKED = """\
«base»: «main»
«remote»: «origin»
«max_parallel»: 3
«columns»: {«first»: «depends_on»}
«statuses»: {«todo»: «not-started»}
«agents»:
  «robot»:
    «type»: «command»
    «run»: [«python3», "{«brief»}", "{«worktree»}/x"]
    «fallback»: «second»
    «timeouts»: {«start»: 10s, «silence»: 1m, «total»: 5m}
    «sandbox»: {«type»: «bubblewrap», «network»: false}
  «second»: {«type»: «claude», «model»: opus, «max_turns»: 5, «retries»: 1, «effort»: «medium»,
    «profile»: ~/.two, «options»: [«--no-chrome»],
    «mcp»: {notes: {«run»: [«python3»], «tools»: [x]}}}
  «far»: {«type»: «codex», «where»: «worker», «pool»: big, «parallel»: 2}
«routing»:
  - «match»: {«milestone»: ^«M1»$, «risk»: high}
    «agent»: «second»
    «effort»: «max»
«review»:
  - «match»: {«branch»: feat}
    «by»: [«opus», «sonnet»]
    «rounds»: 2
«qa»:
  - «match»: {«risk»: high}
«forge»: {«type»: «none»}
«gates»:
  - {«type»: «script», «run»: [«tools/queue.sh», "{«purpose»}", "--on={«branch»}"],
     «exit_codes»: {3: «busy»}}
  - {«type»: «queue», «required»: [ci], «no_report»: «idle»}
«verify»:
  - {«name»: links, «run»: [«tools/check.sh»], «on»: [«branch», «merged»]}
«merge»: {«strategy»: «batch», «size»: 3}
«tasks»:
  «A-2»: {«agent»: «robot», «max_attempts»: 2, «effort»: hard}
  «A-3»: {«run»: «migrate-tier», «with»: {«from»: local, «leave»: [x]}}
«budget»:
  «run»: {«tokens»: 4K, «usd»: 3}
  «prices»: {«robot»: {«input»: 1, «cached»: 1, «output»: 1}}
«status»: {«commit»: «each», «push»: false, «storage»: «never»}
"""

SETTINGS = re.sub("[«»]", "", _MARKED)


def _names() -> list[tuple[int, int]]:
    found, shift = [], 0
    for mark in re.finditer("«([^»]*)»", _MARKED):
        start = mark.start() - shift
        found.append((start, start + len(mark[1])))
        shift += 2
    return found


#: Where in `SETTINGS` each key and each name begins and ends.
NAMES = _names()
