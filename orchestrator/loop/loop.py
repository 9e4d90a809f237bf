"""The loop: as a row ends its status is written and what became ready starts at once.

One thread (the caller's) owns the board. Jobs run on the engine's threads and writes of the file on
the scribe's; they only tell how they ended. There are no waves, and nothing is polled: the loop
sleeps on one queue.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from errors import DiskError, FindingsError, MachineError, MissionError, RowConflictError
from mission.amounts import span
from mission.clock import Clock, SetClock
from mission.journal import Journal, Step
from mission.journal.kinds import DispatchBegan
from mission.state import Status
from orchestrator.admission.admission import Admission
from orchestrator.loop.board import Board, StatusChange
from orchestrator.loop.closing import Closing
from orchestrator.loop.dispatch import Dispatcher
from orchestrator.loop.events import Event, FileChanged, JobEnded, Woken, Written
from orchestrator.loop.holds import Holds
from orchestrator.loop.inbox import Inbox
from orchestrator.loop.jobs import Jobs
from orchestrator.loop.live import set_by_hand
from orchestrator.loop.starting import Starting
from orchestrator.loop.telling import Telling
from orchestrator.loop.writing import Writing
from orchestrator.ports.assignment import Assignment, Todo
from orchestrator.ports.display import Display, Progress
from orchestrator.ports.ends import TaskEnd
from orchestrator.ports.engine import Engine
from policy.budget import Refusal
from tasks_md.model import Plan
from workspace.descriptors import make_room
from workspace.process import Stop
from workspace.redact import Redactor

_WITH_THE_RUN = "stopped with the run; the next one goes on"
_LONGEST_SLEEP = 60.0  # seconds: who sleeps does not notice that the time of day was set
_HELD_BACK = "the remote is away, and another clone may soon take the mission"


class Loop:
    """Dispatches ready rows until nothing is left to do."""

    def __init__(
        self,
        board: Board,
        engine: Engine,
        dispatcher: Dispatcher,
        admission: Admission,
        inbox: Inbox,
        writing: Writing,
        events: queue.SimpleQueue[Event],
        todo: Todo,
        *,
        slots: int,
        journal: Journal,
        clock: Clock,
        display: Display,
        redactor: Redactor,
        stop: Stop,
        holds: Holds,
        understand: Callable[[Plan], None],
        notice: Callable[[Plan], None],
        closing: Closing,
    ) -> None:
        """`understand` raises a `FindingsError` where the settings cannot be carried out with a
        plan any more; `notice` is told of the plan when it, or the settings, may be others.
        """
        self._board = board
        self._engine = engine
        self._admission = admission
        self._inbox = inbox
        self._writing = writing
        self._events = events
        self._jobs = Jobs(engine, events, board.plan.mission, stop)
        self._slots = slots
        self._wanted = slots  # by a person: as many fit, or fewer
        self._todo = todo
        self._journal = journal
        self._clock = clock
        self._set_clock = SetClock(clock)
        self._display = display
        self._stop = stop
        self._holds = holds
        self._understand = understand
        self._notice = notice
        self._closing = closing
        self._file_changed = False  # by somebody else, perhaps
        self._paused = False  # as read once a step: a pause that ends in one is seen in the next
        self._live: dict[str, Assignment] = {}
        self._starting = Starting(
            board,
            dispatcher,
            admission,
            self._jobs,
            todo,
            journal=journal,
            clock=clock,
            display=display,
            redactor=redactor,
        )
        self._delays = admission.delays
        self._telling = Telling(journal, todo.held)
        self._looked = False  # in this step, for rows to start
        self._named: str | None = None  # how the engine calls this run, as the journal has it
        self._bug: BaseException | None = None
        self._conflict: MissionError | None = None  # the file and the run disagree
        self._understood = board.plan.tables  # those that the rules were last held against

    @property
    def over_budget(self) -> Mapping[str, Refusal]:
        """The rows that a limit kept from starting."""
        return dict(self._admission.refused)

    def run(self) -> None:
        """Carry on the attempts that a crash left, then dispatch until there is nothing to do.

        Raises:
            RowConflictError: Somebody changed a row that was under way.
            TaskFileError: The task file cannot be read or written any more.
            BaseException: Whatever escaped from a job: a bug, after everything else has ended.
        """
        try:
            self._go()
        except BaseException as error:
            # How jobs end is not taken in any more: they stop, and the next run carries them on.
            if isinstance(error, DiskError) and self._live:
                self._display.say(str(error))
            self._stop.give_up(str(error) or type(error).__name__)
            self._jobs.wait()  # while they work, nobody else may become the writer
            raise
        if self._bug is not None:
            raise self._bug
        if self._conflict is not None:
            raise self._conflict

    def _go(self) -> None:
        ended: list[JobEnded] = []
        while True:
            self._step(ended)
            if not self._live and not self._writing.busy and not self._waits():
                break
            ended = self._wait()
        if self._closing.why:
            self._stop.give_up(self._closing.why)

    def _step(self, ended: Sequence[JobEnded]) -> None:
        """Take in what ended and what people did, start what is ready, and write it all."""
        self._heed_clock()  # first: the times that ends bring are by the clock as it is now
        ends = [end for job in ended if (end := self._take(job)) is not None]
        ends = [self._closing.heed(end, busy=bool(self._live)) for end in ends]
        self._looked = False
        if self._holds.yields:
            self._hold_back()
        self._paused = self._holds.paused
        self._heed_slots()
        try:
            # While a write is under way, what people did waits: it may change what is written.
            if not self._writing.busy and self._conflict is None:
                self._reread()
            if self._conflict is not None:
                return  # the attempts stay open: the next run finds them, once a person has decided
            self._writing.close([end for end in ends if end.status is None])
            for end in ends:
                self._stage(end)
            if not self._writing.busy and not self._holds.unclaimed:
                ending = {*self._writing.ending, *(one.task for one in ends)}
                busy = {*self._live, *self._starting.tasks, *ending}
                self._starting.add(self._inbox.stage(busy, self._live, self._delays))
            self._start_ready()
        except MissionError as error:
            self._give_up(error)
            return
        begun = self._starting.submit(self._live)
        if self._looked or ends or begun:
            self._telling.tell(self._admission.waits(), self._live.values(), looked=self._looked)
        self._writing.begin([end for end in ends if end.status is not None])
        self._show()

    def _take(self, job: JobEnded) -> TaskEnd | None:
        assignment = self._live.pop(job.task)
        attempt = assignment.attempt
        if job.end is None:
            error = job.error or RuntimeError(f"{job.task} ended without a word")
            if isinstance(error, MemoryError):
                error = MachineError.no_memory(job.task)
            self._bug = self._bug or error
            known = isinstance(self._bug, MissionError)
            self._stop.give_up(str(self._bug) if known else f"an internal error in {job.task}")
            return None
        if job.end.fatal:
            self._stop.give_up(job.end.reason)
        settled = self._inbox.stopping.settle(job.end)
        settled = self._closing.kept_apart(job.end, settled, busy=bool(self._live))
        end = self._told_once(settled)
        worked = attempt.agent if attempt.step is Step.STARTED else None
        return self._admission.ended(end, assignment.reviewer or worked)

    def _told_once(self, end: TaskEnd) -> TaskEnd:
        """Why the run ends is said at its end, and not by each of its rows. What is another reason
        stays, and so does that of a row which a person has to look at."""
        reason = self._stop.reason if self._stop.requested else ""
        if reason and reason in end.reason and end.status is not Status.BLOCKED:
            return replace(end, word=_WITH_THE_RUN, reason=_WITH_THE_RUN)
        return end

    def _hold_back(self) -> None:
        """Have rows end for a while that another clone may begin soon."""
        for assignment in self._live.values():
            if not assignment.attempt.approved:  # no agent is at it, and its approval stays
                assignment.stop.hold_back(_HELD_BACK)

    def _stage(self, end: TaskEnd) -> None:
        if end.status is not None and end.task not in self._board.statuses:
            raise RowConflictError(
                f"{end.task} ended as {end.status}, and its row is not in {self._board.plan.path} "
                "any more",
                hint="Put it back, and run again; what it came to is kept",
            )
        if end.status is not None:
            self._board.stage(
                StatusChange(
                    task=end.task,
                    status=end.status,
                    word=end.word,
                    attempt=end.attempt,
                    reason=end.reason,
                )
            )

    def _start_ready(self) -> None:
        due_or_ready = self._delays or self._board.count_ready()
        if not (due_or_ready and self._has_room() and self._may_start()):
            return
        if not self._closing.may_start(busy=bool(self._live)):
            return
        self._looked = True
        self._starting.begin(self._has_room)

    def _may_start(self) -> bool:
        holds = self._holds
        held = self._paused or holds.away or holds.unclaimed
        return not (self._stop.requested or self._closing.why or held)

    def _has_room(self) -> bool:
        return len(self._live) + len(self._starting) < self._slots

    def _heed_slots(self) -> None:
        """Have as many slots as a person wants by now. Rows that are live keep theirs."""
        wanted = self._holds.slots
        if wanted is None or wanted == self._wanted:
            return
        self._wanted, self._slots = wanted, make_room(wanted)
        rows = tuple(sorted(self._todo.selected or ()))
        everything = self._todo.selected is None
        self._journal.record(DispatchBegan(slots=self._slots, all=everything, rows=rows))
        self._display.say(f"from now on {self._slots} at once, as a person wants")

    def _heed_clock(self) -> None:
        """Have nobody wait longer because the machine's time of day was set."""
        by = self._set_clock.look()
        if by:
            self._admission.clock_set(by)
            way = "on" if by > timedelta() else "back"
            told = f"this machine's clock was set {way} by {span(abs(by))}"
            self._display.say(f"{told}; what waits for a time waits no longer for that")

    def _waits(self) -> bool:
        """Whether something may still start by itself, though nothing is live."""
        if self._stop.requested or self._closing.why or self._holds.unclaimed:
            return False
        held = self._paused or self._holds.away
        return bool(self._delays) or (held and any(self._starting.ready()))

    def _wait(self) -> list[JobEnded]:
        """Sleep until something happens; then take in all that has happened."""
        left = None
        # Else its time alone lets no row start.
        if self._delays and self._has_room() and self._may_start():
            left = self._delays.seconds_left(self._clock.now())
            left = None if left is None else min(left, _LONGEST_SLEEP)
        try:
            happened = [self._events.get(timeout=left)]
        except queue.Empty:
            return []
        while not self._events.empty():
            happened.append(self._events.get())
        for event in happened:
            if isinstance(event, Written):
                self._end_write(event)
        self._file_changed |= any(isinstance(event, FileChanged) for event in happened)
        if any(isinstance(event, Woken) for event in happened):
            self._inbox.collect()
        return [event for event in happened if isinstance(event, JobEnded)]

    def _end_write(self, written: Written) -> None:
        try:
            self._writing.end(written)
        except MissionError as error:
            self._give_up(error)
        self._check_live()  # the write may have taken in what a person wrote

    def _reread(self) -> None:
        """Read what somebody else wrote.

        Raises:
            TaskFileError: The file cannot be read any more.
        """
        if not self._file_changed:
            return
        self._file_changed = False
        taken = self._board.reread()
        self._notice(self._board.plan)
        if taken is None:
            return
        self._display.say(f"TASKS.md was changed: {taken}")
        self._check_live()

    def _check_live(self) -> None:
        """Give up if somebody set a row by hand that is under way, or changed the plan so that a
        rule of mission.yaml cannot be understood any more: such a rule never counts as absent."""
        if self._board.plan.tables is not self._understood:
            self._understood = self._board.plan.tables
            self._notice(self._board.plan)
            try:
                self._understand(self._board.plan)
            except FindingsError as error:
                self._give_up(error)
        conflict = set_by_hand(self._live, self._board)
        if conflict is not None:
            self._give_up(conflict)

    def _give_up(self, conflict: MissionError) -> None:
        """Stop because the file and the run disagree: a person decides who is right. Or because
        nothing can be saved: what is under way may end, and the next run finds it."""
        self._starting.forget()
        if isinstance(conflict, DiskError):
            self._closing.begin(str(conflict), busy=bool(self._live))
        else:
            if self._conflict is None:
                self._display.say(str(conflict))
            self._stop.give_up(conflict.message)
        self._conflict = self._conflict or conflict

    def _show(self) -> None:
        board = self._board
        self._display.progress(
            Progress(counts=board.counts, ready=board.count_ready(), live=len(self._live))
        )
        if self._engine.run_id != self._named:
            self._named = self._engine.run_id
            self._journal.name_run(self._journal.run, self._named or "")
        self._engine.progress(board.progress([one.task for one in self._live.values()]))
