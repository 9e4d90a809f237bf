"""A mission's standing, made of its plan and what is known beside it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from gates.pause import Paused
from mission.elsewhere import Elsewhere
from mission.journal import Attempt, Event, Step
from mission.journal.kinds import DispatchBegan, RowWaits, WillConflict
from mission.plan_copy import OtherBranch
from mission.state import Status
from mission.waits import WaitsFor
from service.overview import TaskView, make_overview
from service.record import Record
from service.standing import LiveAttempt, Need, RunSign, Standing, Turn, Wait
from service.waits import Facts, milestone_waits, row_waits, valid_words
from tasks_md.graph import Graph
from tasks_md.holder import Holder
from tasks_md.model import DONE, Plan

_PERSONS = (WaitsFor.PERSON, WaitsFor.LEFTOVER)
_UNDER_WAY = (Status.IN_PROGRESS, Status.NEEDS_QA)
_LANDED = (Step.MERGED, Step.CONFIRMED, Step.ENDED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """Everything that a standing is made of."""

    plan: Plan
    graph: Graph  # of this plan
    errors: int = 0  # that lint finds in it
    record: Record = field(default_factory=Record)
    host: str = ""  # this machine
    holder: Holder | None = None  # who holds the mission, as far as this machine can tell
    paused: Paused | None = None
    outputs: Mapping[int, datetime] = field(default_factory=dict)  # by attempt, of its log's end
    elsewhere: Elsewhere | None = None  # what was last heard of the remote
    other_branch: OtherBranch | None = None  # is checked out, and the plan read from its copy


def make_standing(known: Known, *, revision: int = 1) -> Standing:
    """Put it together."""
    record = known.record
    overview = make_overview(known.plan, known.graph, record.spent)
    views = overview.tasks
    facts = _facts(known, views)
    waits = {view.task.id: held for view in views if (held := row_waits(view, facts))}
    for milestone in known.plan.milestones:
        if milestone.placeholder and (held := milestone_waits(milestone.id, facts)):
            waits[milestone.id] = held
    run = facts.run
    died = run is not None and not run.at_work and run.ended is None
    return Standing(
        revision=revision,
        event=record.event,
        overview=overview,
        since={
            view.task.id: record.statuses[view.task.id].at
            for view in views
            if (set_ := record.statuses.get(view.task.id)) and set_.what.new == view.task.status
        },
        waits=waits,
        errors=known.errors,
        run=run,
        stale_since=run.last_sign if run is not None and died else None,
        paused=known.paused,
        away=facts.away,
        behind=record.behind if record.behind is not None and record.behind.what.why else None,
        other_branch=known.other_branch,
        attempts=tuple(_attempts(known, facts)),
        merge_queue=facts.turns,
        people=tuple(_people(views, waits, live=facts.live)),
        requests=record.requests,
        elsewhere=facts.elsewhere,
        untold=record.untold,
        conflicts=_conflicts(known.plan, record.conflicts),
    )


def _facts(known: Known, views: Iterable[TaskView]) -> Facts:
    record, run = known.record, _run_sign(known)
    at_work = run is not None and run.at_work
    statuses = {view.task.id: view.task.status for view in views}
    under_way = [one for one in record.attempts if statuses.get(one.task) in _UNDER_WAY]
    began = record.dispatch.id if record.dispatch is not None else 0
    words = valid_words(record, at_work=at_work, after=began)
    away = record.away
    if away is not None and not (at_work and away.what.away and _is_of_run(away.at, record)):
        away = None  # what an earlier run could not reach says nothing about this one
    return Facts(
        run=run,
        dispatch=_dispatch(known),
        paused=known.paused,
        away=away,
        statuses=statuses,
        changed=record.statuses,
        attempts={attempt.task: attempt for attempt in under_way},
        words=words,
        planning=valid_words(record, at_work=at_work),
        gates=record.gates,
        turns=tuple(_turns(record, under_way)) if at_work else (),
        elsewhere=_elsewhere(known, at_work=at_work),
        live=sum(_is_live(attempt, words, at_work=at_work) for attempt in under_way),
    )


def _run_sign(known: Known) -> RunSign | None:
    run, holder = known.record.run, known.holder
    signs = [*known.outputs.values(), *filter(None, [known.record.at])]
    if holder is not None:
        since = _moment(holder.since)
        dispatch = _dispatch(known)
        return RunSign(
            alive=True if holder.host == known.host else None,
            host=holder.host,
            pid=holder.pid,
            since=since,
            command=holder.command,
            last_sign=max(since, max(signs, default=since)),
            ended=None,
            outcome=None,
            slots=dispatch.what.slots if dispatch is not None else None,
            engine_run=run.engine_run if run is not None and run.pid == holder.pid else None,
        )
    if run is None:
        return None
    return RunSign(
        alive=False,
        host=run.host,
        pid=run.pid,
        since=run.started,
        command="",
        last_sign=run.ended or max(signs, default=run.started),
        ended=run.ended,
        outcome=run.outcome,
        slots=None,
        engine_run=run.engine_run,
    )


def _dispatch(known: Known) -> Event[DispatchBegan] | None:
    """What the process that holds the mission was asked to start, if it starts rows."""
    run, holder, dispatch = known.record.run, known.holder, known.record.dispatch
    if run is None or holder is None or dispatch is None or run.ended is not None:
        return None
    return dispatch if dispatch.run == run.id and run.pid == holder.pid else None


def _elsewhere(known: Known, *, at_work: bool) -> Elsewhere | None:
    """What was heard of another clone that carries the mission out; None while a run is here."""
    heard = known.elsewhere
    return heard if heard is not None and heard.held_there and not at_work else None


def _is_of_run(at: datetime, record: Record) -> bool:
    return record.run is not None and at >= record.run.started


def _is_live(attempt: Attempt, words: Mapping[str, Event[RowWaits]], *, at_work: bool) -> bool:
    word = words.get(attempt.task)
    return at_work and (word is None or word.what.until is None)


def _turns(record: Record, under_way: Iterable[Attempt]) -> Iterator[Turn]:
    waiting = {one.id: one for one in under_way if one.step not in _LANDED}
    queued = [
        (waiting[one.attempt], one)
        for one in record.queued
        if one.attempt in waiting and _is_of_run(one.at, record)
    ]
    for position, (attempt, one) in enumerate(queued, start=1):
        yield Turn(
            position=position,
            task=attempt.task,
            attempt=attempt.number,
            branch=one.what.branch,
            since=one.at,
        )


def _attempts(known: Known, facts: Facts) -> Iterator[LiveAttempt]:
    at_work = facts.run is not None and facts.run.at_work
    for attempt in known.record.attempts:
        word = facts.words.get(attempt.task)
        reviewed = word is not None and word.what.on == WaitsFor.REVIEWER
        live = attempt.task in facts.attempts and _is_live(attempt, facts.words, at_work=at_work)
        yield LiveAttempt(
            attempt=attempt,
            live=live,
            step=attempt.stage,
            reviewer=word.what.who if word is not None and reviewed and live else None,
            last_output=known.outputs.get(attempt.id),
        )


def _people(
    views: Iterable[TaskView], waits: Mapping[str, tuple[Wait, ...]], *, live: int
) -> Iterator[Need]:
    """A row that a limit holds back may fit once what is under way has ended (`live` rows), since
    that may use less than is set aside for it: until then nobody has to do anything."""
    persons = _PERSONS if live else (*_PERSONS, WaitsFor.BUDGET)
    for view in views:
        for wait in waits.get(view.task.id, ())[:1]:
            if wait.on in persons:
                yield Need(
                    task=view.task.id,
                    status=view.task.status,
                    why=wait.why,
                    since=wait.since,
                    hint=wait.hint,
                )


def _conflicts(plan: Plan, events: Iterable[Event[WillConflict]]) -> tuple[str, ...]:
    """Warnings about branches that conflict, while neither is merged."""
    files: dict[tuple[str, str], str] = {}
    for event in events:
        first, second = sorted((str(event.task), event.what.other))
        tasks = [plan.by_id.get(name) for name in (first, second)]
        if all(task and task.status != DONE for task in tasks):
            files[first, second] = ", ".join(event.what.files)
    return tuple(
        f"{first} and {second} will conflict: both change {changed}"
        for (first, second), changed in files.items()
    )


def _moment(text: str) -> datetime:
    """A time that a note holds; the beginning of time where it is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
