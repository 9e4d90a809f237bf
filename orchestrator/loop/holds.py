"""What keeps rows from starting though nobody has stopped the run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from gates.pause import PauseFiles
from workspace.away import Away


class Holds(Protocol):
    """A pause, and a remote that cannot be reached. Both end by themselves."""

    @property
    def paused(self) -> bool:
        """Whether a person has paused the mission."""

    @property
    def away(self) -> bool:
        """Whether the remote is away."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunHolds:
    """Those of a run: the files that pause it, and its remote."""

    files: PauseFiles
    remote: Away

    @property
    def paused(self) -> bool:
        return self.files.read() is not None

    @property
    def away(self) -> bool:
        return self.remote.holds


@dataclass(kw_only=True, slots=True)
class HoldsInMemory:
    """The shipped fake."""

    paused: bool = False
    away: bool = False
