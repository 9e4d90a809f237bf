"""A mission in lines, for agents: short, one fact a line, nothing of the machine. Pure.

Left out on purpose: hosts, paths, processes, logs and people's names. An agent has no use for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

from lookup.told import Told
from mission.amounts import count
from mission.journal import Attempt
from mission.state import Status
from mission.waits import WaitsFor
from service.overview import MilestoneView, TaskView
from service.standing import LiveAttempt, RunSign, Standing, Wait
from service.story import Story

_MOST_FOUND = 200  # rows of one search
_EXCERPT = 160  # characters


def at(when: datetime | None) -> str:
    """A time, in UTC, to the second."""
    return "?" if when is None else f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def status_told(standing: Standing) -> Told:
    """How the mission stands. Who is at work comes first, then what waits for a person."""
    return Told(
        what=f"Mission status, revision {standing.revision}",
        lines=tuple(_status(standing)),
        version=str(standing.revision),
    )


def _status(standing: Standing) -> Iterator[str]:
    overview = standing.overview
    yield f"mission: {overview.mission}"
    yield f"run: {_run(standing.run, standing.stale_since)}"
    if standing.paused is not None:
        yield f"paused: {standing.paused.reason}"
    if standing.away is not None:
        yield f"remote: away since {at(standing.away.at)}"
    if standing.errors:
        yield f"plan: {standing.errors} errors in it"
    yield from _elsewhere(standing)
    statuses = {view.task.id: view.task.status for view in overview.tasks}
    yield from _at_work(standing, statuses)
    for turn in standing.merge_queue:
        yield f"merge queue: {turn.position}. {turn.task}, since {at(turn.since)}"
    for need in standing.people:
        yield f"needs a person: {need.task} ({need.status}): {need.why}"
    for conflict in standing.conflicts:
        yield f"conflict: {conflict}"
    yield f"ready: {', '.join(overview.ready) or 'none'}"
    for milestone in overview.milestones:
        yield f"milestone: {_milestone(milestone)}"


def _at_work(standing: Standing, statuses: Mapping[str, str]) -> Iterator[str]:
    live = [one for one in standing.attempts if one.live]
    for one in live:
        yield f"at work: {_attempt(one)}"
    for one in standing.attempts:
        if not one.live and statuses.get(one.attempt.task) == Status.IN_PROGRESS:
            waits = standing.waits.get(one.attempt.task, ())
            why = f": {_why(waits[0], standing)}" if waits else ""
            yield f"begun, nobody at it: {_attempt(one)}{why}"
    if not live and standing.elsewhere is None:
        yield "at work: nobody"


def _elsewhere(standing: Standing) -> Iterator[str]:
    heard = standing.elsewhere
    if heard is None:
        return
    yield f"carried out in another clone, as heard at {at(heard.looked)}"
    if heard.there.paused:
        yield f"paused there: {heard.there.paused}"
    for row in heard.there.rows:
        who = f"{row.agent or '?'}, attempt {row.attempt or '?'}, {row.step or '?'}"
        waits = f", waits: {row.why}" if row.waits_on else ""
        yield f"there: {row.task} ({row.status}): {who}{waits}"


def _run(run: RunSign | None, stale: datetime | None) -> str:
    if run is None:
        return "none yet"
    if stale is not None:
        return f"died; what follows is as of {at(stale)}"
    if run.ended is not None:
        return f"none; the last one ended at {at(run.ended)}"
    slots = "" if run.slots is None else f", {run.slots} rows at once"
    return f"at work since {at(run.since)}{slots}, last sign {at(run.last_sign)}"


def _attempt(one: LiveAttempt) -> str:
    attempt = one.attempt
    reviewer = f", reviewed by {one.reviewer}" if one.reviewer else ""
    branch = f", branch {attempt.branch}" if attempt.branch else ""
    return (
        f"{attempt.task}: {attempt.agent}, attempt {attempt.number}, {one.step}{reviewer},"
        f" since {at(attempt.started)}{branch}"
    )


def _milestone(view: MilestoneView) -> str:
    title = view.milestone.title
    if view.milestone.placeholder:
        return f"{view.milestone.id}: not planned yet; {title}"
    counts = ", ".join(f"{number} {status}" for status, number in view.counts.items() if number)
    return f"{view.milestone.id}: {counts or 'no rows'}; {title}"


def task_told(standing: Standing, story: Story) -> Told:
    """One row, as the plan has it, what holds it, and what was tried."""
    view = next((one for one in standing.overview.tasks if one.task.id == story.task), None)
    return Told(
        what=f"One row, revision {standing.revision}",
        lines=tuple(_task(standing, story, view)),
        version=str(standing.revision),
    )


def _task(standing: Standing, story: Story, view: TaskView | None) -> Iterator[str]:
    yield f"row: {story.task}"
    if view is None:
        yield "plan: the row is gone from it"
    else:
        task = view.task
        since = standing.since.get(task.id)
        yield f"status: {task.status}" + (f", since {at(since)}" if since else "")
        yield f"agent: {task.agent or 'any'}; branch: {task.branch or 'none'}"
        if task.depends_on:
            waiting = frozenset(view.waiting_on)
            after = (f"{one} ({'not ' * (one in waiting)}done)" for one in task.depends_on)
            yield f"depends on: {', '.join(after)}"
        yield f"tokens: {count(view.spent_tokens)} of {count(task.estimate_tokens)} estimated"
        yield from (f"waits: {_wait(one, standing)}" for one in standing.waits.get(task.id, ()))
    live = standing.attempt(story.task)
    for chapter in story.chapters:
        at_it = live is not None and live.live and live.attempt.id == chapter.attempt.id
        yield f"attempt {chapter.attempt.number}: {_tried(chapter.attempt, live=at_it)}"
        if chapter.merged:
            yield f"merged as: {chapter.merged[:10]}"
    if view is not None:
        yield f"description: {view.task.description}"
        if view.task.notes:
            yield f"notes: {view.task.notes}"


def _wait(wait: Wait, standing: Standing) -> str:
    return _why(wait, standing) + (f", since {at(wait.since)}" if wait.since else "")


def _why(wait: Wait, standing: Standing) -> str:
    """Without the machine that has the mission, and without who paused it."""
    claim = standing.elsewhere.claim if standing.elsewhere is not None else None
    host = claim.host if claim is not None else ""
    if wait.on == WaitsFor.CLONE and host and wait.why.startswith(f"{host} "):
        return f"another clone{wait.why.removeprefix(host)}"
    if wait.on == WaitsFor.PAUSE and standing.paused is not None and standing.paused.by:
        return wait.why.replace(f"paused by {standing.paused.by}", "paused", 1)
    return wait.why


def _tried(attempt: Attempt, *, live: bool) -> str:
    if attempt.ended is None:
        state = "at work" if live else "not ended"
        return f"{attempt.agent}, {state}, {attempt.stage}, since {at(attempt.started)}"
    said = attempt.reason or attempt.summary
    return f"{attempt.agent}, ended {at(attempt.ended)} as {attempt.outcome}" + (
        f": {said}" if said else ""
    )


def found_told(standing: Standing, words: str, hide: Callable[[str], str]) -> Told:
    """The rows that hold all of the words, whatever their case: by name first, then in the order
    of the file.

    Args:
        hide: Takes out of a whole text what nobody is told; in a part of it that would not be
            known.
    """
    wanted = words.casefold().split()
    views = [view for view in standing.overview.tasks if _holds(view, wanted)]
    views.sort(key=lambda view: not all(word in view.task.id.casefold() for word in wanted))
    found = [_found(view, wanted, hide) for view in views[:_MOST_FOUND]]
    return Told(
        what=f"{len(views)} rows found, revision {standing.revision}",
        lines=tuple(found) or ("none: leave a word out, or look at mission_status",),
        version=str(standing.revision),
    )


def _holds(view: TaskView, words: list[str]) -> bool:
    text = " ".join(_texts(view)).casefold()
    return bool(words) and all(word in text for word in words)


def _texts(view: TaskView) -> tuple[str, ...]:
    task = view.task
    parts = (task.id, task.status, task.agent, task.branch, task.description, task.notes)
    return tuple(part for part in parts if part)


def _found(view: TaskView, words: list[str], hide: Callable[[str], str]) -> str:
    text = hide(f"{view.task.description} {view.task.notes}")
    places = [place for word in words if (place := text.casefold().find(word)) >= 0]
    start = max(0, min(places, default=0) - _EXCERPT // 4)
    excerpt = ("…" if start else "") + text[start : start + _EXCERPT]
    return f"{view.task.id} ({view.task.status}): {excerpt}"
