"""`docs/status.md` names every key of `mission status --json`, and every word of a wait."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path

from mission.journal import Journal
from mission.place import Place
from mission.waits import WaitsFor
from service.builder import Standings
from service.data import standing_data
from service.standing import Need, RunSign, Turn

PAGE = (Path(__file__).parents[3] / "docs" / "status.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`([a-z_-]+)`", PAGE))
_STATUSES = {"done", "in-progress", "not-started", "blocked", "failed", "needs-qa"}


def keys(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key)
            yield from keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner)


def test_every_key_is_named(place: Place) -> None:
    with Journal.open(place.journal_file) as journal:
        run = journal.start_run(mission="M", host="h", pid=1, pid_started=1.0)
        journal.start_attempt(
            run=run,
            task="A-2",
            agent="codex",
            branch=None,
            base_commit=None,
            worktree=None,
            log=None,
            route="",
        )
    told = set(keys(standing_data(Standings(place).current()))) - _STATUSES
    told |= {one.name for kind in (RunSign, Turn, Need) for one in fields(kind)}
    assert told - NAMED == set()
    assert {word.value for word in WaitsFor} <= NAMED
