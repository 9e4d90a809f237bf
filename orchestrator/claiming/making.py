"""Makes the claim that a mission's settings ask for."""

from __future__ import annotations

from collections.abc import Callable

from mission.claim import CLAIM_FILE, claim_bytes
from mission.clock import SYSTEM_CLOCK, Clock
from mission.config import MissionConfig
from mission.elsewhere import heard, write_elsewhere
from mission.place import Place
from orchestrator.claiming.carried import Carried
from orchestrator.claiming.claim import Claim, NoClaim
from orchestrator.claiming.claim_ref import ClaimRef, Found
from orchestrator.claiming.memory import MemoryFile, clone_id
from orchestrator.claiming.remote_claim import RemoteClaim
from orchestrator.claiming.taking import Taking
from workspace.process import Stop
from workspace.repository import Repository
from workspace.shared_refs import SharedRefs


def make_claim(
    place: Place,
    config: MissionConfig,
    repository: Repository,
    *,
    carried: Carried,
    stop: Stop,
    say: Callable[[str], None],
    tell_away: Callable[[str, bool], None],
    take_over: bool = False,
    clock: Clock = SYSTEM_CLOCK,
) -> Claim:
    """The claim on a mission, which nobody has taken yet.

    Args:
        repository: Without an escort: the claim becomes that.
        carried: What goes along.
        say: Tells people a line.
        tell_away: Tells people a line, and whether the remote is away, when that changes.
        take_over: Whether a person wants it taken over as soon as that may be.
    """
    if repository.remote is None or config.claim is None:
        return NoClaim()
    key = place.state_dir.name
    clone = clone_id(place.state_dir, repository.common_dir)
    memory = MemoryFile(place.state_dir, clone)
    ref = ClaimRef(SharedRefs(repository, key=key, state_dir=place.state_dir), memory)
    taking = Taking(
        ref,
        memory,
        key=key,
        clone=clone,
        settings=config.claim,
        clock=clock,
        stop=stop,
        say=say,
        take_over=take_over,
        on_held=lambda found: _keep(place, found, clone, clock),
    )
    return RemoteClaim(
        ref,
        taking,
        carried=carried,
        clock=clock,
        stop=stop,
        say=say,
        tell_away=tell_away,
        patience=config.patience,
    )


def _keep(place: Place, found: Found, clone: str, clock: Clock) -> None:
    """Keep what another clone shows, for whoever looks at the mission here."""
    if found.note is not None:
        files = {**found.files, CLAIM_FILE: claim_bytes(found.note)}
        write_elsewhere(place, heard(files, looked=clock.now(), clone=clone))
