"""What a standing is made of, read from the disk: no process is started, no server asked."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from errors.finding import Severity
from gates.pause import PauseFiles
from mission.elsewhere import elsewhere_file, read_elsewhere
from mission.journal import Attempt
from mission.journal.look import look
from mission.place import Place
from mission.plan import read_plan
from mission.plan_copy import other_branch, plan_file
from service.making import Known
from service.record import Record, read_record
from tasks_md.graph import Graph
from tasks_md.holder import holder, note_file
from tasks_md.lint import lint
from tasks_md.model import Plan

_Version = tuple[int, int, int] | None
_TICK = 50_000_000  # nanoseconds; of file systems that we know the coarsest has a fifth


@dataclass(frozen=True, kw_only=True, slots=True)
class Versions:
    """What differs when a file that a standing is made of differs, or its run has died."""

    plan: tuple[_Version, ...]
    journal: tuple[_Version, ...]
    beside: tuple[_Version, ...]
    holder: int | None  # the pid of who holds the mission

    def settled(self, at: int) -> Versions:
        """These versions as far as a file that was read `at` (nanoseconds) was surely read as it is
        now: what is written twice in one tick of the file system's clock looks as after the
        first."""
        return replace(
            self,
            plan=_settled(self.plan, at),
            journal=_settled(self.journal, at),
            beside=_settled(self.beside, at),
        )


def versions(place: Place) -> Versions:
    """The versions of the mission's files as they are now."""
    pause = _pause_files(place)
    held = holder(place.state_dir)
    return Versions(
        plan=_versions(plan_file(place), place.config_file),
        journal=_journal_versions(place),
        beside=_versions(
            pause.own, pause.beside, note_file(place.state_dir), elsewhere_file(place)
        ),
        holder=None if held is None else held.pid,
    )


def journal_version(place: Place) -> object | None:
    """What differs when the journal does; None where it was written so lately that a look now may
    miss what is written next in the same tick of the clock."""
    found = _journal_versions(place)
    return _settled(found, time.time_ns()) or None


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadPlan:
    """The task file, read and looked through."""

    plan: Plan
    graph: Graph
    errors: int

    @classmethod
    def of(cls, place: Place) -> ReadPlan:
        """As it is now.

        Raises:
            TaskFileError: It cannot be read.
            ConfigError: `mission.yaml` is there and cannot be understood.
        """
        plan = read_plan(place)
        errors = sum(finding.severity is Severity.ERROR for finding in lint(plan))
        return cls(plan=plan, graph=Graph.of(plan), errors=errors)


def read_journal(place: Place) -> Record:
    """What the journal says now.

    Raises:
        JournalError: It cannot be read.
    """
    return look(place.journal_file, read_record)


def known(place: Place, read: ReadPlan, record: Record) -> Known:
    """Plan and journal with what else is known now."""
    return Known(
        plan=read.plan,
        graph=read.graph,
        errors=read.errors,
        record=record,
        host=os.uname().nodename,
        holder=holder(place.state_dir),
        paused=_pause_files(place).read(),
        outputs=log_ends(record.attempts),
        elsewhere=read_elsewhere(place),
        other_branch=other_branch(place),
    )


def _pause_files(place: Place) -> PauseFiles:
    return PauseFiles.of(state_dir=place.state_dir, folder=place.folder)


def may_be_asked(place: Place) -> bool:
    """Whether `mission.yaml` may say that the remote is asked (`status.fetch`). That word alone is
    looked for: to read the whole file takes time."""
    try:
        return b"fetch" in place.config_file.read_bytes()
    except OSError:
        return False


def log_ends(attempts: Iterable[Attempt]) -> dict[int, datetime]:
    """When the logs of attempts grew last, by attempt; without those that have none yet."""
    found = {}
    for attempt in attempts:
        version = _version(Path(attempt.log)) if attempt.log else None
        if version is not None:
            found[attempt.id] = datetime.fromtimestamp(version[0] / 1e9, UTC)
    return found


def _settled(found: tuple[_Version, ...], at: int) -> tuple[_Version, ...]:
    newest = max((version[0] for version in found if version is not None), default=0)
    return found if at - newest > _TICK else ()


def _journal_versions(place: Place) -> tuple[_Version, ...]:
    journal = place.journal_file
    return _versions(journal, journal.with_name(f"{journal.name}-wal"))


def _versions(*files: Path) -> tuple[_Version, ...]:
    return tuple(map(_version, files))


def _version(file: Path) -> _Version:
    try:
        found = file.stat()
    except OSError:
        return None  # gone, or not there yet: that is a version too
    return found.st_mtime_ns, found.st_size, found.st_ino
