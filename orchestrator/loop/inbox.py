"""Requests of people: decided against the state machine, staged, and answered once written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from errors import MissionError, TransitionError, UsageError
from mission.journal import Attempt, End, Journal, Request, RequestKind, Step
from mission.journal.kinds import LetterCame, StatusSet
from mission.state import Actor, Status
from orchestrator.admission.delays import Delays
from orchestrator.loop.board import Board, StatusChange
from orchestrator.loop.notes import with_word
from orchestrator.loop.stopping import STOPPED_BY, Stopping, word_of
from orchestrator.ports.assignment import Assignment
from orchestrator.ports.display import Display
from orchestrator.ports.ends import TaskEnd
from policy.attempt import by_person, keeps_approval, may_be_approved
from policy.beginning import is_anew, word_for

# The status that a row must have for each of these; it becomes not-started.
_SOURCES = {
    RequestKind.REJECT: Status.NEEDS_QA,
    RequestKind.RETRY: Status.FAILED,
    RequestKind.RETRY_KEEP: Status.FAILED,
    RequestKind.UNBLOCK: Status.BLOCKED,
    RequestKind.UNBLOCK_KEEP: Status.BLOCKED,
    RequestKind.UNBLOCK_ANEW: Status.BLOCKED,
}
# What becomes of it.
_TARGETS = {**dict.fromkeys(_SOURCES, Status.NOT_STARTED), RequestKind.APPROVE: Status.DONE}
_STOPS = frozenset({RequestKind.STOP, RequestKind.STOP_RETRY})
_MOVES = {Status.NEEDS_QA: "reject", Status.FAILED: "retry", Status.BLOCKED: "unblock"}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Decided:
    """A request that is taken in; its answer goes out once the file is written."""

    request: Request
    error: str | None = None


class Inbox:
    """What people asked for and what became of it."""

    def __init__(self, board: Board, journal: Journal, display: Display) -> None:
        self._board = board
        self._journal = journal
        self._display = display
        self.stopping = Stopping()
        self._decided: list[_Decided] = []
        self._asked = True  # something may lie in the journal from before the run

    def collect(self) -> None:
        """Look into the journal at the next step."""
        self._asked = True

    def stage(
        self, busy: Iterable[str], live: Mapping[str, Assignment], delays: Delays
    ) -> list[Attempt]:
        """Stage the changes of every request; return the attempts that were approved.

        Args:
            busy: The rows that are under way, are about to be, or have ended just now.
            live: Those that have a job.
            delays: Rows that are tried again by themselves.
        """
        if not self._asked:
            return []
        self._asked = False
        approved: list[Attempt] = []
        busy = set(busy)
        pending = self._journal.pending_requests()
        together: set[str] = set()  # rows of which every stop is decided
        for request in pending:
            if request.kind in _STOPS and request.task not in busy:
                if request.task not in together:
                    together.add(request.task)
                    stops = [one for one in pending if one.kind in _STOPS]
                    self._stop_idle([one for one in stops if one.task == request.task], delays)
                continue
            try:
                if request.kind in _STOPS:
                    self._stop_live(request, live)
                    continue  # it is answered once the row has ended
                if request.task in busy:
                    self._refuse_busy(request)
                elif request.kind is RequestKind.APPROVE and not self._is_published(request):
                    approved.append(approve(self._board, self._journal, request))
                    busy.add(request.task)
                elif not _vouches(self._board, request) and not self._is_published(request):
                    self._set(change_for(self._board, request), anew=is_anew(request.kind))
                self._decided.append(_Decided(request=request))
            except MissionError as error:
                self._decided.append(_Decided(request=request, error=str(error)))
        return approved

    def _is_published(self, request: Request) -> bool:
        """Whether the row is where a letter wants it, and tells what it says: a clone that was lost
        published that before it noted that the letter was applied. So it is no refusal."""
        wanted = request.status if request.kind is RequestKind.SET else _TARGETS.get(request.kind)
        if wanted is None or self._board.statuses.get(request.task) != wanted:
            return False
        if not self._is_told(request):
            return False
        came = self._journal.events(LetterCame)
        return any(str(request.id) in event.what.requests for event in came)

    def _is_told(self, request: Request) -> bool:
        """Whether who does the row next is told the request's note, and begins where it says."""
        row = self._board.plan.task(request.task)
        changes = self._journal.events(StatusSet, task=row.id)
        if request.kind is RequestKind.APPROVE:  # what set it here has its answer here, too
            return not changes or changes[-1].what.new != Status.DONE
        if request.note and row.notes != with_word(row.notes, request.note):
            return False
        if not is_anew(request.kind):
            return True
        return word_for(None, self._journal.attempts(row.id), changes) is request.kind

    def _stop_live(self, request: Request, live: Mapping[str, Assignment]) -> None:
        """Have a row end that is under way; one that has no job just now is asked soon."""
        assignment = live.get(request.task)
        if assignment is None:
            self._asked = True
        elif request not in self.stopping:
            self.stopping.stop(request, assignment.stop)
            self._display.say(f"{request.task}: is stopped, as {request.by} asks")

    def _stop_idle(self, asked: Sequence[Request], delays: Delays) -> None:
        """Stop a row that nobody is at, or let one start again that was stopped for that.

        Args:
            asked: Every stop of the row. Who wants it to stay stopped is heeded before who wants it
                to start again; once for all of these, whose notes its agent is told.
        """
        first = next((one for one in asked if one.kind is RequestKind.STOP), asked[0])
        again = first.kind is RequestKind.STOP_RETRY
        try:
            alike = all(one.kind is first.kind for one in asked)
            if not self._was_stopped(first.task) or (alike and not again):
                self._stop_waiting(first, delays)
                if again:
                    self._asked = True  # they are answered once the row may start again
                    return
            elif again:
                unblock = replace(first, kind=RequestKind.UNBLOCK)
                self._set(change_for(self._board, unblock), anew=False)
        except MissionError as error:
            self._decided += [_Decided(request=one, error=str(error)) for one in asked]
            return
        self._decided += _heeding_stops([(one, None) for one in asked])

    def _was_stopped(self, task: str) -> bool:
        """Whether a row is blocked since a person had it stopped."""
        changes = self._journal.events(StatusSet, task=task)
        stopped = bool(changes) and changes[-1].what.reason.startswith(STOPPED_BY)
        return stopped and self._board.statuses.get(task) is Status.BLOCKED

    def _stop_waiting(self, request: Request, delays: Delays) -> None:
        """Stop a row that was to be tried again, or reviewed, by itself.

        Raises:
            TaskFileError: There is no such task.
            TransitionError: Nobody is at it.
        """
        row = self._board.plan.task(request.task)
        if row.id not in delays or self._board.status(row.id) is not Status.IN_PROGRESS:
            raise TransitionError(
                f"{row.id} is {row.status}: stop is for rows that are under way",
                hint="`mission status` shows who is at work",
            )
        delays.drop(row.id)
        reason = f"{STOPPED_BY}{request.by}"
        self._board.stage(
            StatusChange(
                task=row.id,
                status=Status.BLOCKED,
                word=word_of(request),
                actor=Actor.PERSON,
                reason=reason,
            )
        )
        attempt = self._journal.last_attempt(row.id)
        if attempt is not None and attempt.step is not Step.ENDED:
            self._journal.end_attempt(attempt.id, End.BY_PERSON, reason)

    def ended(self, ends: Iterable[TaskEnd]) -> None:
        """Take in that these rows have ended, and that the file says so."""
        for one in _heeding_stops(self.stopping.answers(ends)):
            if one.error is None and one.request.kind is RequestKind.STOP_RETRY:
                self._asked = True  # it is answered once the row may start again
                continue
            self._decided.append(one)

    def _set(self, change: StatusChange, *, anew: bool) -> None:
        """Stage what a person wants of a row. An attempt at it that a crash left open, and that
        they do not want to go on, has its end before the file says so."""
        before = self._board.statuses[change.task]
        self._board.stage(change)
        attempt = self._journal.last_attempt(change.task)
        end = None if attempt is None else by_person(attempt, before, change.status, anew=anew)
        if attempt is not None and end is not None:
            self._journal.end_attempt(attempt.id, end, change.reason)

    def _refuse_busy(self, request: Request) -> None:
        """Refuse what is asked of a row under way, unless it is what is being done."""
        attempt = self._journal.last_attempt(request.task)
        row = self._board.status(request.task)
        approved = attempt is not None and keeps_approval(attempt, row)
        if request.kind is not RequestKind.APPROVE or not approved:
            raise UsageError(
                f"{request.task} is under way",
                hint=f"Wait until it has ended, or end it with `mission stop {request.task}`",
            )

    def answer(self) -> list[Request]:
        """Answer everybody whose request is written, or refused. Inside of the transaction that
        journals what was written: who goes on in another clone knows of both or of neither.

        Returns:
            Those that are applied, to be told.
        """
        decided, self._decided = self._decided, []
        for one in decided:
            self._journal.finish_request(one.request.id, one.error)
        return [one.request for one in decided if one.error is None]

    def tell(self, applied: Iterable[Request]) -> None:
        """Tell people of requests that are applied."""
        for one in applied:
            self._display.say(f"{one.task}: {one.kind} by a person")


def _heeding_stops(answers: Iterable[tuple[Request, str | None]]) -> list[_Decided]:
    """The answers; a row that somebody else wants to stay stopped does not start again."""
    answers = list(answers)
    stays = {
        one.task: one.by for one, error in answers if error is None and one.kind is RequestKind.STOP
    }
    return [
        _Decided(request=one, error=error or _stays_stopped(one, stays.get(one.task)))
        for one, error in answers
    ]


def _stays_stopped(request: Request, by: str | None) -> str | None:
    """Why a row does not start again that was stopped for that."""
    if by is None or request.kind is not RequestKind.STOP_RETRY:
        return None
    hint = _instead(request.task, Status.BLOCKED)
    return str(TransitionError(f"{request.task} stays stopped, as {by} asked", hint=hint))


def _vouches(board: Board, request: Request) -> bool:
    """Whether a person only says of a row that is done that it is: then the journal keeps who
    said so, and nothing is written."""
    done = board.status(request.task) is Status.DONE
    return done and request.kind == "set" and request.status == Status.DONE


def change_for(board: Board, request: Request) -> StatusChange:
    """The change that a request asks for.

    Raises:
        TaskFileError: There is no such task.
        TransitionError: Its row is in another status than the request is for.
    """
    row = board.plan.task(request.task)
    status = board.statuses.get(row.id)
    needed = _SOURCES.get(request.kind)
    if needed is not None and status is not needed:
        raise TransitionError(
            f"{row.id} is {row.status}: {request.kind} is for rows that are {needed}",
            hint=_instead(row.id, status),
        )
    if status is None:
        raise TransitionError(
            f"{row.id} has the unknown status {row.status!r}", hint="Run `mission check`"
        )
    target = Status.NOT_STARTED if needed is not None else Status(request.status or "")
    return StatusChange(
        task=row.id,
        status=target,
        word=request.note or "",  # ours was about what the row is no longer; history keeps it
        actor=Actor.PERSON,
        reason=f"{request.kind} by {request.by}",
    )


def _instead(task: str, status: Status | None) -> str:
    """What moves a row that is in another status than was thought."""
    command = _MOVES.get(status) if status is not None else None
    if command is None:
        return f"`mission history {task}` shows what happened to it"
    return f"`mission {command} {task}` gives it back to be done"


def approve(board: Board, journal: Journal, request: Request) -> Attempt:
    """Open the attempt of a row in `needs-qa` again, so that it goes on to its merge.

    Raises:
        TaskFileError: There is no such task.
        TransitionError: The row does not wait for approval, or the journal holds no work for it.
    """
    row = board.plan.task(request.task)
    if board.statuses.get(row.id) is not Status.NEEDS_QA:
        raise TransitionError(
            f"{row.id} is {row.status}: approve is for rows that are needs-qa",
            hint=f"`mission history {row.id}` shows what happened to it",
        )
    attempt = journal.last_attempt(row.id)
    if attempt is None or not may_be_approved(attempt):
        raise TransitionError(
            f"The journal holds no finished work for {row.id}",
            hint=f"`mission reject {row.id}` sends it back to be done here",
        )
    return journal.take_up_attempt(attempt.id, approved=True)
