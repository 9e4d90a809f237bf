"""Missions of a team, as its storage holds them. They are copies: nothing here is decided."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from dashboard.missions import Among, Copied, Shown
from errors import TierError
from errors.finding import Severity
from mission.journal import Journal
from mission.journal.replica import Replica
from service.making import Known, make_standing
from service.record import Record, read_record
from service.standing import RunSign, Standing
from tasks_md.graph import Graph
from tasks_md.holder import Holder
from tasks_md.lint import lint
from tasks_md.model import Dialect, Plan
from tasks_md.parse import parse
from tiers.gateway.records import MOST, KnownMission, Records, StoredFile

_T = TypeVar("_T")
_LOOK_EVERY: Final = 0.5  # seconds: as long an answer of the storage holds for all who ask
_QUESTIONS: Final = 64  # whose answers are kept
_NAME: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)
_TAKEN: Final = frozenset({"api", "mcp", "static"})  # what else addresses begin with
_LONGEST_KEY: Final = 80


def key_of(identifier: str) -> str:
    """What stands in addresses: the identifier itself where it can."""
    fits = _NAME.fullmatch(identifier) and len(identifier) <= _LONGEST_KEY
    if fits and identifier not in _TAKEN:
        return identifier
    digest = hashlib.sha256(identifier.encode("utf-8", "surrogatepass")).hexdigest()
    return f"m-{digest[:24]}"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Read:
    """What was made of what the storage holds."""

    mark: object  # of that
    replica: Replica  # of the journal `source`
    source: str
    file: StoredFile
    plan: Plan
    standing: Standing


class TeamMission:
    """One of them: read anew when something was copied. For many threads."""

    def __init__(self, known: KnownMission, records: Records) -> None:
        self.key = key_of(known.id)
        self._records = records
        self._known = known  # as it was told of last
        self._lock = threading.Lock()  # guards what was read; held while it is read
        self._read: _Read | None = None

    @property
    def folder(self) -> str:
        """The name by which tokens are made for it."""
        return self._known.id

    @property
    def place(self) -> None:
        """It is on another machine, or as good as."""
        return None

    @property
    def books(self) -> TeamMission:
        """It is them itself."""
        return self

    @property
    def copied(self) -> Copied | None:
        """Whose journal is shown."""
        known = self._known
        if known.copied is None:
            return None
        others = max(0, (known.journals or 0) - 1)
        return Copied(host=known.host or "another machine", at=known.copied, others=others)

    def told(self, known: KnownMission) -> None:
        """What the storage says of it now."""
        self._known = known

    def current(self) -> Standing:
        """How it stands, as far as was copied.

        Raises:
            TierError: The storage is away, or holds too little of it.
        """
        return self._now().standing

    def look(self, take: Callable[[Journal], _T], /) -> _T:
        """What `take` finds in its journal.

        Raises:
            TierError: As `current`.
        """
        replica = self._now().replica
        with replica.at_one_moment():
            return take(replica)

    def word(self) -> str:
        """Of what was copied, without a look at it."""
        return hashlib.sha256(repr(self._known.mark).encode()).hexdigest()[:12]

    def recorded(self, _run: RunSign | None) -> str:
        """Its Prefect is the other machine's."""
        return ""

    def version(self) -> object:
        """Of the journal: it comes with everything else."""
        return self._known.mark

    def _now(self) -> _Read:
        with self._lock:
            known, before = self._known, self._read
            if before is None or before.mark != known.mark:
                self._read = before = self._look(known, before)
            return before

    def _look(self, known: KnownMission, before: _Read | None) -> _Read:
        if known.source is None:
            raise _too_little(known)
        same = before is not None and before.source == known.source
        replica = before.replica if before is not None and same else Replica.in_memory()
        last = replica.last_event()
        stored = self._records.read(known, after=0 if last is None else last.id)
        if stored.file is None:
            raise _too_little(known)
        try:
            replica.take(stored.runs, stored.attempts, stored.events)
            record = read_record(replica)
        except (KeyError, TypeError, ValueError) as error:
            raise TierError(
                f"what the storage holds of {known.name} cannot be read: {type(error).__name__}",
                hint="Another version may have copied it: mission tier sync, by this one",
            ) from error
        if before is not None and before.file == stored.file:
            plan = before.plan
        else:
            plan = _plan(stored.file, known)
        revision = 1 if before is None else before.standing.revision + 1
        return _Read(
            mark=known.mark,
            replica=replica,
            source=known.source,
            file=stored.file,
            plan=plan,
            standing=_standing(plan, record, revision),
        )


def _too_little(known: KnownMission) -> TierError:
    return TierError(
        f"the storage holds no copy of {known.name}'s file and journal that pages can be made of",
        hint="mission tier sync, where its clone is",
    )


def _plan(file: StoredFile, known: KnownMission) -> Plan:
    dialect = Dialect(columns=file.columns, statuses=file.statuses)
    plan = parse(file.body, path=known.path or "TASKS.md", dialect=dialect)
    return replace(plan, mission=file.name)


def _standing(plan: Plan, record: Record, revision: int) -> Standing:
    run = record.run
    holder = None
    if run is not None and run.ended is None:  # that it is alive can be seen on its machine alone
        holder = Holder(host=run.host, pid=run.pid, since=run.started.isoformat(), command="")
    known = Known(
        plan=plan,
        graph=Graph.of(plan),
        errors=sum(finding.severity is Severity.ERROR for finding in lint(plan)),
        record=record,
        holder=holder,
    )
    return make_standing(known, revision=revision)


class TeamMissions:
    """All of them that a storage holds. For many threads."""

    def __init__(self, records: Records, clock: Callable[[], float] = time.monotonic) -> None:
        self._records = records
        self._clock = clock
        self._lock = threading.Lock()  # guards what follows; held while the storage is asked
        self._kept: OrderedDict[str, TeamMission] = OrderedDict()
        self._told: OrderedDict[Among, tuple[float, dict[str, Shown]]] = OrderedDict()

    def missions(self, among: Among) -> Mapping[str, Shown]:
        """Those that somebody may see, the newest first: the storage is asked at most twice a
        second, by however many.

        Raises:
            TierError: The storage is away.
        """
        with self._lock:
            found = self._told.get(among)
            if found is not None and self._clock() - found[0] < _LOOK_EVERY:
                return found[1]
            known = self._records.missions(None if among is None else sorted(among))
            shown: dict[str, Shown] = {}
            for one in known:
                mission = self._mission(one)
                shown[mission.key] = mission
            self._told[among] = (self._clock(), shown)
            self._told.move_to_end(among)
            _forget(self._told, most=_QUESTIONS)
            return shown

    def mission(self, key: str, among: Among) -> Shown:
        """The one of that key, though it were not among the newest.

        Raises:
            KeyError: There is none that they may see.
            TierError: The storage is away.
        """
        shown = self.missions(among)
        if key in shown or (among is not None and key not in among):
            return shown[key]
        return self.missions(frozenset({key}))[key]

    def _mission(self, known: KnownMission) -> TeamMission:
        mission = self._kept.get(known.id)
        if mission is None:
            mission = self._kept[known.id] = TeamMission(known, self._records)
        mission.told(known)
        self._kept.move_to_end(known.id)
        _forget(self._kept, most=2 * MOST)
        return mission


def _forget(kept: OrderedDict[Any, Any], *, most: int) -> None:
    while len(kept) > most:
        kept.popitem(last=False)
