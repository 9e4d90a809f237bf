"""The merge queue that verifies and lands several branches together."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Condition, Thread

from mission.errors import MissionError
from orchestrator.attempts.verifying import Row
from orchestrator.context import Context
from orchestrator.merging.batch_round import Ahead, BatchRound
from orchestrator.merging.candidates import Candidate, Tried, try_candidate


@dataclass(frozen=True, kw_only=True, slots=True)
class _Ticket:
    """A thread that waits for its row to land."""

    row: Row
    end: Future[str] = field(default_factory=Future)  # the commit on the base


class BatchQueue:
    """Lands what waits at the same time in batches.

    There is no thread of its own: of those that wait, one leads until its own row has come to an
    end, and carries the others' through. What waits while it does so is the next batch.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._turn = Condition()  # guards what follows
        self._waiting: list[_Ticket] = []  # in the order in which they came
        self._leading = False  # somebody leads
        self._next: tuple[tuple[_Ticket, ...], Ahead] | None = None  # is verified already

    def land(self, row: Row) -> str:
        """See `Merges`."""
        ticket = _Ticket(row=row)
        with self._turn:
            self._waiting.append(ticket)
            self._context.display.doing(row.task.id, "waits for its turn to merge")
            self._turn.wait_for(lambda: ticket.end.done() or not self._leading)
            lead = not ticket.end.done()
            self._leading = self._leading or lead
        if lead:
            self._lead(ticket)
        return ticket.end.result()

    def _lead(self, ticket: _Ticket) -> None:
        try:
            while not ticket.end.done():
                with self._context.base_lock:  # given back in between: others move the base too
                    self._round()
        finally:
            with self._turn:
                self._leading = False
                self._turn.notify_all()

    def _round(self) -> None:
        tickets, ahead = self._take()
        by_task = {ticket.row.task.id: ticket for ticket in tickets}

        def resolve(row: Row, end: str | MissionError) -> None:
            self._resolve(by_task[row.task.id], end)

        batch = BatchRound(
            self._context,
            [ticket.row for ticket in tickets],
            ahead=ahead,
            resolve=resolve,
            on_landing=self._verify_ahead,
        )
        try:
            batch.carry_out()
        except MissionError as error:
            for ticket in tickets:
                self._resolve(ticket, error)
        finally:
            for ticket in tickets:  # a bug must not leave threads that wait for ever
                self._resolve(ticket, RuntimeError(f"{ticket.row.task.id} got no answer"))

    def _take(self) -> tuple[Sequence[_Ticket], Ahead | None]:
        with self._turn:
            if self._next is not None:
                (tickets, ahead), self._next = self._next, None
                return tickets, ahead
            return self._take_waiting(), None

    def _take_waiting(self) -> tuple[_Ticket, ...]:
        size = self._context.config.merge.size
        taken, self._waiting = self._waiting[:size], self._waiting[size:]
        return tuple(taken)

    def _resolve(self, ticket: _Ticket, end: str | Exception) -> None:
        with self._turn:
            if ticket.end.done():
                return
            if isinstance(end, str):
                ticket.end.set_result(end)
            else:
                ticket.end.set_exception(end)
            self._turn.notify_all()

    def _verify_ahead(self, landing: Candidate) -> None:
        """While `landing` lands, verify what comes next on top of it."""
        with self._turn:
            if self._next is not None or not self._waiting:
                return
            tickets = self._take_waiting()
            end: Future[Tried] = Future()
            self._next = tickets, Ahead(base=landing.tip, end=end)
        rows = [ticket.row for ticket in tickets]

        def work() -> None:
            try:
                end.set_result(try_candidate(self._context, landing.tip, rows))
            except BaseException as error:
                end.set_exception(error)  # whoever takes this batch up meets it
                if not isinstance(error, MissionError):
                    raise

        Thread(target=work, name="verifies ahead").start()
