"""Notes in the journal what people are to be told. It is sent from there, by whoever sends."""

from __future__ import annotations

import os
from collections.abc import Sequence

from mission.journal import Journal, Run
from mission.journal.kinds import Noticed, NotifyBegan
from mission.notices import Notice
from policy.notifying.noticing import died
from tasks_md.holder import is_alive


def note(journal: Journal, notices: Sequence[Notice]) -> None:
    """Note all of them, or nothing."""
    if not notices:
        return
    with journal.together():
        for one in notices:
            what = Noticed(
                notice=str(one.kind),
                key=one.key,
                title=one.title,
                reason=one.reason,
                command=one.command,
            )
            journal.record(what, task=one.task)


def note_deaths(journal: Journal) -> None:
    """Note of every run that had people told, and whose process is gone without an end, that it
    died: before the next run writes down an end in its place."""
    told = {event.run for event in journal.events(NotifyBegan)}
    noted = {event.what.key for event in journal.events(Noticed)}
    dead = [died(run) for run in journal.open_runs() if run.id in told and not lives(run)]
    note(journal, [one for one in dead if one.key not in noted])


def lives(run: Run) -> bool:
    """Whether its process does; on another machine, where nobody can look, it counts as alive."""
    return run.host != os.uname().nodename or is_alive(run.pid, run.pid_started)
