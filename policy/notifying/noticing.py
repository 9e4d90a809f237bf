"""What people are to be told, by what a journal and a plan say. Pure.

Each notice has a key: the change of state that it is about, by when that came, which is the same in
every clone and after every crash. What has a key that was noted before is not told again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mission.amounts import count, counted, money
from mission.journal import Attempt, Event, Run
from mission.journal.kinds import GateAnswered, RowWaits, StatusSet
from mission.notices import Notice, NoticeKind
from mission.state import Actor, Status
from mission.waits import WaitsFor
from policy.budget import Amount, Cap, Scope

#: The share of a limit from which on people are told that it will be reached.
NEARLY = 0.8
_UNKNOWN = "unknown"  # `gates.protocol.GateState.UNKNOWN`
_KINDS = {
    Status.NEEDS_QA: NoticeKind.NEEDS_YOU,
    Status.FAILED: NoticeKind.FAILED,
    Status.BLOCKED: NoticeKind.BLOCKED,
}
_COMMANDS = {
    Status.NEEDS_QA: "mission approve {0}",
    Status.FAILED: "mission retry {0}",
    Status.BLOCKED: "mission unblock {0}",
}
_TITLES = {
    Status.NEEDS_QA: "{0} needs you: its work waits for approval",
    Status.FAILED: "{0} failed",
    Status.BLOCKED: "{0} is blocked",
}
_LEFT = (Status.NEEDS_QA, Status.BLOCKED, Status.FAILED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A row of the plan as it is now."""

    task: str
    status: str
    notes: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Milestone:
    """A milestone with rows."""

    id: str
    title: str
    rows: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class RunSeen:
    """A run of this clone."""

    run: Run
    alive: bool  # its process lives
    did: bool  # it started a row, or changed one


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What notices are made of."""

    since: int  # what came before that entry of the journal is told nobody
    rows: Sequence[Row] = ()
    milestones: Sequence[Milestone] = ()
    statuses: Mapping[str, Event[StatusSet]] = field(default_factory=dict)  # the newest, by row
    waits: Mapping[str, Event[RowWaits]] = field(default_factory=dict)  # the newest, by row
    attempts: Sequence[Attempt] = ()  # without an end
    gates: Mapping[int, Sequence[Event[GateAnswered]]] = field(default_factory=dict)  # by attempt
    runs: Sequence[RunSeen] = ()  # that began since then
    limits: Mapping[Scope, Cap] = field(default_factory=dict)
    spent: Mapping[Scope, Amount] = field(default_factory=dict)


def notices(seen: Seen, now: datetime, *, gate_after: timedelta) -> Iterator[Notice]:
    """Everything that people are to be told by now, what was noted before included."""
    by_task = {row.task: row for row in seen.rows}
    for task, event in seen.statuses.items():
        row = by_task.get(task)
        if row is not None and event.id >= seen.since:
            yield from _of_status(row, event)
    for task, wait in seen.waits.items():
        if wait.id >= seen.since:
            yield from _of_wait(task, wait, seen)
    for attempt in seen.attempts:
        yield from _of_gates(attempt, seen.gates.get(attempt.id, ()), now - gate_after)
    for milestone in seen.milestones:
        yield from _of_milestone(milestone, by_task, seen)
    yield from _of_budget(seen, now)
    for one in seen.runs:
        yield from _of_run(one, seen.rows)


def passes(kind: str) -> bool:
    """Whether what such a notice is about may be over before anybody is told of it."""
    return kind in (*_KINDS.values(), NoticeKind.GATE)


def new(found: Iterable[Notice], noted: Set[str]) -> list[Notice]:
    """Those that were not noted before, each once."""
    news: dict[str, Notice] = {}
    for one in found:
        if one.key not in noted:
            news.setdefault(one.key, one)
    return list(news.values())


def died(run: Run) -> Notice:
    """That a run's process is gone, and nobody wrote down its end."""
    return Notice(
        kind=NoticeKind.DIED,
        key=f"{NoticeKind.DIED}:{run.host}:{_stamp(run.started)}",
        title=f"The run on {run.host} died",
        reason=f"process {run.pid} is gone, and wrote down no end. What it did is kept",
        command="mission run",
    )


def _of_status(row: Row, event: Event[StatusSet]) -> Iterator[Notice]:
    """A row that waits for a person; not where a person has just said so."""
    set_ = event.what
    if set_.new not in _KINDS or row.status != set_.new or set_.by == Actor.PERSON:
        return
    status = Status(set_.new)
    yield Notice(
        kind=_KINDS[status],
        key=f"{status}:{row.task}:{_stamp(event.at)}",
        title=_TITLES[status].format(row.task),
        reason=_without_brackets(row.notes) or set_.reason,
        command=_COMMANDS[status].format(row.task),
        task=row.task,
    )


def _of_wait(task: str, wait: Event[RowWaits], seen: Seen) -> Iterator[Notice]:
    """What only the run knows: an agent of an earlier run that does not end, a limit."""
    if wait.what.on in (WaitsFor.LEFTOVER, WaitsFor.PERSON):
        yield Notice(
            kind=NoticeKind.NEEDS_YOU,
            key=f"{wait.what.on}:{task}:{_stamp(wait.at)}",
            title=f"{task} needs you",
            reason=wait.what.why,
            command=f"mission show {task}",
            task=task,
        )
    elif wait.what.on == WaitsFor.BUDGET:
        run = next((one.run for one in seen.runs if one.run.id == wait.run), None)
        scope = wait.what.who or task
        start = "" if run is None else f"{run.host}:{_stamp(run.started)}"
        yield Notice(
            kind=NoticeKind.BUDGET,
            key=f"budget:{scope}:refuses:{start}",
            title="The budget is reached: rows wait for it",
            reason=wait.what.why,
            command="mission report",
            task=task,
        )


def _of_gates(
    attempt: Attempt, answers: Sequence[Event[GateAnswered]], before: datetime
) -> Iterator[Notice]:
    """Gates that have not found out since `before`."""
    since: dict[str, Event[GateAnswered]] = {}  # the first of the unknown answers in a row, by gate
    for one in answers:
        gate = f"{one.what.gate}:{one.what.purpose}"
        if one.what.state != _UNKNOWN:
            since.pop(gate, None)
        else:
            since.setdefault(gate, one)
    for gate, first in since.items():
        if first.at <= before:
            purpose = first.what.purpose
            yield Notice(
                kind=NoticeKind.GATE,
                key=f"gate:{gate}:{attempt.task}:{_stamp(attempt.started)}",
                title=f"The gate {first.what.gate} cannot find out: {attempt.task} waits",
                reason=first.what.detail,
                command=f"mission gate queue --purpose {purpose}",
                task=attempt.task,
            )


def _of_milestone(milestone: Milestone, rows: Mapping[str, Row], seen: Seen) -> Iterator[Notice]:
    """That all of its rows are done, where the last of them became so since people are told."""
    its = [rows[task] for task in milestone.rows if task in rows]
    ends = [
        event
        for row in its
        if (event := seen.statuses.get(row.task)) is not None and event.what.new == Status.DONE
    ]
    last = max(ends, default=None, key=lambda event: event.id)
    if not its or last is None or last.id < seen.since or any(r.status != Status.DONE for r in its):
        return
    yield Notice(
        kind=NoticeKind.MILESTONE,
        key=f"{NoticeKind.MILESTONE}:{milestone.id}:{_stamp(last.at)}",
        title=f"{milestone.id} is done: {milestone.title}",
        reason=f"all of its rows are: {len(its)}",
        command="mission report",
    )


def _of_budget(seen: Seen, now: datetime) -> Iterator[Notice]:
    """The highest share of each limit that was passed: nearly all of it, or all."""
    newest = max((one.run.started for one in seen.runs), default=None)
    periods = {
        Scope.RUN: "" if newest is None else _stamp(newest),
        Scope.DAY: now.date().isoformat(),
        Scope.MISSION: "",
    }
    for scope, cap in seen.limits.items():
        spent = seen.spent.get(scope, Amount())
        for unit, limit, used, shown in (
            ("tokens", cap.tokens, spent.tokens, _tokens),
            ("usd", cap.cost_usd, spent.cost_usd, money),
        ):
            if limit is None or used < limit * NEARLY or not used:
                continue
            reached = used >= limit
            level = "reached" if reached else "nearly"
            where = f"budget.{scope}.{unit}"
            yield Notice(
                kind=NoticeKind.BUDGET,
                key=f"budget:{scope}:{unit}:{limit}:{level}:{periods.get(scope, '')}",
                title=f"{where} is reached" if reached else f"{where} is spent to {NEARLY:.0%}",
                reason=f"{shown(used)} of {shown(limit)}"
                + (": nothing further is started" if reached else ""),
                command="mission report",
            )


def _of_run(one: RunSeen, rows: Sequence[Row]) -> Iterator[Notice]:
    run = one.run
    if run.ended is None:
        if not one.alive:
            yield died(run)
        return
    if not one.did:
        return
    counts = {status: sum(row.status == status for row in rows) for status in Status}
    left = [f"{counts[status]} {status}" for status in _LEFT if counts[status]]
    word = {"stopped": "was stopped", "crashed": "ended with an error"}.get(
        run.outcome or "", "ended"
    )
    yield Notice(
        kind=NoticeKind.ENDED,
        key=f"{NoticeKind.ENDED}:{run.host}:{_stamp(run.started)}",
        title=f"The run on {run.host} {word}",
        reason="; ".join([f"{counts[Status.DONE]} of {counted(len(rows), 'row')} done", *left]),
        command="mission status",
    )


def _tokens(number: float) -> str:
    return f"{count(int(number))} tokens"


def _without_brackets(notes: str) -> str:
    """A row's notes, with what the runner itself says there (`[mission: ...]`) first, and plain."""
    before, mark, rest = notes.partition("[mission: ")
    word, end, after = rest.rpartition("]")
    if not mark or not end:
        return notes
    return " ".join(filter(None, (word.strip(), before.strip(), after.strip())))


def _stamp(at: datetime) -> str:
    return at.isoformat(timespec="microseconds")
