"""One row, as somebody sees it who is to decide on it: what `mission show` and `log` tell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from dashboard.missions import Shown
from dashboard.pages.page import Query
from dashboard.states import State, state_of
from errors import UsageError
from mission.amounts import in_one_line
from mission.journal.kinds import Verified
from mission.place import Place
from service.choices import Choice, attach, choices
from service.log_reading import LogLine, read_tail, reader_of
from service.moments import Moment, moments
from service.overview import TaskView
from service.standing import Standing, Wait
from service.story import Chapter, Story, story_of
from tasks_md.model import AUTO

_LOG_BYTES: Final = 48 << 10  # of the log's end
_MOST_LOG = 200  # lines
_MOST_MOMENTS = 200
_MOST_SUMMARY = 4_000  # characters


@dataclass(frozen=True, kw_only=True, slots=True)
class Neighbour:
    """A row before or behind this one."""

    id: str
    state: State
    description: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """One answer of a check, a review or a gate."""

    name: str
    answer: str
    good: bool
    detail: str
    at: datetime
    took: timedelta | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AttemptLine:
    """One attempt."""

    number: int
    agent: str
    route: str
    started: datetime
    ended: datetime | None
    took: timedelta | None
    end: str  # its outcome, or how far it has come
    why: str
    says: str  # what the agent says it did
    tokens: int
    cost_usd: float | None
    branch: str
    merged: str  # the commit on the base
    changed: bool  # whether there is a difference to look at
    verified: tuple[Fact, ...]
    reviews: tuple[Fact, ...]
    gates: tuple[Fact, ...]
    worktree: str
    session: str
    logs: tuple[str, ...]
    attach: str  # what to type to go there


@dataclass(frozen=True, kw_only=True, slots=True)
class LogPart:
    """The end of an attempt's log."""

    attempt: int
    lines: tuple[LogLine, ...]
    cut: bool  # there is more before it


@dataclass(frozen=True, kw_only=True, slots=True)
class RowPage:
    """The page."""

    id: str
    state: State | None  # None: it is gone from the file
    description: str
    notes: str
    milestone: str
    issue: str
    agent: str
    branch: str
    line: int | None
    since: datetime | None
    estimate_tokens: int | None
    spent_tokens: int
    cost_usd: float | None
    waits: tuple[Wait, ...]
    before: tuple[Neighbour, ...]
    behind: tuple[Neighbour, ...]
    choices: tuple[Choice, ...]
    attempts: tuple[AttemptLine, ...]  # the newest first
    log: LogPart | None
    kept_on: str  # the machine that alone has its logs and changes; empty: this one
    history: tuple[Moment, ...]  # the newest first


def row_page(shown: Shown, standing: Standing, task: str, query: Query) -> RowPage:
    """Put it together. Starts no process.

    Raises:
        TaskFileError: There is no such row, and never was one.
        UsageError: It has no such attempt.
        MissionError: Something cannot be read.
    """
    place = shown.place
    story = story_of(shown.books, standing.overview.plan, task)
    if query.exported:
        story = _for_others(story)
    view = next((one for one in standing.overview.tasks if one.task.id == task), None)
    row = story.row
    told = moments([one.attempt for one in story.chapters], story.events)
    return RowPage(
        id=task,
        state=None if view is None else _state(view, standing),
        description="" if row is None else row.description,
        notes="" if row is None else row.notes,
        milestone="" if row is None else row.milestone,
        issue="" if row is None else row.issue or "",
        agent="" if row is None or row.agent == AUTO else row.agent,
        branch="" if row is None else row.branch or "",
        line=None if row is None else row.line,
        since=standing.since.get(task),
        estimate_tokens=None if row is None else row.estimate_tokens,
        spent_tokens=story.usage.tokens,
        cost_usd=story.usage.cost_usd,
        waits=standing.waits.get(task, ()),
        before=() if row is None else _neighbours(row.depends_on, standing),
        behind=_neighbours(standing.overview.graph.dependents[task], standing) if view else (),
        choices=() if row is None else choices(row.status),
        attempts=tuple(_attempt(place, standing, one) for one in reversed(story.chapters)),
        log=None
        if query.exported or place is None
        else _log(place, story, query.number("attempt")),
        kept_on="" if shown.copied is None else shown.copied.host,
        history=tuple(reversed(told[-_MOST_MOMENTS:])),
    )


def _for_others(story: Story) -> Story:
    """Without what leads to logs, worktrees and sessions of this machine."""
    chapters = [
        replace(one, logs=(), attempt=replace(one.attempt, log=None, worktree=None, session=None))
        for one in story.chapters
    ]
    events = [
        replace(one, what=replace(one.what, log=None)) if isinstance(one.what, Verified) else one
        for one in story.events
    ]
    return replace(story, chapters=tuple(chapters), events=tuple(events))


def _state(view: TaskView, standing: Standing) -> State:
    task = view.task.id
    return state_of(view, standing.waits.get(task, ()), standing.attempt(task))


def _neighbours(names: tuple[str, ...], standing: Standing) -> tuple[Neighbour, ...]:
    wanted = frozenset(names)
    views = {view.task.id: view for view in standing.overview.tasks if view.task.id in wanted}
    return tuple(
        Neighbour(
            id=name, state=_state(views[name], standing), description=views[name].task.description
        )
        for name in names
        if name in views
    )


def _attempt(place: Place | None, standing: Standing, chapter: Chapter) -> AttemptLine:
    attempt = chapter.attempt
    live = standing.attempt(attempt.task)
    step = live.step if live is not None and live.attempt.id == attempt.id else attempt.stage
    return AttemptLine(
        number=attempt.number,
        agent=attempt.agent,
        route=attempt.route,
        started=attempt.started,
        ended=attempt.ended,
        took=None if attempt.ended is None else attempt.ended - attempt.started,
        end=step if attempt.ended is None else attempt.outcome or step,
        why=in_one_line(attempt.reason) if attempt.reason else "",
        says=attempt.summary[:_MOST_SUMMARY],
        tokens=attempt.tokens,
        cost_usd=attempt.cost_usd,
        branch=attempt.branch or "",
        merged=chapter.merged or "",
        changed=place is not None and (chapter.diff is not None or chapter.merged is not None),
        verified=tuple(_steps(chapter)),
        reviews=tuple(_reviews(chapter)),
        gates=tuple(_gates(chapter)),
        worktree=attempt.worktree or "",
        session=attempt.session or "",
        logs=chapter.logs,
        attach="" if place is None else attach(place, attempt),
    )


def _steps(chapter: Chapter) -> Iterator[Fact]:
    """The last end of each step."""
    for event in {one.what.step: one for one in chapter.verified}.values():
        step = event.what
        yield Fact(
            name=step.step,
            answer="passed" if step.ok else "did not pass",
            good=step.ok,
            detail="" if step.ok else in_one_line(step.reason),
            at=event.at,
            took=None if step.seconds is None else timedelta(seconds=step.seconds),
        )


def _reviews(chapter: Chapter) -> Iterator[Fact]:
    for event in chapter.reviews:
        said = event.what
        yield Fact(
            name=said.reviewer, answer=said.verdict, good=said.passed, detail=said.text, at=event.at
        )
    for none in chapter.not_reviewed:
        gave = none.what
        yield Fact(
            name=gave.reviewer,
            answer=f"gave none: {gave.outcome}",
            good=False,
            detail=gave.reason,
            at=none.at,
        )


def _gates(chapter: Chapter) -> Iterator[Fact]:
    """The last answer of each gate for each purpose."""
    for event in {(one.what.gate, one.what.purpose): one for one in chapter.gates}.values():
        gate = event.what
        yield Fact(
            name=gate.gate,
            answer=f"{gate.state} for the {gate.purpose}",
            good=gate.state == "clear",
            detail=gate.detail,
            at=event.at,
        )


def _log(place: Place, story: Story, number: int | None) -> LogPart | None:
    """The end of what the agent printed: of the last attempt, or of the one that is asked for.

    Raises:
        UsageError: There is no such attempt.
    """
    attempts = [one.attempt for one in story.chapters]
    chosen = [one for one in attempts if number in (None, one.number)]
    if number is not None and not chosen:
        raise UsageError(f"{story.task} has no attempt {number}", hint="Leave `attempt` out")
    if not chosen or chosen[-1].log is None:
        return None
    attempt, log = chosen[-1], chosen[-1].log
    lines, more = read_tail(Path(log), reader_of(place, attempt), most=_LOG_BYTES)
    return LogPart(
        attempt=attempt.number,
        lines=tuple(lines[-_MOST_LOG:]),
        cut=more or len(lines) > _MOST_LOG,
    )
