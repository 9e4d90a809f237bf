"""Where the tiers keep things on this machine, outside every repository."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from mission.place import mission_home
from tiers.servers.server_user import ServerUser

SHARED_HOME = Path("/var/lib/mission-runner/tiers")  # for root, whose home is closed to servers


def tiers_home() -> Path:
    """Generated passwords and the data of embedded servers are below this folder."""
    return mission_home() / "tiers"


def data_folder(wanted: Path, user: ServerUser) -> Path:
    """`wanted`, or where its data is instead when the servers' account cannot get there.

    The other place carries a digest of the wanted one, so that two of them never share data.
    """
    if user.reaches(wanted.parent):
        return wanted
    digest = hashlib.sha256(os.fsencode(wanted.absolute())).hexdigest()[:12]
    return SHARED_HOME / f"{wanted.name}-{digest}"


def project_folder(folder: Path) -> Path:
    """The place of the `local` tier's data for a project."""
    digest = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:12]
    return tiers_home() / "local" / f"{folder.resolve().name}-{digest}"
