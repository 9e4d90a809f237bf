"""Rows that people stop while the run goes on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from errors import TransitionError
from mission.journal import End, Request
from mission.state import Status
from orchestrator.ports.ends import TaskEnd
from orchestrator.ports.row_stop import RowStop

#: How the reason begins for which a row is blocked that a person stopped.
STOPPED_BY = "stop by "
# Ends of jobs that leave nothing to be stopped.
_OVER = frozenset({Status.DONE, Status.NEEDS_QA, Status.FAILED, Status.BLOCKED})


@dataclass(kw_only=True, slots=True)
class _Asked:
    """A row that was asked to end."""

    requests: list[Request] = field(default_factory=list)
    stopped: bool = False  # it ended for that, and not by itself


class Stopping:
    """Who is to be told when a row has ended that they stopped. Used by the loop's thread."""

    def __init__(self) -> None:
        self._asked: dict[str, _Asked] = {}

    def __contains__(self, request: Request) -> bool:
        asked = self._asked.get(request.task)
        return asked is not None and any(one.id == request.id for one in asked.requests)

    def stop(self, request: Request, stop: RowStop) -> None:
        """Have a row end that is under way.

        Raises:
            TransitionError: It is about to merge.
        """
        if not stop.stop_row(request.by):
            raise TransitionError(
                f"{request.task} is merging: the base may have moved to it already",
                hint="Wait until it has ended; a revert of its commit takes a merge back",
            )
        self._asked.setdefault(request.task, _Asked()).requests.append(request)

    def settle(self, end: TaskEnd) -> TaskEnd:
        """How a job ends whose row may have been stopped: such a row does not start again by
        itself, whatever would have followed."""
        asked = self._asked.get(end.task)
        if asked is None or end.status in _OVER:
            return end
        asked.stopped = True
        first = asked.requests[0]
        return replace(
            end,
            status=Status.BLOCKED,
            end=End.BY_PERSON if end.again is None else end.end,  # what comes next is kept for then
            word=word_of(first),
            reason=f"{STOPPED_BY}{first.by}",
            again=None,
            unreviewed=None,
        )

    def answers(self, ends: Iterable[TaskEnd]) -> list[tuple[Request, str | None]]:
        """The requests that have come to an end with these rows; each with why it was refused."""
        told: list[tuple[Request, str | None]] = []
        for end in ends:
            asked = self._asked.pop(end.task, None)
            if asked is not None:
                late = None if asked.stopped else f"{end.task} had ended before: it is {end.status}"
                told += [(request, late) for request in asked.requests]
        return told


def word_of(request: Request) -> str:
    """What the notes of a stopped row say."""
    word = f"stopped by {request.person}; `mission unblock {request.task}` goes on"
    return f"{word}: {request.note}" if request.note else word
