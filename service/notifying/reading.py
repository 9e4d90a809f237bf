"""What notices and messages are made of, read from journal and plan at one moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from mission.config import MissionConfig
from mission.journal import Event, Journal, Run
from mission.journal.kinds import FinishExpected, Noticed, NotifyBegan, Told
from mission.notices import Notice, NoticeKind
from orchestrator.admission.budgeting import Budget, limits_of
from orchestrator.notifying.noting import lives
from policy.budget import Amount, Cap, Ledger, Scope
from policy.notifying.noticing import Milestone, Row, RunSeen, Seen
from policy.notifying.sending import Sent, newest
from service.record import read_record
from tasks_md.model import Plan

_KINDS = frozenset(kind.value for kind in NoticeKind)


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """All that is known of what people are to be told, and were."""

    seen: Seen | None  # None: no run of this mission has ever told anybody
    noticed: Sequence[Notice]  # oldest first
    sent: Sequence[Sent]
    since: Mapping[str, int]  # the entry from which on each receiver is told, by name
    began: datetime | None  # when anybody was first to be told; None: never
    runs: Sequence[Run]  # those that had people told, oldest first
    last: int = 0  # the newest entry that this knows of
    expected: datetime | None = None  # the finish, as it was last noted

    @property
    def keys(self) -> frozenset[str]:
        """Of what was noticed."""
        return frozenset(one.key for one in self.noticed)

    def sent_to(self, name: str) -> list[Sent]:
        """The messages of a receiver."""
        return [one for one in self.sent if one.to == name]


def hear(
    journal: Journal,
    plan: Plan,
    config: MissionConfig,
    now: datetime,
    before: Heard | None = None,
) -> Heard:
    """Read it. One thread at a time.

    Args:
        before: What was known then: of notices and messages, what came since is read.

    Raises:
        JournalError: The journal cannot be read.
    """
    with journal.at_one_moment():
        began = journal.events(NotifyBegan)
        all_runs = {run.id: run for run in journal.runs()}
        noticed, sent, number = _written(journal, all_runs, before)
        since: dict[str, int] = {}
        for one in began:
            for name in one.what.to:
                since.setdefault(name, one.id)
        its = dict.fromkeys(one.run for one in began if one.run in all_runs)
        runs = [all_runs[run] for run in its if run is not None]
        keys = frozenset(one.key for one in noticed)
        seen = None
        if began:
            seen = _seen(journal, plan, config, now, began[0].id, runs, keys)
        last = journal.events(FinishExpected)[-1:]
    return Heard(
        seen=seen,
        noticed=noticed,
        sent=sent,
        since=since,
        began=began[0].at if began else None,
        runs=runs,
        last=number,
        expected=datetime.fromisoformat(last[0].what.p80) if last else None,
    )


def catch_up(journal: Journal, heard: Heard) -> Heard:
    """What is known, with the notices and messages that were noted since.

    Raises:
        JournalError: The journal cannot be read.
    """
    with journal.at_one_moment():
        runs = {run.id: run for run in journal.runs()}
        noticed, sent, last = _written(journal, runs, heard)
    return replace(heard, noticed=noticed, sent=sent, last=last)


def _written(
    journal: Journal, runs: Mapping[int, Run], before: Heard | None
) -> tuple[Sequence[Notice], Sequence[Sent], int]:
    """The notices, the messages, and the number of the newest entry."""
    known = 0 if before is None else before.last
    newest_one = journal.last_event()
    noticed = [_notice(one) for one in journal.events(Noticed, after=known)]
    sent = [_sent(one, runs) for one in journal.events(Told, after=known)]
    if before is not None:
        noticed = [*before.noticed, *noticed]
        sent = newest(sent, before.sent)
    else:
        sent = newest(sent)
    return noticed, sent, 0 if newest_one is None else newest_one.id


def _seen(
    journal: Journal,
    plan: Plan,
    config: MissionConfig,
    now: datetime,
    since: int,
    runs: Sequence[Run],
    noted: frozenset[str],
) -> Seen:
    said = read_record(journal)
    return Seen(
        since=since,
        rows=[Row(task=one.id, status=one.status, notes=one.notes) for one in plan.tasks],
        milestones=[
            Milestone(id=one.id, title=one.title, rows=tuple(task.id for task in one.tasks))
            for one in plan.milestones
        ],
        statuses=said.statuses,
        waits=said.waits,
        attempts=said.attempts,
        gates=said.gates,
        runs=_runs(journal, runs, noted),
        limits=_limits(config),
        spent=_spent(Budget(config, journal, runs[-1].id, now).ledger) if runs else {},
    )


def _runs(journal: Journal, runs: Sequence[Run], noted: frozenset[str]) -> list[RunSeen]:
    """The runs of this clone; whether one did anything is looked up where its end is news."""
    found = []
    for run in runs:
        if run.elsewhere:
            continue
        stamp = run.started.isoformat(timespec="microseconds")
        ends = {f"{kind}:{run.host}:{stamp}" for kind in (NoticeKind.ENDED, NoticeKind.DIED)}
        news = run.ended is not None and not ends & noted
        did = news and journal.did_anything(run.id)
        found.append(RunSeen(run=run, alive=run.ended is not None or lives(run), did=did))
    return found


def _limits(config: MissionConfig) -> Mapping[Scope, Cap]:
    limits = limits_of(config)
    return {Scope.RUN: limits.run, Scope.DAY: limits.day, Scope.MISSION: limits.mission}


def _spent(ledger: Ledger) -> Mapping[Scope, Amount]:
    return {Scope.RUN: ledger.run, Scope.DAY: ledger.day, Scope.MISSION: ledger.mission}


def _notice(event: Event[Noticed]) -> Notice:
    what = event.what
    return Notice(
        kind=NoticeKind(what.notice) if what.notice in _KINDS else NoticeKind.NEEDS_YOU,
        key=what.key,
        title=what.title,
        reason=what.reason,
        command=what.command,
        task=event.task,
        at=event.at,
        number=event.id,
    )


def _sent(event: Event[Told], runs: Mapping[int, Run]) -> Sent:
    what, run = event.what, runs.get(event.run or 0)
    return Sent(
        id=what.message,
        to=what.to,
        keys=what.notices,
        state=what.state,
        at=event.at,
        begun=event.at,
        tries=what.tries,
        here=run is None or not run.elsewhere,
    )
