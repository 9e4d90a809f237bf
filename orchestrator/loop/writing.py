"""The file follows the board: one write at a time, beside the loop.

A write waits for the disk, and the loop does not: rows that become ready start meanwhile, and what
they decide goes out with the next write. Nothing depends on it after a crash: the journal has every
attempt before it starts, and an attempt is ended there once its status is in the file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from errors import RowConflictError
from mission.amounts import in_one_line, moment
from mission.clock import Clock
from mission.journal import Journal
from orchestrator.loop.board import Batch, Board
from orchestrator.loop.events import Written
from orchestrator.loop.inbox import Inbox
from orchestrator.ports.display import Display
from orchestrator.ports.ends import TaskEnd
from tasks_md.plan_file import PlanFile


@dataclass(frozen=True, kw_only=True, slots=True)
class _UnderWay:
    """What is being written."""

    batch: Batch
    ends: Sequence[TaskEnd]  # to be journalled once it is written


class Writing:
    """Hands what is staged to the scribe, and journals what it wrote. Used by the loop's thread."""

    def __init__(
        self,
        board: Board,
        inbox: Inbox,
        file: PlanFile,
        scribe: Executor,
        *,
        journal: Journal,
        display: Display,
        clock: Clock,
        tell: Callable[[Written], None],
        on_written: Callable[[], None],
    ) -> None:
        """`scribe` has one thread; `tell` is called on it."""
        self._board = board
        self._inbox = inbox
        self._file = file
        self._journal = journal
        self._display = display
        self._clock = clock
        self._scribe = scribe
        self._tell = tell
        self._on_written = on_written
        self._ends: list[TaskEnd] = []  # staged for the next write
        self._under_way: _UnderWay | None = None

    @property
    def busy(self) -> bool:
        """Whether a write is under way: what is staged now waits for it."""
        return self._under_way is not None

    @property
    def ending(self) -> frozenset[str]:
        """Rows that have ended, which neither the file nor the journal says yet."""
        under_way = self._under_way.ends if self._under_way is not None else ()
        return frozenset(end.task for end in (*under_way, *self._ends))

    def begin(self, ends: Sequence[TaskEnd]) -> None:
        """Write what is staged, with these ends, now or after the write that is under way."""
        self._ends.extend(ends)
        if self.busy:
            return
        batch = self._board.batch()
        if batch is None:
            self._inbox.tell(self._inbox.answer())  # nothing was to be written for these
            return
        ends, self._ends = self._ends, []
        self._hand_over(_UnderWay(batch=batch, ends=ends))

    def end(self, written: Written) -> None:
        """Journal what was written; what somebody else wrote meanwhile stays.

        Raises:
            RowConflictError: They set the status of a row that it was about. Nothing was written:
                the attempts stay open, and the next run finds them.
            TaskFileError: The file cannot be read or written any more.
        """
        done, self._under_way = self._under_way, None
        if done is None:
            raise RuntimeError("a write has ended that nobody began")
        try:
            plan = written.result.result()
        except RowConflictError as conflict:
            again = self._board.again(done.batch, conflict)
            self._hand_over(_UnderWay(batch=again, ends=done.ends))
            return
        with self._journal.together():
            self._board.written(done.batch, plan)
            self._end_attempts(done.ends)
            self._inbox.ended(done.ends)
            applied = self._inbox.answer()
        self._say(done.ends)
        self._inbox.tell(applied)
        self._on_written()

    def close(self, ends: Sequence[TaskEnd]) -> None:
        """Journal ends that change nothing in the file."""
        if any(end.again is not None for end in ends):
            with self._journal.together():
                self._end_attempts(ends)
        self._say(ends)

    def _hand_over(self, under_way: _UnderWay) -> None:
        self._under_way = under_way
        result = self._scribe.submit(self._file.apply, under_way.batch.cells)
        result.add_done_callback(lambda future: self._tell(Written(future)))

    def _end_attempts(self, ends: Sequence[TaskEnd]) -> None:
        """An attempt that the next run carries on stays open."""
        for end in ends:
            if end.end is not None:
                self._journal.end_attempt(end.attempt, end.end, end.reason)

    def _say(self, ends: Sequence[TaskEnd]) -> None:
        now = self._clock.now()
        for end in ends:
            shown = str(end.status or "kept for the next run")
            if end.unreviewed is not None:
                if not end.reason:  # it is reviewed at once
                    continue
                at = moment(end.unreviewed.at, now)
                shown = f"its review is tried again, at {at} at the latest"
            if end.again is not None:
                shown = f"will be tried again at {moment(end.again.at, now)}"
            told = in_one_line(end.reason or end.word)
            self._display.say(f"{end.task}: {shown}" + (f" ({told})" if told else ""))
