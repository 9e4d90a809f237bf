"""Everything that the journal holds about one row, or about all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

from mission.journal import Attempt, Event, Journal, Request, Run
from mission.journal.kinds import (
    GateAnswered,
    H,
    Happening,
    Merged,
    NoReview,
    Pushed,
    ReviewMade,
    Verified,
)
from mission.journal.stored import data_of, word_of
from mission.place import Place
from mission.plan import read_plan
from mission.usage import Usage
from service.books import Books
from tasks_md.model import Plan, Task


@dataclass(frozen=True, kw_only=True, slots=True)
class Chapter:
    """One attempt at the row, with what happened in it."""

    attempt: Attempt  # with its summary, its reason and its usage, reviews included
    gates: tuple[Event[GateAnswered], ...]  # every answer, the same one again and again too
    verified: tuple[Event[Verified], ...]  # each with the log of its step
    reviews: tuple[Event[ReviewMade], ...]
    not_reviewed: tuple[Event[NoReview], ...]  # reviewers that were asked and gave none
    pushed: tuple[Event[Pushed], ...]
    merged: str | None  # the commit on the base that holds the work
    logs: tuple[str, ...]  # of the agent first, then of those who were asked beside it

    @property
    def diff(self) -> tuple[str, str] | None:
        """Two commits: what the work was begun on, and what it came to; None before it has any."""
        base, head = self.attempt.base_commit, self.attempt.head
        return None if base is None or head is None or base == head else (base, head)

    def data(self) -> dict[str, object]:
        """As JSON. What happened in it is told by the numbers of its events."""
        parts: Mapping[str, Sequence[Event[Happening]]] = {
            "gates": self.gates,
            "verified": self.verified,
            "reviews": self.reviews,
            "not_reviewed": self.not_reviewed,
            "pushed": self.pushed,
        }
        return {
            **self.attempt.facts(),
            **{name: [event.id for event in events] for name, events in parts.items()},
            "merged": self.merged,
            "diff": self.diff,
            "logs": self.logs,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Story:
    """What happened to a row."""

    task: str
    row: Task | None  # as the file has it; None: it is gone from there
    chapters: tuple[Chapter, ...]  # its attempts, in their order
    events: tuple[Event[Happening], ...]  # all of the row, outside of attempts too
    together: tuple[Event[Verified], ...]  # steps on trees that held it beside other rows
    requests: tuple[Request, ...]  # what people asked for, refused or not
    usage: Usage  # of all attempts together

    def data(self) -> dict[str, object]:
        """As JSON: a chapter has its attempt's own values, and the numbers of its events."""
        return {
            "task": self.task,
            "status": None if self.row is None else self.row.status,
            "chapters": [chapter.data() for chapter in self.chapters],
            "events": [event_data(event) for event in self.events],
            "together": [event_data(event) for event in self.together],
            "requests": [asdict(request) for request in self.requests],
            "usage": asdict(self.usage),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """What happened, of one row or of all."""

    mission: str
    path: str
    task: str | None  # None: of all
    runs: tuple[Run, ...]
    attempts: tuple[Attempt, ...]
    events: tuple[Event[Happening], ...]

    def data(self) -> dict[str, object]:
        """As `mission history --json` prints it."""
        return {
            "mission": self.mission,
            "path": self.path,
            "task": self.task,
            "runs": [asdict(run) for run in self.runs],
            "attempts": [attempt.facts() for attempt in self.attempts],
            "events": [event_data(event) for event in self.events],
        }


def read_history(place: Place, task: str | None = None) -> History:
    """What happened. Changes nothing, starts nothing.

    Raises:
        TaskFileError: There is no such task, and never was one; or the file cannot be read.
        JournalError: The journal cannot be read.
    """
    plan = read_plan(place)

    def take(journal: Journal) -> History:
        return History(
            mission=plan.mission,
            path=str(place.task_file),
            task=task,
            runs=tuple(journal.runs()),
            attempts=tuple(journal.attempts(task)),
            events=tuple(journal.events(task=task)),
        )

    found = place.look(take)
    _refuse_unknown(plan, task, known=bool(found.attempts or found.events))
    return found


def read_story(place: Place, task: str, *, plan: Plan | None = None) -> Story:
    """Everything about one row of the mission here. Changes nothing, starts nothing.

    Args:
        place: The mission.
        task: The row.
        plan: The task file, where it was read already.

    Raises:
        TaskFileError: There is no such task, and never was one; or the file cannot be read.
        JournalError: The journal cannot be read.
    """
    return story_of(place, read_plan(place) if plan is None else plan, task)


def story_of(books: Books, plan: Plan, task: str) -> Story:
    """The same, wherever the journal is.

    Args:
        books: Of the mission.
        plan: The task file.
        task: The row.

    Raises:
        TaskFileError: There is no such task, and never was one.
        MissionError: The journal cannot be read.
    """

    def take(journal: Journal) -> Story:
        attempts = journal.attempts(task)
        events = journal.events(task=task)
        together = [one for one in journal.events(Verified) if task in one.what.together]
        requests = journal.requests(task)
        return make_story(plan, task, attempts, events, together=together, requests=requests)

    story = books.look(take)
    _refuse_unknown(plan, task, known=bool(story.chapters or story.events))
    return story


def make_story(
    plan: Plan,
    task: str,
    attempts: Sequence[Attempt],
    events: Sequence[Event[Happening]],
    *,
    together: Sequence[Event[Verified]] = (),
    requests: Sequence[Request] = (),
) -> Story:
    """Put together what is known of a row. Pure."""
    usage = Usage()
    for attempt in attempts:
        usage = usage.plus(attempt.usage)
    return Story(
        task=task,
        row=plan.by_id.get(task),
        chapters=tuple(
            _chapter(attempt, [event for event in events if event.attempt == attempt.id])
            for attempt in attempts
        ),
        events=tuple(events),
        together=tuple(together),
        requests=tuple(requests),
        usage=usage,
    )


def event_data(event: Event[Happening]) -> dict[str, object]:
    """One event as the commands' JSON has it."""
    return {
        "id": event.id,
        "at": event.at,
        "kind": word_of(event.what),
        "run": event.run,
        "task": event.task,
        "attempt": event.attempt,
        "data": data_of(event.what),
    }


def _chapter(attempt: Attempt, events: Sequence[Event[Happening]]) -> Chapter:
    verified = _of(Verified, events)
    reviews, none = _of(ReviewMade, events), _of(NoReview, events)
    merged = _of(Merged, events)
    asked: list[Event[ReviewMade] | Event[NoReview]] = [*reviews, *none]
    asked.sort(key=lambda event: event.id)
    reviewers = dict.fromkeys(event.what.reviewer for event in asked)
    logs = [attempt.log] if attempt.log else []
    logs += [str(Path(log).with_suffix(f".{name}.log")) for log in logs for name in reviewers]
    logs += [event.what.log for event in verified if event.what.log]
    return Chapter(
        attempt=attempt,
        gates=_of(GateAnswered, events),
        verified=verified,
        reviews=reviews,
        not_reviewed=none,
        pushed=_of(Pushed, events),
        merged=merged[-1].what.commit if merged else None,
        logs=tuple(dict.fromkeys(logs)),
    )


def _of(kind: type[H], events: Sequence[Event[Happening]]) -> tuple[Event[H], ...]:
    return tuple(cast("Event[H]", event) for event in events if isinstance(event.what, kind))


def _refuse_unknown(plan: Plan, task: str | None, *, known: bool) -> None:
    """A row that is gone keeps its history; a name that never was has none."""
    if task is not None and not known:
        plan.task(task)
