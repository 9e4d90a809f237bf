"""What each row waits for, and why. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gates.pause import Paused
from gates.protocol import GateState
from mission.elsewhere import Elsewhere, RowThere
from mission.journal import Attempt, Event
from mission.journal.kinds import DispatchBegan, GateAnswered, RemoteAway, RowWaits, StatusSet
from mission.state import Actor, Status
from mission.waits import WaitsFor
from service.overview import TaskView
from service.record import Record
from service.standing import RunSign, Turn, Wait

# What a run says last of a row holds after its end as well, until another run begins.
_LASTING = frozenset({WaitsFor.BUDGET.value, WaitsFor.PROVIDER.value})
_WORDS = frozenset(one.value for one in WaitsFor)  # a newer version's journal may have others
_PAUSE_GATE = "pause"  # `gates.pause.PauseGate.name`
_CARRY_ON = "mission run"
_ASKS = {
    Status.NEEDS_QA: ("waits for approval", "mission approve {0}, or mission reject {0}"),
    Status.BLOCKED: ("blocked", "mission unblock {0}, once the reason is gone"),
    Status.FAILED: ("failed", "mission retry {0}, or mission history {0}"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What is known beside the row itself."""

    run: RunSign | None
    dispatch: Event[DispatchBegan] | None  # of the run that is at work, where it starts rows
    paused: Paused | None
    away: Event[RemoteAway] | None  # the remote, while the run that is at work cannot reach it
    statuses: Mapping[str, str]  # by row
    changed: Mapping[str, Event[StatusSet]]  # the newest change, by row
    attempts: Mapping[str, Attempt]  # under way or cut off, by row
    words: Mapping[str, Event[RowWaits]]  # what the run says that rows wait for
    planning: Mapping[str, Event[RowWaits]]  # ... that milestones wait for
    gates: Mapping[int, Sequence[Event[GateAnswered]]]  # every answer, by attempt
    turns: tuple[Turn, ...]  # the merge queue
    elsewhere: Elsewhere | None  # another clone carries the mission out, as was heard
    live: int  # how many slots are taken

    @property
    def at_work(self) -> bool:
        """Whether a run is, as far as anybody can tell."""
        return self.run is not None and self.run.at_work


def valid_words(record: Record, *, at_work: bool, after: int = 0) -> dict[str, Event[RowWaits]]:
    """What the last run that started rows said that they wait for, as far as it still holds.

    Args:
        at_work: Whether a run is.
        after: Nothing holds that was said before the event with this number.
    """
    dispatch, run = record.dispatch, record.run
    if dispatch is None:
        return {}
    holds = _WORDS if at_work and run is not None and run.id == dispatch.run else _LASTING
    return {
        task: word
        for task, word in record.waits.items()
        if word.run == dispatch.run and word.id > after and word.what.on in holds
    }


def row_waits(view: TaskView, facts: Facts) -> tuple[Wait, ...]:
    """What keeps a row from going on, what holds it first in front; nothing where it is done, or
    somebody is at it."""
    task, status = view.task, view.task.status
    if status == Status.DONE:
        return ()
    there = facts.elsewhere.row(task.id) if facts.elsewhere is not None else None
    if there is not None:
        return (_there(there, facts),)
    if status == Status.NOT_STARTED:
        return tuple(_not_started(view, facts))
    if status == Status.IN_PROGRESS or task.id in facts.attempts:  # else it was approved
        return tuple(_under_way(view, facts))
    if status in _ASKS:
        return (_person(view, facts),)
    return (Wait(on=WaitsFor.PLAN, why=f"{status} is no status", hint="mission check"),)


def milestone_waits(milestone: str, facts: Facts) -> tuple[Wait, ...]:
    """What keeps a milestone from being planned, where the run said so."""
    word = facts.planning.get(milestone)
    return () if word is None else (_told(word),)


def _not_started(view: TaskView, facts: Facts) -> Iterator[Wait]:
    task = view.task
    if task.unreadable:
        for why in task.unreadable:
            yield Wait(on=WaitsFor.PLAN, why=f"cannot run: {why}", hint="mission check")
    elif task.id in view.waiting_on:
        yield Wait(on=WaitsFor.PLAN, why="cannot run: it waits for itself", hint="mission check")
    elif view.waiting_on:
        yield Wait(
            on=WaitsFor.DEPENDENCY,
            why=f"for {', '.join(_named(name, facts) for name in view.waiting_on)}",
            names=view.waiting_on,
        )
    elif not view.ready:
        yield Wait(on=WaitsFor.PLAN, why="cannot run: in a circle", hint="mission check")
    else:
        yield from _ready(view, facts)


def _named(name: str, facts: Facts) -> str:
    status = facts.statuses.get(name, "")
    return f"{name} ({status})" if status in _ASKS else name


def _ready(view: TaskView, facts: Facts) -> Iterator[Wait]:
    """What keeps a row from starting for which all is done that it depends on."""
    task, word = view.task.id, facts.words.get(view.task.id)
    if facts.paused is not None:
        yield _pause(facts.paused)
    if facts.away is not None:
        yield Wait(on=WaitsFor.REMOTE, why=facts.away.what.text, since=facts.away.at)
    if word is not None:
        yield _told(word)
    if facts.elsewhere is not None:
        yield Wait(on=WaitsFor.CLONE, why=f"{_who(facts)} carries the mission out")
    elif facts.dispatch is None:
        why = "the run at work starts no rows" if facts.at_work else "no run is at work"
        yield Wait(on=WaitsFor.RUN, why=why, hint=_CARRY_ON)
    elif not (facts.dispatch.what.all or task in facts.dispatch.what.rows):
        why = "the run at work was asked for other rows"
        yield Wait(on=WaitsFor.RUN, why=why, since=facts.dispatch.at, hint=_CARRY_ON)
    elif word is None and facts.paused is None and facts.away is None:
        yield _slot(facts.dispatch.what.slots, facts.live)


def _slot(slots: int, live: int) -> Wait:
    full = "the slot is taken" if slots == 1 else f"all {slots} slots are taken"
    return Wait(on=WaitsFor.SLOT, why=full if live >= slots else "it starts next")


def _under_way(view: TaskView, facts: Facts) -> Iterator[Wait]:
    """What holds a row up that was begun."""
    task, attempt = view.task.id, facts.attempts.get(view.task.id)
    if not facts.at_work:
        if attempt is None and _is_by_hand(view, facts):
            yield _by_hand(view, facts)
        elif facts.elsewhere is not None:
            yield Wait(on=WaitsFor.CLONE, why=f"{_who(facts)} carries the mission out")
        else:
            yield Wait(on=WaitsFor.RUN, why="no run is at work", hint=_CARRY_ON)
        return
    word = facts.words.get(task)
    if word is not None:
        yield _told(word)
    elif attempt is None and _is_by_hand(view, facts):
        yield _by_hand(view, facts)
    elif attempt is None:
        yield Wait(on=WaitsFor.SLOT, why="it goes on next")
    else:
        yield from _on_the_way(attempt, facts)


def _on_the_way(attempt: Attempt, facts: Facts) -> Iterator[Wait]:
    """What holds finished work up."""
    gate = _gate(facts.gates.get(attempt.id, ()))
    turn = next((one for one in facts.turns if one.task == attempt.task), None)
    if gate is not None:
        yield gate
    if turn is not None and (turn.position > 1 or gate is not None):
        ahead = tuple(one.task for one in facts.turns[: turn.position - 1])
        yield Wait(
            on=WaitsFor.MERGE,
            why=f"its turn to merge, {turn.position} of {len(facts.turns)}",
            names=ahead,
            since=turn.since,
        )


def _gate(answers: Sequence[Event[GateAnswered]]) -> Wait | None:
    """The gate that holds an attempt up, by its answers: gates are asked again and again, in
    rounds, up to the first that does not say clear. It holds until it says so itself: those before
    it are asked again first, and say clear each time."""
    latest: dict[str, GateAnswered] = {}  # by gate, the newest first
    for one in reversed(answers):
        if one.what.purpose != answers[-1].what.purpose:
            break
        latest.setdefault(one.what.gate, one.what)
    last = next((said for said in latest.values() if said.state != GateState.CLEAR), None)
    if last is None:
        return None
    since = answers[-1].at
    for one in reversed(answers):
        same = one.what.gate == last.gate
        if one.what.purpose != last.purpose or (same and one.what.state == GateState.CLEAR):
            break
        since = one.at if same else since
    paused = last.gate == _PAUSE_GATE
    return Wait(
        on=WaitsFor.PAUSE if paused else WaitsFor.GATE,
        why=last.detail if paused else f"gate {last.gate} says {last.state}: {last.detail}",
        names=(last.gate,),
        since=since,
        hint="mission unpause" if paused else f"mission gate queue --purpose {last.purpose}",
    )


def _person(view: TaskView, facts: Facts) -> Wait:
    told, hint = _ASKS[Status(view.task.status)]
    return Wait(
        on=WaitsFor.PERSON,
        why=view.task.notes or told,
        since=_changed(view, facts),
        hint=hint.format(view.task.id),
    )


def _is_by_hand(view: TaskView, facts: Facts) -> bool:
    """Whether it was no run that began the row."""
    change = facts.changed.get(view.task.id)
    return change is None or change.what.by == Actor.PERSON


def _by_hand(view: TaskView, facts: Facts) -> Wait:
    return Wait(
        on=WaitsFor.PERSON,
        why="in progress, but not by this runner",
        since=_changed(view, facts),
        hint=f"mission set {view.task.id} not-started hands it over",
    )


def _changed(view: TaskView, facts: Facts) -> datetime | None:
    change = facts.changed.get(view.task.id)
    return change.at if change is not None and change.what.new == view.task.status else None


def _pause(paused: Paused) -> Wait:
    return Wait(
        on=WaitsFor.PAUSE,
        why=paused.detail,
        names=(paused.by,) if paused.by else (),
        since=paused.since,
        hint="mission unpause",
    )


def _there(row: RowThere, facts: Facts) -> Wait:
    """Where a row stands that another clone has: a person may answer from here."""
    if row.status in _ASKS:
        told, hint = _ASKS[Status(row.status)]
        return Wait(
            on=WaitsFor.PERSON,
            why=row.why or told,
            names=(_who(facts),),
            since=row.since,
            hint=hint.format(row.task),
        )
    did = [f"attempt {row.attempt} by {row.agent}"] if row.attempt is not None else []
    did += [row.step] if row.step else []
    waits = f"; {row.why}" if row.why else ""
    return Wait(
        on=WaitsFor.CLONE,
        why=f"{_who(facts)} has it: {', '.join(did) or row.status}{waits}",
        names=(_who(facts),),
        since=row.since,
        hint=f"mission stop {row.task}" if row.attempt is not None else "",
    )


def _who(facts: Facts) -> str:
    """The machine that carries the mission out."""
    claim = facts.elsewhere.claim if facts.elsewhere is not None else None
    return claim.host if claim is not None and claim.host else "another clone"


def _told(word: Event[RowWaits]) -> Wait:
    """What the run said."""
    told = word.what
    return Wait(
        on=WaitsFor(told.on),
        why=told.why,
        names=(told.who,) if told.who else (),
        since=word.at,
        until=None if told.until is None else datetime.fromisoformat(told.until),
        hint=_CARRY_ON if told.on == WaitsFor.BUDGET else "",
    )
