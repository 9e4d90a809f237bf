"""Where projected rows come from: which mission, and which journal of it."""

from __future__ import annotations

import hashlib
import re
import socket
from dataclasses import dataclass

from mission.journal import Journal
from mission.place import Place
from tasks_md.model import Plan

_NO_NAME = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """The identifiers under which a mission's rows are kept."""

    mission: str  # the same for every clone of the mission's repository
    source: str  # one journal: this machine's, from its first run on

    def task(self, key: str) -> str:
        """The identifier of a row of TASKS.md."""
        return f"{self.mission}:{key}"

    def event(self, number: int) -> str:
        """The identifier of an event of the journal."""
        return f"{self.source}:{number}"


def origin_of(place: Place, plan: Plan, journal: Journal) -> Origin:
    """Who we are. A journal that was moved away and begun anew is another one."""
    path = place.path_in_repository or str(place.task_file)
    runs = journal.runs()
    began = runs[0].started.isoformat() if runs else ""
    name = _NO_NAME.sub("-", plan.mission.lower()).strip("-") or "mission"
    return Origin(
        mission=f"{name}-{_digest(plan.mission, path)}",
        source=_digest(socket.gethostname(), str(place.state_dir), began),
    )


def _digest(*parts: str) -> str:
    text = "\0".join(parts)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:12]
