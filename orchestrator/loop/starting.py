"""How a row starts: chosen, its attempt journalled, its row marked; and once that is written, given
to the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from errors import DiskError, MissionError
from mission.clock import Clock
from mission.journal import Attempt, Journal, Step
from mission.state import Status
from orchestrator.admission.admission import Admission
from orchestrator.loop.board import Board, StatusChange
from orchestrator.loop.dispatch import SUM_UP, Dispatcher
from orchestrator.loop.jobs import Jobs
from orchestrator.loop.turns import begin_in_turn
from orchestrator.ports.assignment import Assignment, Todo
from orchestrator.ports.display import Display
from workspace.redact import Redactor


class Starting:
    """Used by the loop's thread."""

    def __init__(
        self,
        board: Board,
        dispatcher: Dispatcher,
        admission: Admission,
        jobs: Jobs,
        todo: Todo,
        *,
        journal: Journal,
        clock: Clock,
        display: Display,
        redactor: Redactor,
    ) -> None:
        self._board = board
        self._dispatcher = dispatcher
        self._admission = admission
        self._delays = admission.delays
        self._jobs = jobs
        self._todo = todo
        self._journal = journal
        self._clock = clock
        self._display = display
        self._redactor = redactor
        self._begun = list(todo.left)  # journalled, not yet given to the engine

    def __len__(self) -> int:
        """How many attempts are journalled and not yet given to the engine."""
        return len(self._begun)

    @property
    def tasks(self) -> set[str]:
        """Their rows."""
        return {attempt.task for attempt in self._begun}

    def add(self, attempts: Sequence[Attempt]) -> None:
        """Have attempts start that others have journalled."""
        self._begun.extend(attempts)

    def forget(self) -> None:
        """Start none of them: the next run finds them."""
        self._begun.clear()

    def ready(self) -> Iterator[str]:
        """The rows that could start, in the order in which they would."""
        return (
            task
            for task in self._board.ready()
            if self._todo.includes(task) and task not in self._delays
        )

    def begin(self, has_room: Callable[[], bool]) -> None:
        """Journal attempts at rows that are ready, or due again, while there is room."""
        with self._journal.together():
            begin_in_turn(
                self._delays,
                self.ready(),
                now=self._clock.now,
                has_room=has_room,
                begin=self._begin,
                # A row that a person has set meanwhile starts when it is ready, or not at all.
                waits=lambda task: self._board.status(task) is Status.IN_PROGRESS,
            )

    def _begin(self, task: str, agent: str | None = None) -> None:
        """Journal an attempt and mark its row."""
        row = self._board.plan.task(task)
        try:
            carrier = agent or self._dispatcher.carrier(row)
            if carrier in SUM_UP and not self._board.is_written(row.milestone):
                return  # it starts once that is in the file
            attempt = self._dispatcher.finished(row, carrier)
            if attempt is None:
                self._admission.forget_review(task)
            if attempt is None or self._admission.to_review(task):
                chosen = self._admission.admits(row, carrier)
                if chosen is None:
                    self._release(task)
                    return
                if attempt is None:
                    attempt = self._admission.begin(row, chosen, self._dispatcher.start)
        except DiskError:
            raise
        except MissionError as error:
            word = self._redactor.text(str(error))
            self._board.stage(StatusChange(task=task, status=Status.BLOCKED, word=word))
            self._display.say(f"{task}: blocked ({word})")
            return
        if self._board.status(task) is not Status.IN_PROGRESS:  # a row to be tried again is
            self._board.stage(
                StatusChange(task=task, status=Status.IN_PROGRESS, word="", attempt=attempt.id)
            )
        self._begun.append(attempt)

    def _release(self, task: str) -> None:
        """Give a row back that was to be tried again and may not be."""
        if self._board.status(task) is Status.IN_PROGRESS and task not in self._delays:
            self._board.stage(StatusChange(task=task, status=Status.NOT_STARTED, word=""))

    def submit(self, live: dict[str, Assignment]) -> bool:
        """Give the engine what is journalled; whether there was any. `live` gets what is under way
        now: a job may end at once."""
        begun, self._begun = self._begun, []
        for attempt in begun:
            self._submit(attempt, live)
        return bool(begun)

    def _submit(self, attempt: Attempt, live: dict[str, Assignment]) -> None:
        row = self._board.plan.task(attempt.task)
        reviewer = self._admission.reviewer(attempt.task)
        # Only an agent that is to start has one; that of an old attempt may be configured no more.
        starts = attempt.step is Step.STARTED or reviewer is not None
        limit = self._admission.token_limit(row, reviewer or attempt.agent) if starts else None
        meter = self._admission.meter(attempt)
        assignment = self._dispatcher.assign(
            attempt, reviewer=reviewer, token_limit=limit, meter=meter
        )
        live[attempt.task] = assignment
        self._jobs.submit(assignment, self._dispatcher.work(assignment))
