"""Server programs of pip packages, at a place where the servers' account may run them.

A virtual environment below root's home is closed to every other account. Then the package is copied
once, with the libraries that it finds by its relative path.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from errors import TierError
from tiers.settings.server_user import ServerUser

FOLDER = Path("/var/lib/mission-runner/software")  # only root makes copies


def reachable(path: Path, user: ServerUser, *, package: Path | None, label: str) -> Path:
    """`path`, or its copy. `package` is the pip package's folder around it, `label` names the copy.

    Raises:
        TierError: It is out of reach, and of no pip package that could be copied.
    """
    if user.reaches(path.parent):
        return path
    if package is None:
        raise TierError(
            f"{user.name} cannot run {path}", hint="Open its folder for other accounts: chmod o+x"
        )
    target = FOLDER / label
    if not target.is_dir():
        half = target.with_name(f"{label}.half")  # of a copy that was killed, maybe
        shutil.rmtree(half, ignore_errors=True)
        for folder in (package, package.with_name(f"{package.name}.libs")):
            if folder.is_dir():
                shutil.copytree(folder, half / folder.name, symlinks=True)
        half.chmod(0o755)
        half.rename(target)
    return target / path.relative_to(package.parent)
