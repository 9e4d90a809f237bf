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

from mission.errors import SettingsChangedError
from workspace.git import Git

_PROGRAMS = (
    r"core\.(askpass|attributesfile|fsmonitor|gitproxy|hookspath|sshcommand|worktree)"
    r"|(credential|filter|gpg|http|include|includeif|protocol|ssh|url)\..*"
    r"|(diff|merge)\..*\.(command|driver|textconv)|diff\.external"
)
_REMOTE = r"remote\.{name}\.(mirror|proxy|push|pushurl|receivepack|uploadpack|url|vcs)"
# The hooks that a push runs (githooks(5)); no other command of ours runs any.
_HOOKS = ("pre-push", "reference-transaction")

_Stamp = tuple[tuple[int, int, int] | None, ...]


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings as they were at some moment. Others, such as `user.name`, do not matter."""

    git: Git
    remote: str
    common_dir: Path
    stamp: _Stamp  # of the files that they come from
    values: Mapping[str, str]  # a digest of each: values may be secrets

    @classmethod
    def of(cls, git: Git, common_dir: Path, remote: str) -> Self:
        """The settings as they are now."""
        stamp = _stamp(common_dir)
        values = _values(git, common_dir, remote)
        return cls(git=git, remote=remote, common_dir=common_dir, stamp=stamp, values=values)

    def check(self) -> None:
        """Return if they are still the same.

        Raises:
            SettingsChangedError: With their names.
        """
        if _stamp(self.common_dir) == self.stamp:
            return  # what included files say is not looked at again
        now = _values(self.git, self.common_dir, self.remote)
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


def _files(common_dir: Path) -> list[Path]:
    hooks = [common_dir / "hooks" / name for name in _HOOKS]
    return [common_dir / "config", common_dir / "config.worktree", *hooks]


def _stamp(common_dir: Path) -> _Stamp:
    return tuple(_stamp_of(file) for file in _files(common_dir))


def _stamp_of(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_ctime_ns


def _values(git: Git, common_dir: Path, remote: str) -> dict[str, str]:
    watched = re.compile(f"{_PROGRAMS}|{_REMOTE.format(name=re.escape(remote))}", re.IGNORECASE)
    values: dict[str, str] = {}
    fields = iter(git.run("config", "--list", "--show-scope", "-z").fields)
    for scope, setting in zip(fields, fields, strict=True):
        name, _, value = setting.partition("\n")
        if scope in ("local", "worktree") and watched.fullmatch(name):
            # One name may have several values, in order.
            values[name] = _digest(values.get(name, "") + _digest(value))
    for name in _HOOKS:
        hook = common_dir / "hooks" / name
        if hook.is_file():
            content = hook.read_bytes().decode("utf-8", "surrogateescape")
            values[f"hooks/{name}"] = _digest(content)
    return values


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
