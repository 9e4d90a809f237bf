"""Where the tiers keep things on this machine, outside every repository."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from tiers.server_user import ServerUser

SHARED_HOME = Path("/var/lib/mission-runner/tiers")  # for root, whose home is closed to servers


def tiers_home(environment: Mapping[str, str] = os.environ) -> Path:
    """Generated passwords and the data of embedded servers are below this folder."""
    given = environment.get("MISSION_HOME")
    if given:
        return Path(given).expanduser() / "tiers"
    state = environment.get("XDG_STATE_HOME")
    base = Path(state) if state else Path.home() / ".local" / "state"
    return base / "mission-runner" / "tiers"


def data_folder(wanted: Path, user: ServerUser) -> Path:
    """`wanted`, or where its data is instead when the servers' account cannot get there.

    The other place carries a digest of the wanted one, so that two of them never share data.
    """
    if user.reaches(wanted.parent):
        return wanted
    digest = hashlib.sha256(os.fsencode(wanted.absolute())).hexdigest()[:12]
    return SHARED_HOME / f"{wanted.name}-{digest}"


def project_folder(folder: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """The place of the `local` tier's data for a project."""
    digest = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:12]
    return tiers_home(environment) / "local" / f"{folder.resolve().name}-{digest}"
