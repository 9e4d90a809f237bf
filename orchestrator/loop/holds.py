"""What keeps rows from starting though nobody has stopped the run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from gates.pause import PauseFiles
from mission.slots import SlotsFile
from orchestrator.claiming.claim import Claim
from workspace.away import Away


class Holds(Protocol):
    """What people want of the run as a whole, a remote that cannot be reached, and that the mission
    is not ours. All of it may change at any time."""

    @property
    def paused(self) -> bool:
        """Whether a person has paused the mission."""

    @property
    def away(self) -> bool:
        """Whether the remote is away, or has heard nothing of us for too long."""

    @property
    def yields(self) -> bool:
        """Whether what is under way has to end before another clone takes the mission: it goes on
        once the remote has heard of us."""

    @property
    def unclaimed(self) -> bool:
        """Whether another clone may carry the mission out: nothing starts, nothing is applied."""

    @property
    def slots(self) -> int | None:
        """How many rows at once a person wants from now on; None: as many as at the beginning."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunHolds:
    """Those of a run: the files that pause it, its remote, and its claim there."""

    files: PauseFiles
    remote: Away
    claim: Claim
    limit: SlotsFile

    @property
    def slots(self) -> int | None:
        return self.limit.read()

    @property
    def paused(self) -> bool:
        return self.files.read() is not None

    @property
    def away(self) -> bool:
        return self.remote.holds or self.claim.silent

    @property
    def yields(self) -> bool:
        return self.claim.yields

    @property
    def unclaimed(self) -> bool:
        return not self.claim.taken


@dataclass(kw_only=True, slots=True)
class HoldsInMemory:
    """The shipped fake."""

    paused: bool = False
    away: bool = False
    yields: bool = False
    unclaimed: bool = False
    slots: int | None = None
