"""What other clones are shown of a run: the rows that it has, and its answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from gates.pause import Paused, PauseFiles
from gates.protocol import GateState
from mission.answers import ANSWERS_FILE, answers_bytes
from mission.elsewhere import ROWS_FILE, RowsThere, RowThere, forget_elsewhere, rows_bytes, told
from mission.journal import Attempt, Event, Journal
from mission.journal.kinds import GateAnswered, RowWaits
from mission.place import Place
from mission.plan import read_plan
from mission.state import Status
from mission.waits import WaitsFor
from orchestrator.letters.answered import Answered
from tasks_md.model import Plan

_PERSONS = frozenset({Status.NEEDS_QA, Status.BLOCKED, Status.FAILED})
_TOLD = frozenset({Status.IN_PROGRESS, *_PERSONS})
_MOST = 1000  # rows; a page of more helps nobody


class Shown:
    """Goes along with the claim."""

    def __init__(
        self,
        place: Place,
        journal: Journal,
        pause: PauseFiles,
        answered: Answered,
    ) -> None:
        self._place = place
        self._journal = journal
        self._pause = pause
        self.answered = answered
        self._persons: frozenset[tuple[str, str]] = frozenset()  # rows that were shown to wait

    def files(self) -> Mapping[str, bytes]:
        """How the mission stands, and what was answered. They are asked for once the claim is this
        clone's: what was heard of another one is over."""
        forget_elsewhere(self._place)
        plan = read_plan(self._place)
        self._persons = _for_persons(plan)
        rows = [task.id for task in plan.tasks if task.status in _TOLD]
        attempts = {one: self._journal.last_attempt(one) for one in rows}
        there = rows_there(
            plan,
            {task: one for task, one in attempts.items() if one is not None},
            {str(one.task): one for one in self._journal.newest(RowWaits)},
            {
                one.task: self._journal.events(GateAnswered, attempt=one.id)
                for one in self._journal.open_attempts()
            },
            self._pause.read(),
            run=self._journal.run,
        )
        return {
            ROWS_FILE: rows_bytes(there),
            ANSWERS_FILE: answers_bytes(self.answered.newest()),
        }

    @property
    def is_behind(self) -> bool:
        """Whether other rows wait for a person than other clones can see.

        Raises:
            TaskFileError: The task file cannot be read.
        """
        return self._persons != _for_persons(read_plan(self._place))

    def absorb(self, files: Mapping[str, bytes]) -> None:
        """What another clone has answered is not answered again."""
        self.answered.absorb(files.get(ANSWERS_FILE, b""))

    def is_new(self, files: Mapping[str, bytes]) -> bool:
        """Answers are none: they are for who asked."""
        del files
        return False


def _for_persons(plan: Plan) -> frozenset[tuple[str, str]]:
    return frozenset((task.id, task.status) for task in plan.tasks if task.status in _PERSONS)


def rows_there(
    plan: Plan,
    attempts: Mapping[str, Attempt],
    words: Mapping[str, Event[RowWaits]],
    gates: Mapping[str, Iterable[Event[GateAnswered]]],
    paused: Paused | None,
    *,
    run: int,
) -> RowsThere:
    """The rows that are under way or wait for a person. Pure.

    Args:
        plan: As the file has it.
        attempts: The newest, by row.
        words: What a run said last that a row waits for, by row.
        gates: What they answered, by row under way.
        paused: The pause in force.
        run: The run that tells it.
    """
    rows = [
        _row(
            task.id,
            task.status,
            task.notes,
            attempts.get(task.id),
            _waits(words.get(task.id), [*gates.get(task.id, ())], run),
        )
        for task in plan.tasks
        if task.status in _TOLD
    ]
    since = "" if paused is None else f"since {paused.since:%Y-%m-%d %H:%M} UTC {paused.detail}"
    return RowsThere(
        rows=tuple(rows[:_MOST]),
        counts=dict(Counter(task.status for task in plan.tasks)),
        paused=told(since) or None,
    )


def _row(
    task: str, status: str, notes: str, attempt: Attempt | None, waits: tuple[str, str] | None
) -> RowThere:
    on, why = waits or (None, "")
    if status in _PERSONS:
        on, why = WaitsFor.PERSON, notes
    if attempt is None:
        return RowThere(task=task, status=status, waits_on=on, why=told(why))
    return RowThere(
        task=task,
        status=status,
        attempt=attempt.number,
        agent=attempt.agent,
        step=attempt.stage,
        since=attempt.started,
        branch=attempt.branch,
        head=attempt.head,
        waits_on=on,
        why=told(why),
    )


def _waits(
    word: Event[RowWaits] | None, gates: list[Event[GateAnswered]], run: int
) -> tuple[str, str] | None:
    """What holds a row up that is under way: the run's own word, or the gate that was asked
    last."""
    if word is not None and word.run == run and word.what.on:
        return word.what.on, word.what.why
    if gates and gates[-1].what.state != GateState.CLEAR:
        last = gates[-1].what
        return WaitsFor.GATE, f"gate {last.gate} says {last.state}: {last.detail}"
    return None
