"""What every page has: whom it is about, how the mission stands, and what was asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from dashboard.missions import Copied, Shown
from errors import UsageError
from service.standing import Standing

T = TypeVar("T")
_MOST_PAGES = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Banner:
    """One line above everything else."""

    tone: str  # good, plain, warn, bad
    text: str
    since: datetime | None = None
    hint: str = ""  # what to type


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """The mission, as every page of it says."""

    key: str
    mission: str
    folder: str
    done: int  # rows
    rows: int
    needs: int  # rows that a person has to look at
    paused: bool
    banners: tuple[Banner, ...] = ()
    recorded: str = ""  # the address of the last run's page in Prefect


@dataclass(frozen=True, kw_only=True, slots=True)
class Slice(Generic[T]):
    """A part of a long list."""

    items: tuple[T, ...]
    page: int  # from 1
    pages: int
    total: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """What stands behind the `?` of an address; the first of each name counts."""

    values: Mapping[str, str] = field(default_factory=dict)
    exported: bool = False  # for a file that people without access get: all of a list, and no logs

    def text(self, name: str) -> str:
        """Empty where it is not given."""
        return self.values.get(name, "")

    def number(self, name: str) -> int | None:
        """A whole number above nothing; None where it is not given.

        Raises:
            UsageError: It is none.
        """
        text = self.values.get(name, "")
        if not text:
            return None
        if not (text.isascii() and text.isdecimal() and int(text[:12]) > 0 and len(text) <= 12):
            raise UsageError(f"{name} is no number: {text[:40]!r}", hint="Leave it out")
        return int(text)


def cut(items: Sequence[T], query: Query, *, at_once: int) -> Slice[T]:
    """The page of a list that is asked for, the last one where there are fewer.

    Raises:
        UsageError: What is asked for is no number.
    """
    at_once = max(1, len(items)) if query.exported else at_once
    pages = max(1, -(-len(items) // at_once))
    page = min(query.number("page") or 1, pages)
    start = (page - 1) * at_once
    return Slice(
        items=tuple(items[start : start + at_once]), page=page, pages=pages, total=len(items)
    )


def head_of(shown: Shown, standing: Standing) -> Head:
    """What every page of a mission says."""
    views = standing.overview.tasks
    return Head(
        key=shown.key,
        mission=standing.overview.mission or shown.folder,
        folder=shown.folder,
        done=sum(view.task.status == "done" for view in views),
        rows=len(views),
        needs=len(standing.people),
        paused=standing.paused is not None,
        banners=(*_copied(shown.copied), *banners(standing)),
        recorded=shown.recorded(standing.run),
    )


def _copied(copied: Copied | None) -> Iterator[Banner]:
    """Where it comes from, and what did not come along."""
    if copied is None:
        return
    others = ""
    if copied.others:
        clones = "Another clone" if copied.others == 1 else f"{copied.others} other clones"
        others = f" {clones} may know more."
    yield Banner(
        tone="plain",
        text="A copy: logs, changes, forecasts, a pause and whether the run is alive are known on"
        f" {copied.host} alone.{others} Nothing new came",
        since=copied.at,
    )


def banners(standing: Standing) -> list[Banner]:
    """Who is at work, and what is not as it should be: these stay until it is cured."""
    found = [_run(standing)]
    paused, away, behind = standing.paused, standing.away, standing.behind
    if paused is not None:
        by = f" by {paused.by}" if paused.by else ""
        why = f": {paused.reason}" if paused.reason else ""
        found.append(
            Banner(tone="warn", text=f"Paused{by}{why}", since=paused.since, hint="mission unpause")
        )
    if away is not None:
        found.append(Banner(tone="bad", text=away.what.text, since=away.at))
    if behind is not None:
        found.append(Banner(tone="warn", text=behind.what.why, since=behind.at))
    if standing.errors:
        number = "1 error" if standing.errors == 1 else f"{standing.errors} errors"
        found.append(Banner(tone="bad", text=f"{number} in the task file", hint="mission check"))
    for one in standing.untold:
        text = f"{one.to} is not told what happens: {one.why}"
        found.append(Banner(tone="warn", text=text, since=one.since, hint="mission notify test"))
    found += [Banner(tone="warn", text=text) for text in standing.conflicts]
    return found


def _run(standing: Standing) -> Banner:
    """Who holds the plan. Never a word of rest where nobody can tell."""
    run, heard = standing.run, standing.elsewhere
    if heard is not None and heard.claim is not None:
        host = heard.claim.host or "another clone"
        who = f" by {heard.claim.who}" if heard.claim.who else ""
        return Banner(
            tone="warn",
            text=f"Carried out on {host}{who}; what is shown was heard from there",
            since=heard.looked,
            hint="mission status --fetch",
        )
    if run is None:
        return Banner(tone="plain", text="No run yet", hint="mission run")
    if run.alive:
        return Banner(tone="good", text=f"A run is at work on {run.host}", since=run.since)
    if run.alive is None:
        return Banner(
            tone="warn",
            text=f"A run on {run.host} holds the plan, and gave no sign",
            since=run.last_sign,
        )
    if standing.stale_since is not None:
        return Banner(
            tone="bad",
            text="Stale: the last run died, and what it was at may be otherwise; no sign",
            since=standing.stale_since,
            hint="mission run",
        )
    ended = f"; the last one ended: {run.outcome}" if run.outcome else ""
    return Banner(
        tone="plain", text=f"No run is at work{ended}", since=run.ended, hint="mission run"
    )
