"""What a sandbox has to show of the machine beside the system's own folders, so that tools work."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

# Files of the system that are links on some machines to where they are hidden.
_LINKED = ("/etc/resolv.conf", "/etc/ssl/certs", "/etc/localtime")
# Variables that name certificates.
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS")


def resolved_places(environment: Mapping[str, str], shown: Sequence[Path]) -> list[Path]:
    """How names are resolved and whose certificates count, where that is not `shown` already."""
    named = [*_LINKED, *(environment.get(name, "") for name in _CERTIFICATES)]
    places = [Path(name).resolve() for name in named if name.startswith("/")]
    return [place for place in places if not _within(place, shown)]


def files_named(argv: Sequence[str], shown: Sequence[Path]) -> list[Path]:
    """The files outside of what is `shown` that an argv names by absolute paths: scripts."""
    named = [Path(part) for part in argv if part.startswith("/") and "\0" not in part]
    return [file for file in named if not _within(file, shown) and file.is_file()]


def installations(
    program: str, search: str, shown: Sequence[Path], private: Sequence[Path]
) -> list[Path]:
    """Where the program, and what it may call by name, is installed, if that is not `shown`.

    Args:
        search: As in `PATH`.
        private: Folders that are never shown as a whole, nor what they are in: homes, checkouts.
    """
    found = shutil.which(program, path=search or None)
    files = [Path(found)] if found else []
    files += [Path(folder) / "program" for folder in search.split(os.pathsep) if folder]
    named = [Path.home(), *private]
    folders = [*named, *(folder.resolve() for folder in named)]  # a home may be behind a link
    wide = {place for folder in folders for place in (folder, *folder.parents)}
    wide |= {folder / ".local" for folder in wide}
    places = {
        _installation(path, wide)
        for file in files
        for path in (file, file.resolve())
        if not _within(path, shown)
    }
    return sorted(place for place in places if place not in wide)


def repository(worktree: Path) -> tuple[Path | None, list[Path]]:
    """The repository that the worktree belongs to, and what git needs to read history: that, the
    worktree's own folder in it, and the stores of objects that it borrows from.

    The link in the worktree is the runner's: it was written when the worktree was lent.
    """
    marker = worktree / ".git"
    if not marker.is_file():
        return (marker, []) if marker.is_dir() else (None, [])
    own = worktree / marker.read_text(encoding="utf-8").removeprefix("gitdir:").strip()
    link = own / "commondir"
    shared = (own / link.read_text(encoding="utf-8").strip() if link.is_file() else own).resolve()
    return shared, [shared, own, *_borrowed(shared / "objects")]


def _borrowed(objects: Path) -> list[Path]:
    """Where a repository has objects that it does not hold itself (gitrepository-layout(5)): one
    that was made for an agent has them of the mission's."""
    found = [objects]
    for folder in found:  # it grows meanwhile
        listing = folder / "info" / "alternates"
        lines = os.fsdecode(listing.read_bytes()).splitlines() if listing.is_file() else []
        found += [folder / line for line in lines if folder / line not in found]
    return found[1:]


def _within(path: Path, folders: Sequence[Path]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def _installation(file: Path, wide: set[Path]) -> Path:
    """The folder that a program was installed into: with its libraries, without all the rest."""
    modules = [folder for folder in file.parents if folder.name == "node_modules"]
    if modules:
        return modules[-1]
    place = file.parent.parent
    if file.parent.name == "bin" and place not in wide and place.parent != place.parent.parent:
        return place  # and no folder at the top, which would hold much else
    return file.parent if file.parent not in wide else file
