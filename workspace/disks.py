"""Disks that take nothing: who met one, and whether one is to blame for what failed."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from errors import DiskError, GitDiskError, GitError, MissionError, disk_hint, told
from errors.disk import RIGHTS, TROUBLE, standing

_PROBE = b"\0" * (16 << 10)
# What git says of a disk. Some of its messages leave out why a write failed: nothing else than a
# disk makes these.
_DISK = re.compile(
    r"No space left on device|Disk quota exceeded|Read-only file system|Input/output error"
    r"|File too large|Stale file handle"
    r"|unable to write (?:new )?\S*(?:index|object|file|loose)|failed to write (?:new|commit|tree)"
    r"|(?:couldn't|could not|cannot|unable to|failed to) (?:write|close|flush|fsync|set|append)\b"
    r"|cannot store (?:pack|index|reverse)|could not (?:save index|commit staged)"
    r"|unable to add merge"
    r"|(?:couldn't|could not|cannot|unable to|failed to) (?:rename|move) [^\n]{0,400}(?:lock|tmp_)"
    r"|failed to insert into database|write error|sha1 file '[^'\n]+' (?:write|close) error"
    r"|insufficient permission for adding an object|unable to create directory for"
    r"|(?:unable|could not|cannot|failed) (?:to )?(?:create|write|open|unlink|append|update|lock)"
    r"[^\n]{0,400}: Permission denied",
    re.IGNORECASE,  # it begins some of them with a capital
)
_IN_THE_WAY = re.compile(r"File exists|Not a directory|Is a directory")
# The other side's words, which are about its own disk.
_THEIRS = re.compile(r"^(?:remote: |error: remote | ! \[remote )", re.MULTILINE)
_PATH = re.compile(r"'(/[^'\n]+)'|(?<![^\s])(/[^\s:'\"]+)")


def disk_met(said: str) -> str | None:
    """Git's line about a disk of this machine that took nothing; None: it says nothing of one."""
    for line in said.splitlines():
        if not _THEIRS.match(line) and _DISK.search(line) and not _IN_THE_WAY.search(line):
            return line
    return None


def git_met(message: str, line: str, folder: Path | None) -> GitDiskError:
    """The error for git in `folder`, which said `line` about a disk."""
    found = _PATH.search(line)
    places = [Path(found[1] or found[2])] if found else []
    places += [folder] if folder is not None else []
    why = next((one for one in map(standing, places) if one), "")
    return GitDiskError("; ".join(one for one in (message, why) if one), hint=disk_hint(line, why))


def as_git_error(message: str, error: Exception, *, hint: str = "") -> GitError:
    """The error for what we could not do in a git folder ourselves, whose cause is `error`."""
    if isinstance(error, OSError) and error.errno in TROUBLE:
        found = told(error)
        return GitDiskError(f"{message}: {found.message}", hint=found.hint)
    line = disk_met(str(error))
    if line is not None:  # several files, as `shutil` tells of them
        return git_met(f"{message}: {error}", line, None)
    return GitError(f"{message}: {error}", hint=hint)


def nothing_met() -> None:
    """No disk was in the way before."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Disks:
    """The folders that a run cannot do without."""

    folders: Sequence[Path]  # that this user has to be able to write to
    work: Path  # below which agents work: what is wrong there may be their doing
    met: Callable[[], DiskError | None] = nothing_met  # what was met before, and still counts

    def trouble(self) -> DiskError | None:
        """What one of them takes nothing for; None: each took a few bytes just now."""
        if (before := self.met()) is not None:
            return before
        for folder in self.folders:
            if not folder.is_dir():
                continue
            try:
                with tempfile.TemporaryFile(dir=folder, buffering=0) as probe:
                    probe.write(_PROBE)
            except OSError as error:
                if error.errno in TROUBLE | RIGHTS:
                    return DiskError.at(folder, error.strerror or "")
        return self.full()

    def full(self) -> DiskError | None:
        """As `trouble`, as far as the disks say so themselves: nothing is written."""
        if (before := self.met()) is not None:
            return before
        for folder in self.folders:
            why = standing(folder) if folder.is_dir() else ""
            if why:
                return DiskError(
                    f"nothing can be saved in {folder}: {why}", hint=disk_hint("", why)
                )
        return None

    def to_blame(self, error: MissionError | OSError) -> DiskError | None:
        """What a disk has to do with something that failed; None: nothing."""
        if isinstance(error, DiskError):
            return error
        if not isinstance(error, OSError):
            return self.trouble()
        if error.filename is None and error.errno in TROUBLE:
            names = ", ".join(map(str, self.folders))
            unknown = DiskError.at(None, f"{error.strerror} (in one of {names})")
            return self.trouble() or unknown
        path = Path(str(error.filename or "/"))
        ours = any(path.is_relative_to(one) for one in self.folders)
        if error.errno in RIGHTS and ours and not path.is_relative_to(self.work):
            return DiskError.at(path, error.strerror or "")
        found = told(error)
        return found if isinstance(found, DiskError) else self.trouble()
