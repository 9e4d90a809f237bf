"""The text of `mission status`, for eighty columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from cli.console import Style, paint, printable, screen_width, shown_path
from cli.elsewhere_page import answer_lines, claim_lines, row_lines
from cli.tables import Column, minute, table, wrap, wrapped
from cli.typed_here import command_here, text_here
from mission.amounts import count
from mission.waits import WaitsFor
from orchestrator.loop.notes import without_word
from service.overview import MilestoneView, Overview, TaskView
from service.standing import Standing, Wait
from tasks_md.model import AUTO, DONE, NOT_STARTED
from tasks_md.spans import display_width

_MILESTONES = (
    Column(heading="MILESTONE"),
    Column(heading="PROGRESS"),
    Column(heading="TOKENS", right=True),
    Column(heading="TITLE", flexible=True),
)
_BAR = 10  # columns
_FEW = 10  # rows of a section that is only for orientation
_MANY = 50  # rows of a section that a person has to act on
# What is told of a row that is ready, and of one that is under way; all else is in the head.
_TOLD = (WaitsFor.PROVIDER, WaitsFor.BUDGET, WaitsFor.SLOT, WaitsFor.LEFTOVER)
_HELD = (*_TOLD, WaitsFor.GATE, WaitsFor.MERGE, WaitsFor.REVIEWER, WaitsFor.RETRY)
_LEADS = {WaitsFor.SLOT: "", WaitsFor.REVIEWER: "", WaitsFor.BUDGET: "over budget: "}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Section:
    """Rows of one kind."""

    title: str
    style: Style
    hint: str  # what to type; `{0}` is the id of the first row
    many: str = ""  # ... where there are several
    most: int
    holds: Callable[[TaskView], bool]
    tells: Callable[[TaskView, Standing], str]


def status_page(standing: Standing) -> str:
    """The page, without a line end behind it."""
    lines = [*_head(standing), "", _milestones(standing.overview)]
    views = standing.overview.tasks
    order = {task: at for at, task in enumerate(standing.overview.ready)}
    views.sort(key=lambda view: order.get(view.task.id, len(order)))
    for section in _SECTIONS:
        rows = [view for view in views if section.holds(view) and not _is_there(view, standing)]
        if section is _SECTIONS[0] and standing.elsewhere is not None:
            lines += row_lines(standing.elsewhere)
        if rows:
            lines += ["", *_section(section, rows, standing)]
    if standing.elsewhere is not None:
        lines += answer_lines(standing.elsewhere)
    return "\n".join(lines)


def _head(standing: Standing) -> Iterator[str]:
    overview = standing.overview
    views = overview.tasks
    done = sum(view.task.status == DONE for view in views)
    estimate = sum(view.task.estimate_tokens or 0 for view in views)
    spent = sum(view.spent_tokens for view in views)
    if overview.mission:
        yield paint(printable(overview.mission), "bold")
    yield paint(shown_path(overview.path), "dim")
    yield (
        f"{done} of {len(views)} tasks done, {count(spent)} tokens spent, "
        f"{count(estimate)} estimated"
    )
    yield from _run(standing)
    if standing.paused is not None:
        told = f"Since {minute(standing.paused.since)} {standing.paused.detail}"
        yield from wrapped(told, "yellow")
    if (other := standing.other_branch) is not None:
        told = (
            f"{other.checked_out} is checked out here: plan and statuses are those of "
            f"{other.base}, in {other.path}"
        )
        yield from wrapped(told, "yellow")
    if standing.behind is not None:
        told = f"Since {minute(standing.behind.at)} {standing.behind.what.why}"
        yield from wrapped(told, "yellow")
    if standing.errors:
        number = "1 error" if standing.errors == 1 else f"{standing.errors} errors"
        yield from wrapped(f"{number} in the file: `mission check` tells where", "red")
    for one in standing.untold:
        again = "no message is tried again" if one.given_up else "it is tried again"
        told = f"Since {minute(one.since)} {one.to} is not told what happens: {one.why}; {again}"
        yield from wrapped(told, "yellow")
    for conflict in standing.conflicts:
        yield from wrapped(conflict, "yellow")


def _run(standing: Standing) -> Iterator[str]:
    """Who is at work, and what is left where nobody is."""
    run, away = standing.run, standing.away
    if standing.elsewhere is not None:
        yield from claim_lines(standing.elsewhere)
        return
    if run is not None and run.at_work:
        since = minute(run.since)
        slots = "" if run.slots is None else f", at most {run.slots} at once"
        told = f"process {run.pid} on {run.host} since {since} ({run.command}){slots}"
        yield from wrapped(f"A run is under way: {told}", "cyan")
        if run.alive is None:
            yield from wrapped(f"Its last sign is of {minute(run.last_sign)}", "yellow")
        if away is not None:
            yield from wrapped(f"Since {minute(away.at)} {away.what.text}", "yellow")
        return
    if any(standing.attempt(view.task.id) for view in standing.overview.tasks):
        yield from wrapped("No run is at work: `mission run` carries on", "yellow")
    if standing.stale_since is not None:
        told = f"The last run died; its last sign is of {minute(standing.stale_since)}"
        yield from wrapped(told, "yellow")


def _is_there(view: TaskView, standing: Standing) -> bool:
    """Whether another clone has the row, so that the file here tells less of it."""
    there = standing.elsewhere
    return view.task.status != DONE and there is not None and there.row(view.task.id) is not None


def _milestones(overview: Overview) -> str:
    if not overview.milestones:
        return "There are no milestones yet."
    return table(_MILESTONES, [_milestone(view) for view in overview.milestones])


def _milestone(view: MilestoneView) -> tuple[str, ...]:
    name = view.milestone.id
    title = view.milestone.title
    if view.milestone.placeholder:
        issue = f" {view.milestone.issue}" if view.milestone.issue else ""
        return name, f"not planned{issue}", count(view.estimate_tokens), title
    done, all_tasks = view.counts[DONE], len(view.tasks)
    filled = done * _BAR // all_tasks
    bar = "█" * filled + "░" * (_BAR - filled)
    tokens = f"{count(view.spent_tokens)} of {count(view.estimate_tokens)}"
    return name, f"{bar} {done}/{all_tasks}", tokens, title


def _section(section: _Section, rows: Sequence[TaskView], standing: Standing) -> Iterator[str]:
    shown = rows[: section.most]
    told = section.many if section.many and len(rows) > 1 else section.hint
    told = command_here(told.format(printable(rows[0].task.id)))
    title = f"{section.title} ({len(rows)})"
    beside = display_width(f"{title}  {told}") <= screen_width()
    hint = f"  {paint(told, 'dim')}" if told and beside else ""
    yield f"{paint(title, section.style)}{hint}"
    if not beside:
        yield f"  {paint(told, 'dim')}"  # in one line, so that it can be copied
    ids = max(display_width(printable(view.task.id)) for view in shown)
    for view in shown:
        name = printable(view.task.id)
        lead = f"  {name}{' ' * (ids - display_width(name))}  "
        room = max(20, screen_width() - display_width(lead))
        by_people = (without_word(view.task.notes), view.task.description)
        told = text_here(section.tells(view, standing), of_others=by_people)
        text = wrap(printable(told), room)
        if section.most == _FEW and len(text) > 1:
            text = [_cut(text, room)]
        yield lead + text[0]
        for line in text[1:]:
            yield " " * display_width(lead) + line
    if len(rows) > len(shown):
        yield f"  … and {len(rows) - len(shown)} more"


def _cut(lines: Sequence[str], room: int) -> str:
    """The first of several lines, with a mark that there is more."""
    first = lines[0]
    while display_width(first) > room - 2:
        first = first[:-1]
    return f"{first.rstrip()} …"


def _ready(view: TaskView, standing: Standing) -> str:
    task = view.task
    agent = "auto" if task.agent == AUTO else task.agent
    estimate = f" {count(task.estimate_tokens)}" if task.estimate_tokens else ""
    held = [_short(wait) for wait in standing.waits.get(task.id, ()) if wait.on in _TOLD]
    return f"{'; '.join([f'{agent}{estimate}', *held])}: {task.description}"


def _under_way(view: TaskView, standing: Standing) -> str:
    one = standing.attempt(view.task.id)
    waits = [_short(wait) for wait in standing.waits.get(view.task.id, ()) if wait.on in _HELD]
    if one is None:
        told = view.task.notes or view.task.description
        return "; ".join(waits) or f"no attempt of this runner; {told}"
    attempt = one.attempt
    since = minute(attempt.started)
    spent = f", {count(attempt.tokens)} tokens" if attempt.tokens else ""
    told = f"{attempt.agent}, attempt {attempt.number} since {since}, {one.step}{spent}"
    return "; ".join([told, *waits])


def _short(wait: Wait) -> str:
    """What a row waits for, and why, in a few words."""
    when = f", until {minute(wait.until)}" if wait.until is not None else ""
    if not when and wait.since is not None and wait.on in (WaitsFor.GATE, WaitsFor.MERGE):
        when = f", since {minute(wait.since)}"
    return f"{_LEADS.get(wait.on, 'waits: ')}{wait.why}{when}"


def _noted(view: TaskView, _standing: Standing) -> str:
    return view.task.notes or view.task.description


def _waits(view: TaskView, standing: Standing) -> str:
    return standing.waits[view.task.id][0].why


def _has(status: str) -> Callable[[TaskView], bool]:
    return lambda view: view.task.status == status


_SECTIONS = (
    _Section(
        title="Ready",
        style="bold",
        hint="mission run",
        most=_FEW,
        holds=lambda view: view.ready,
        tells=_ready,
    ),
    _Section(
        title="In progress",
        style="cyan",
        hint="",
        most=_MANY,
        holds=_has("in-progress"),
        tells=_under_way,
    ),
    _Section(
        title="Needs QA",
        style="yellow",
        hint="mission show {0}, then mission approve {0}",
        most=_MANY,
        holds=_has("needs-qa"),
        tells=_noted,
    ),
    _Section(
        title="Blocked",
        style="yellow",
        hint="mission unblock {0}, once the reason is gone",
        many="mission unblock --all, once the reasons are gone",
        most=_MANY,
        holds=_has("blocked"),
        tells=_noted,
    ),
    _Section(
        title="Failed",
        style="red",
        hint="mission retry {0}, or mission history {0}",
        many="mission retry --all, or mission history {0}",
        most=_MANY,
        holds=_has("failed"),
        tells=_noted,
    ),
    _Section(
        title="Waiting",
        style="bold",
        hint="",
        most=_FEW,
        holds=lambda view: view.task.status == NOT_STARTED and not view.ready,
        tells=_waits,
    ),
)
