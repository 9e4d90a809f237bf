"""The missions of a team's storage, for who has a token of the gateway: as a run copied them there.

Whoever asks sees what their token is for; another mission is as if it were not there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Any, Final

import psycopg
from starlette.requests import Request

from errors import TierError
from lookup.http import PATH, Answering, manager_of
from lookup.paging import Redact
from lookup.server import make_server
from lookup.telling import at
from lookup.told import LookupFailedError, Mission, Told
from lookup.tools import OF_A_STORAGE, Tool
from mission.amounts import count
from mission.state import Status
from tasks_md.model import DONE
from tiers.gateway.app import Mounted
from tiers.gateway.entrance import reader_of
from tiers.gateway.storage import PAGE, ReadStorage

_MOST_PAGES: Final = 100  # of a mission's rows
_MOST_FOUND: Final = 50
_PERSONS: Final = (Status.NEEDS_QA, Status.BLOCKED, Status.FAILED)


class TeamMission:
    """A mission of the storage."""

    look_every = 2.0

    def __init__(self, storage: ReadStorage, name: str) -> None:
        self._storage = storage
        self._name = name

    def status(self) -> Told:
        """How it stood when it was last copied."""
        with _away():
            mission = self._row()
            rows = list(self._rows())
        return Told(
            what="Mission status, as the storage has it",
            lines=tuple(_status(mission, rows)),
            version=_version(mission),
        )

    def task(self, task: str) -> Told:
        """One row, by the name that the plan has for it."""
        with _away():
            mission = self._row()
            row = self._storage.task(f"{self._name}:{task}")
        if row is None or row["mission_id"] != self._name:
            raise LookupFailedError(
                "There is no such row: mission_search finds rows by their words"
            )
        return Told(
            what="One row, as the storage has it",
            lines=tuple(_task(row)),
            version=_version(mission),
        )

    def search(self, words: str) -> Told:
        """Rows and notes that fit: by meaning where the storage has embeddings."""
        with _away():
            mission = self._row()
            found = self._storage.search(words, _MOST_FOUND, (self._name,)) if words else None
        hits = found.hits if found is not None else ()
        return Told(
            what=f"{len(hits)} found, best first",
            lines=tuple(f"{hit.kind} {_key(hit.id)}: {hit.title or hit.excerpt}" for hit in hits)
            or ("none: leave a word out, or look at mission_status",),
            version=_version(mission),
        )

    def version(self) -> str:
        """When it was last copied."""
        try:
            with _away():
                return _version(self._row())
        except (TierError, LookupFailedError) as error:
            return f"unreadable: {error.message}"

    def _row(self) -> dict[str, Any]:
        found = self._storage.mission(self._name, offset=0, limit=1)
        if found is None:
            raise LookupFailedError("The mission is gone from the storage")
        return found

    def _rows(self) -> Iterator[dict[str, Any]]:
        offset: int | None = 0
        for _ in range(_MOST_PAGES):
            if offset is None:
                return
            page = self._storage.mission(self._name, offset=offset, limit=PAGE)
            if page is None:
                return
            yield from page["tasks"]
            offset = page["next_offset"]


class TeamMissions:
    """All of a storage, each for who may read it."""

    several = True
    tools: Sequence[Tool] = OF_A_STORAGE

    def __init__(self, storage: ReadStorage) -> None:
        self._storage = storage

    def mission(self, name: str, request: object) -> Mission:
        """The one of that name, if it is this reader's business."""
        reader = reader_of(request) if isinstance(request, Request) else None
        with _away():
            if (
                reader is not None
                and reader.may_read(name)
                and self._storage.mission(name, offset=0, limit=1) is not None
            ):
                return TeamMission(self._storage, name)
        names = ", ".join(self.names(request)) or "none"
        raise LookupFailedError("There is no such mission. There are:", quoted=names)

    def names(self, request: object) -> list[str]:
        """The first hundred that this reader may read."""
        reader = reader_of(request) if isinstance(request, Request) else None
        if reader is None:
            return []
        with _away():
            return [row["id"] for row in self._storage.missions(0, reader.missions)]


def mounted(storage: ReadStorage, redact: Redact) -> Mounted:
    """What the gateway has at its path."""
    manager = manager_of(make_server(TeamMissions(storage), redact, keeps=False))

    @asynccontextmanager
    async def lasting() -> AsyncIterator[None]:
        async with manager.run():
            yield

    def lifespan() -> AbstractAsyncContextManager[None]:
        return lasting()

    return Mounted(path=PATH, app=Answering(manager), lifespan=lifespan)


@contextmanager
def _away() -> Iterator[None]:
    try:
        yield
    except psycopg.Error:
        # The words of the driver may hold addresses and names that are nobody's business.
        raise TierError("the storage cannot be used now") from None


def _version(mission: dict[str, Any]) -> str:
    when = mission["updated_at"]
    return "none" if when is None else f"{int(when.timestamp() * 1000):x}"


def _key(identifier: str) -> str:
    """A row's name, without its mission's."""
    return identifier.partition(":")[2] or identifier


def _status(mission: dict[str, Any], rows: list[dict[str, Any]]) -> Iterator[str]:
    yield f"mission: {mission['name']}"
    yield f"copied: {at(mission['updated_at'])}"
    live = [row for row in rows if row["status"] == Status.IN_PROGRESS]
    for row in live:
        yield f"at work: {row['key']}: {row['agent']}, branch {row['branch']}"
    if not live:
        yield "at work: nobody"
    for row in rows:
        if row["status"] in _PERSONS:
            yield f"needs a person: {row['key']} ({row['status']}): {row['notes'] or '?'}"
    done = {row["key"] for row in rows if row["status"] == DONE}
    ready = [
        row["key"]
        for row in rows
        if row["status"] == Status.NOT_STARTED and done.issuperset(row["depends_on"] or ())
    ]
    yield f"ready: {', '.join(ready) or 'none'}"
    for milestone in dict.fromkeys(row["milestone"] for row in rows):
        counts = Counter(row["status"] for row in rows if row["milestone"] == milestone)
        told = ", ".join(f"{number} {status}" for status, number in sorted(counts.items()))
        yield f"milestone: {milestone}: {told}"


def _task(row: dict[str, Any]) -> Iterator[str]:
    yield f"row: {row['key']}"
    yield f"status: {row['status']}, copied {at(row['updated_at'])}"
    yield f"agent: {row['agent'] or 'any'}; branch: {row['branch'] or 'none'}"
    if row["depends_on"]:
        yield f"depends on: {', '.join(row['depends_on'])}"
    yield f"tokens: {count(row['spent_tokens'])} of {count(row['estimate_tokens'])} estimated"
    for one in row["attempts"]:
        ended = f"ended {at(one['ended'])} as {one['outcome']}" if one["ended"] else one["stage"]
        why = f": {one['reason']}" if one["reason"] else ""
        yield f"attempt {one['number']}: {one['agent']}, {ended}{why}"
    yield f"description: {row['description'] or row['title']}"
    if row["notes"]:
        yield f"notes: {row['notes']}"
