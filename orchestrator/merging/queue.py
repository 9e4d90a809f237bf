"""The merge queue: one merge at a time, of a tree that was verified as it will land.

What a merge holds is one branch, or several that are verified and land together.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field, replace
from threading import Event, Lock

from errors import GitError, MissionError, StoppedError
from mission.config import MissionConfig
from mission.journal import Journal
from mission.journal.kinds import MergeAwaited
from orchestrator.merging.batch import Ahead, BatchRound
from orchestrator.merging.candidates import Candidate, Candidates, Tried
from orchestrator.merging.landings import Landings
from orchestrator.merging.squashing import Squashing
from orchestrator.ports.display import Display
from orchestrator.workplace.verifying import FinishedWork
from workspace.heeding import heeding
from workspace.repository import Repository
from workspace.side_thread import SideThread, cause


@dataclass(frozen=True, kw_only=True, slots=True)
class _Ticket:
    """A thread that waits for its row to land."""

    row: FinishedWork
    end: Future[str] = field(default_factory=Future)  # the commit on the base
    woken: Event = field(default_factory=Event)  # there is something to look at

    def begin(self) -> bool:
        """Whether nobody has stopped the row. If so, it is too late for that from here on."""
        try:
            self.row.stop.pass_by()
        except StoppedError as stopped:
            if not self.end.done():
                self.end.set_exception(stopped)
                self.woken.set()
            return False
        return True


class MergeQueue:
    """Lands finished branches on the base, in the order in which they come. For many threads.

    There is no thread of its own: of those that wait, one leads until its own row has come to an
    end, and carries the others' through. What waits while it does so is the next batch.
    """

    def __init__(
        self,
        landings: Landings,
        *,
        candidates: Candidates,
        squashing: Squashing,
        config: MissionConfig,
        journal: Journal,
        repository: Repository,
        base_lock: Lock,
        display: Display,
    ) -> None:
        self._candidates = candidates
        self._squashing = squashing
        self._config = config
        self._journal = journal
        self._repository = repository
        self._base_lock = base_lock
        self._display = display
        self._landings = landings
        self._turn = Lock()  # guards what follows
        self._waiting: list[_Ticket] = []  # in the order in which they came
        self._leading = False  # somebody leads
        self._next: tuple[tuple[_Ticket, ...], Ahead] | None = None  # is verified already

    def land(self, row: FinishedWork) -> str:
        """Squash the row's work onto the base, verified and through the gates; confirm it.

        Returns the commit on the base.

        Can be called again for an attempt whose merge was cut off at any point: what has landed
        already is recognised by its trailers.

        Raises:
            SingleWriterError: It would change the task file.
            UnapprovedError: It would change what the runner acts on, and no person has looked.
            MergeConflictError: It does not apply; the message names the files and who merged them.
            VerificationError: The squashed result does not pass.
            GateError: The merge gate refuses, or does not clear in time.
            BrokenBaseError: It landed, and the base does not pass: somebody came in between.
            CheckoutBlockedError: A person's changes stand where the checkout would move.
            StoppedError: The run was stopped, or the row was before its turn came.
        """
        ticket, attempt = _Ticket(row=row), row.attempt
        with self._turn:
            self._waiting.append(ticket)
            waits = MergeAwaited(branch=attempt.branch)
            self._journal.record(waits, task=row.task.id, attempt=attempt.id)
            self._display.doing(row.task.id, "waits for its turn to merge")
        # Who stops it holds the stop's lock, and may not wait for ours.
        with row.stop.calling(ticket.woken.set):
            if self._waits_to_lead(ticket):
                self._lead(ticket)
        return ticket.end.result()

    def _waits_to_lead(self, ticket: _Ticket) -> bool:
        """Wait until the row has come to its end (False), or nobody leads."""
        while True:
            ticket.woken.clear()
            with self._turn:
                if self._is_over(ticket):
                    return False
                if not self._leading:
                    self._leading = True
                    return True
            ticket.woken.wait()

    def _is_over(self, ticket: _Ticket) -> bool:
        """Whether the row has come to its end: so has one that a person stopped before its turn
        came. The lock is held."""
        if ticket.row.stop.alone:
            if ticket in self._waiting:
                self._waiting.remove(ticket)
            ticket.begin()
        return ticket.end.done()

    def _lead(self, ticket: _Ticket) -> None:
        try:
            while not self._is_over_by_now(ticket):
                # Given back in between: others move the base too. Who leads works for all of them.
                with self._base_lock, heeding(None):
                    self._round()
        finally:
            with self._turn:
                self._leading = False
                ahead = self._next[0] if self._next is not None else ()
                for other in (*self._waiting, *ahead):
                    other.woken.set()

    def _is_over_by_now(self, ticket: _Ticket) -> bool:
        with self._turn:
            return self._is_over(ticket)

    def _round(self) -> None:
        tickets, ahead = self._take()
        if not tickets:  # they were stopped
            if ahead is not None:
                ahead.end.exception()  # it is over before anything is tried beside it
            return
        by_task = {ticket.row.task.id: ticket for ticket in tickets}

        def resolve(row: FinishedWork, end: str | MissionError) -> None:
            self._resolve(by_task[row.task.id], end)

        batch = BatchRound(
            [ticket.row for ticket in tickets],
            self._landings,
            ahead=ahead,
            resolve=resolve,
            on_landing=self._verify_ahead,
            candidates=self._candidates,
            squashing=self._squashing,
            config=self._config,
            repository=self._repository,
            display=self._display,
        )
        try:
            batch.carry_out()
        except MissionError as error:
            for ticket in tickets:
                self._resolve(ticket, error)
        finally:
            for ticket in tickets:  # a bug must not leave threads that wait for ever
                self._resolve(ticket, RuntimeError(f"{ticket.row.task.id} got no answer"))
        with suppress(GitError):  # every row has its end already
            self._candidates.forget_candidates([ticket.row for ticket in tickets])

    def _take(self) -> tuple[Sequence[_Ticket], Ahead | None]:
        with self._turn:
            if self._next is not None:
                (tickets, ahead), self._next = self._next, None
                begun = self._begun(tickets)
                # Without those that were stopped it is another batch.
                return begun, ahead if begun == tickets else replace(ahead, base="")
            return self._begun(self._take_waiting()), None

    def _begun(self, tickets: tuple[_Ticket, ...]) -> tuple[_Ticket, ...]:
        """Those that begin to merge now: all but what was stopped."""
        return tuple(ticket for ticket in tickets if ticket.begin())

    def _take_waiting(self) -> tuple[_Ticket, ...]:
        size = self._landings.size
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
            ticket.woken.set()

    def _verify_ahead(self, landing: Candidate) -> None:
        """While `landing` lands, verify what comes next on top of it.

        Not where each status is committed at once: such a commit always comes in between, and what
        was verified ahead would never be what lands.
        """
        if self._config.status.commit == "each":
            return
        with self._turn:
            if self._next is not None or not self._waiting:
                return
            tickets = self._take_waiting()
            end: Future[Tried] = Future()
            self._next = tickets, Ahead(base=landing.tip, end=end)
        rows = [ticket.row for ticket in tickets]

        def work() -> None:
            try:
                end.set_result(self._candidates.try_candidate(landing.tip, rows))
            except MissionError as error:
                end.set_exception(error)  # whoever takes this batch up meets it

        def forget(error: BaseException) -> None:
            self._display.say(f"Nothing is verified ahead this time: {cause(error)}")
            end.set_exception(RuntimeError(cause(error)))  # whoever takes this up begins it anew

        SideThread("verifies ahead", work, on_death=forget).start()
