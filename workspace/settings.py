"""A repository's own git settings that lead elsewhere or name programs: they stay as they were.

All worktrees share them, so whoever works in one can change them for the runner too: a `git remote
set-url` to get a push through, a package whose installation sets `core.hooksPath`. The runner would
then merge to another remote, or run what it has never seen with all that its environment holds.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from errors import SettingsChangedError
from workspace.settings_file import settings_in

# Settings that decide neither what git runs, nor where it reads or sends something, nor what our
# commits hold. All others are watched: git gets new ones.
_HARMLESS = re.compile(
    r"(advice|alias|blame|branch|browser|color|column|commit|difftool|gitk|gui|help|init|maintenance"
    r"|man|mergetool|pager|pull|rebase|rerere|sequence|stash|status|tag|versionsort|web)\..*"
    r"|core\.(abbrev|commentchar|editor|logallrefupdates|pager|preloadindex|untrackedcache|whitespace)"
    r"|diff\.(algorithm|color.*|context|guitool|mnemonicprefix|noprefix|tool|wserrorhighlight)"
    r"|gc\.auto|lfs\.(.*\.(access|locksverify)|repositoryformatversion)"
    r"|merge\.(conflictstyle|ff|guitool|tool)|push\.(autosetupremote|default)"
    r"|submodule\.(.*\.)?(active|url)",
    re.IGNORECASE,
)
# Of the remote that is pushed to; of others, all are.
_HARMLESS_OF_REMOTE = r"remote\.{name}\.(fetch|gh-resolved|prune|prunetags|skip.*|tagopt)"
# Of the folders `hooks` and `info`.
_HARMLESS_FILES = re.compile(r"hooks/.*\.sample|info/(exclude|refs|sparse-checkout)")

_Stamp = tuple[tuple[int, int, int] | None, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The settings as they were at some moment. Others, such as `branch.main.merge`, do not
    matter."""

    remote: str
    common_dir: Path
    git_dir: Path  # the checkout's own below it, with what is set for it alone; or the same
    stamp: _Stamp  # of the files that they come from
    values: Mapping[str, str]  # a digest of each: values may be secrets

    @classmethod
    def of(cls, *, remote: str, common_dir: Path, git_dir: Path) -> Self:
        """The settings as they are now."""
        stamp = _stamp(common_dir, git_dir)
        values = _values(common_dir, git_dir, remote)
        return cls(
            remote=remote, common_dir=common_dir, git_dir=git_dir, stamp=stamp, values=values
        )

    def check(self) -> None:
        """Return if they are still the same.

        Raises:
            SettingsChangedError: With their names.
        """
        if _stamp(self.common_dir, self.git_dir) == self.stamp:
            return
        now = _values(self.common_dir, self.git_dir, self.remote)
        changed = sorted(
            name for name in {*self.values, *now} if self.values.get(name) != now.get(name)
        )
        if changed:
            raise SettingsChangedError(
                f"settings of the repository in {self.common_dir} were changed during the run: "
                f"{', '.join(changed)}",
                hint="An agent may have done that: nothing was sent or fetched with them. Look at "
                "them (git config --show-origin --list), set right what is wrong, and run again",
            )


def _stamp(common_dir: Path, git_dir: Path) -> _Stamp:
    settings = (common_dir / "config", git_dir / "config.worktree")
    folders = (common_dir / "hooks", common_dir / "info")  # their times tell of new files
    return tuple(_stamp_of(path) for path in (*settings, *folders, *_beside(common_dir)))


def _stamp_of(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_ctime_ns


def _beside(common_dir: Path) -> list[Path]:
    """The files of the folders `hooks` and `info`."""
    return [file for name in ("hooks", "info") for file in sorted((common_dir / name).glob("*"))]


def _values(common_dir: Path, git_dir: Path, remote: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for file in (common_dir / "config", git_dir / "config.worktree"):
        if not file.is_file():
            continue
        for name, value in settings_in(file):
            if not _is_harmless(name, remote):
                # One name may have several values, in order.
                values[name] = _digest(values.get(name, "") + _digest(value))
    for file in _beside(common_dir):
        name = file.relative_to(common_dir).as_posix()
        if file.is_file() and not _HARMLESS_FILES.fullmatch(name):
            values[name] = _digest(file.read_bytes().decode("utf-8", "surrogateescape"))
    return values


def _is_harmless(name: str, remote: str) -> bool:
    ours = rf"remote\.{re.escape(remote)}\."
    if name.casefold().startswith("remote.") and not re.match(ours, name, re.IGNORECASE):
        return True
    of_remote = _HARMLESS_OF_REMOTE.format(name=re.escape(remote))
    harmless = _HARMLESS.fullmatch(name) or re.fullmatch(of_remote, name, re.IGNORECASE)
    return harmless is not None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
