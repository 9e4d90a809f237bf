"""What became of a mission in some time: done, stuck and why, spent, and what is expected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from mission.amounts import count, counted, money
from mission.journal import Journal
from mission.journal.kinds import StatusSet
from mission.journal.look import look
from mission.place import Place
from service.standing import Standing
from tasks_md.model import DONE


@dataclass(frozen=True, kw_only=True, slots=True)
class DoneRow:
    """A row that was finished."""

    task: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class StuckRow:
    """A row that goes on only after a person, or that something holds."""

    task: str
    status: str
    why: str
    command: str  # what to type; may be empty


@dataclass(frozen=True, kw_only=True, slots=True)
class Digest:
    """A mission since some time."""

    mission: str
    since: datetime
    until: datetime
    done: tuple[DoneRow, ...]
    stuck: tuple[StuckRow, ...]
    run: str  # whether one is at work, in words
    rows: int
    rows_done: int
    spent_tokens: int  # by attempts that ended since, or are under way
    spent_usd: float | None  # None: no price is known
    mission_tokens: int  # ever
    estimate_tokens: int
    forecast: str = ""  # in words; empty: there is none

    def data(self) -> Mapping[str, object]:
        """As JSON."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Since:
    """What the journal says of a time."""

    done: tuple[DoneRow, ...]
    tokens: int
    usd: float | None


def read_since(place: Place, since: datetime) -> Since:
    """Look it up. Nothing is changed.

    Raises:
        JournalError: The journal cannot be read.
    """
    return look(place.journal_file, lambda journal: _since(journal, since))


def make_digest(
    standing: Standing, told: Since, since: datetime, until: datetime, *, forecast: str = ""
) -> Digest:
    """Put it together. Pure."""
    views = standing.overview.tasks
    by_id = {view.task.id: view for view in views}
    done = [one for one in told.done if one.task in by_id and by_id[one.task].task.status == DONE]
    return Digest(
        mission=standing.overview.mission,
        since=since,
        until=until,
        done=tuple(done),
        stuck=tuple(
            StuckRow(task=need.task, status=need.status, why=need.why, command=need.hint)
            for need in standing.people
        ),
        run=_run(standing),
        rows=len(views),
        rows_done=sum(view.task.status == DONE for view in views),
        spent_tokens=told.tokens,
        spent_usd=told.usd,
        mission_tokens=sum(view.spent_tokens for view in views),
        estimate_tokens=sum(view.task.estimate_tokens or 0 for view in views),
        forecast=forecast,
    )


def digest_lines(digest: Digest) -> Iterator[str]:
    """It in words, a line each."""
    since = f"{digest.since.astimezone():%a %d %b %H:%M}"
    yield f"{digest.rows_done} of {counted(digest.rows, 'row')} done; {digest.run}."
    names = ", ".join(one.task for one in digest.done) or "nothing"
    yield f"Done since {since} ({len(digest.done)}): {names}"
    yield f"Stuck ({len(digest.stuck)}){':' if digest.stuck else ''}"
    for one in digest.stuck:
        yield f"  {one.task} {one.status}: {one.why}"
        if one.command:
            yield f"    Type: {one.command}"
    cost = "" if digest.spent_usd is None else f", {money(digest.spent_usd)}"
    yield (
        f"Spent since then: {count(digest.spent_tokens)} tokens{cost}; "
        f"ever: {count(digest.mission_tokens)} of {count(digest.estimate_tokens)} estimated"
    )
    if digest.forecast:
        yield f"Forecast: {digest.forecast}"


def _since(journal: Journal, since: datetime) -> Since:
    done = tuple(
        DoneRow(task=str(one.task), at=one.at)
        for one in journal.newest(StatusSet)
        if one.at >= since and one.what.new == DONE
    )
    its = [one for one in journal.attempts() if one.ended is None or one.ended >= since]
    costs = [one.cost_usd for one in its if one.cost_usd is not None]
    return Since(
        done=done, tokens=sum(one.tokens for one in its), usd=sum(costs) if costs else None
    )


def _run(standing: Standing) -> str:
    if standing.paused is not None:
        return "paused"
    if standing.elsewhere is not None:
        return "a run is at work in another clone"
    if standing.run is not None and standing.run.at_work:
        return f"a run is at work on {standing.run.host}"
    if standing.stale_since is not None:
        return "the last run died: `mission run` carries on"
    return "no run is at work"
