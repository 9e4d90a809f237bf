"""Where the tiers keep things on this machine, outside every repository."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from mission.place import mission_home
from tiers.settings.server_user import ServerUser

SECRET_FOLDERS = "MISSION_SECRET_FOLDERS"  # noqa: S105 - a variable that names folders
CONTAINER_SECRETS = Path("/run/secrets")
SHARED_HOME = Path("/var/lib/mission-runner/tiers")  # for root, whose home is closed to servers


def tiers_home() -> Path:
    """Generated passwords and the data of embedded servers are below this folder."""
    return mission_home() / "tiers"


def secret_folders(environment: Mapping[str, str]) -> tuple[Path, ...]:
    """The folders whose files a configuration in a repository may name as secrets.

    Whoever writes that file decides to which server they go. So it is a person who says, outside
    of the tree, which ones may: in `MISSION_SECRET_FOLDERS`, by `:`, or by putting them where
    containers find theirs or into the runner's own folder for it.
    """
    named = environment.get(SECRET_FOLDERS, "").split(os.pathsep)
    own = (mission_home() / "secrets", CONTAINER_SECRETS)
    return (*(Path(one) for one in named if Path(one).is_absolute()), *own)


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
