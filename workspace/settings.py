"""A repository's own git settings that lead elsewhere or name programs: they stay as they were.

All worktrees share them, so whoever works in one can change them for the runner too: a `git remote
set-url` to get a push through, a package whose installation sets `core.hooksPath`. The runner would
then merge to another remote, or run what it has never seen with all that its environment holds.
What was changed while others worked is put back, so that a person's repository is left as it was.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Self

from errors import GitError, MissionError, SettingsChangedError
from workspace.putting_back import Kept, kept, put_back
from workspace.settings_file import settings_in, settings_of

# Settings that decide neither what git runs, nor where it reads or sends something, nor what our
# commits hold. All others are watched: git gets new ones.
_HARMLESS = re.compile(
    r"(advice|alias|blame|branch|browser|color|column|commit|difftool|gitk|gui|help|init|maintenance"
    r"|man|mergetool|pager|pull|rebase|rerere|sequence|stash|status|tag|versionsort|web)\..*"
    r"|core\.(abbrev|commentchar|editor|logallrefupdates|pager|preloadindex|untrackedcache|whitespace)"
    r"|diff\.(algorithm|color.*|context|guitool|mnemonicprefix|noprefix|tool|wserrorhighlight)"
    r"|gc\.auto|lfs\.(.*\.(access|locksverify)|repositoryformatversion)"
    r"|merge\.(conflictstyle|ff|guitool|tool)|push\.(autosetupremote|default)"
    r"|submodule\.(.*\.)?active",
    re.IGNORECASE,
)
# Of the remote that is pushed to; of others, all are.
_HARMLESS_OF_REMOTE = r"remote\.{name}\.(fetch|gh-resolved|prune|prunetags|skip.*|tagopt)"
# Of the folders `hooks` and `info`.
_HARMLESS_FILES = re.compile(r"hooks/.*\.sample|info/(exclude|refs|sparse-checkout)")

_EXCLUDE = "info/exclude"
#: Below the git folder: what settings had been changed to that were put back.
ASIDE = ("mission-runner", "settings-put-back")

_Stamp = tuple[tuple[int, int, int] | None, ...]


class Others:
    """Whether others than the runner have worked since the settings were last as they were."""

    def __init__(self) -> None:
        self.putting_back = Lock()  # one thread does
        self._lock = Lock()
        self._now = 0
        self._since = False

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """While an agent or a check of the project's works."""
        with self._lock:
            self._now += 1
            self._since = True
        try:
            yield
        finally:
            with self._lock:
                self._now -= 1

    def were_here(self) -> bool:
        """Whether any has worked since."""
        return self._since

    def nothing_changed(self) -> None:
        """The settings are as they were."""
        with self._lock:
            self._since = self._now > 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The settings as they were at some moment. Others, such as `branch.main.merge`, do not
    matter."""

    remote: str
    common_dir: Path
    git_dir: Path  # the checkout's own below it, with what is set for it alone; or the same
    stamp: _Stamp  # of the files that they come from
    values: Mapping[str, str]  # a digest of each: values may be secrets
    files: Mapping[Path, Kept] = field(repr=False)  # as they were
    others: Others = field(default_factory=Others, compare=False)

    @classmethod
    def of(cls, *, remote: str, common_dir: Path, git_dir: Path) -> Self:
        """The settings as they are now."""
        stamp = _stamp(common_dir, git_dir)
        values = _values(common_dir, git_dir, remote)
        return cls(
            remote=remote,
            common_dir=common_dir,
            git_dir=git_dir,
            stamp=stamp,
            values=values,
            files=kept([*_settings_files(common_dir, git_dir), *_beside(common_dir)]),
        )

    def check(self) -> None:
        """Return if they are still the same. Else they are put back, if others have worked since
        they were: what a person does meanwhile cannot be told from that, so it is kept aside.

        Raises:
            SettingsChangedError: With their names.
        """
        changed = self._changed()
        why = ""
        if changed and self.others.were_here():
            with self.others.putting_back:
                changed = self._changed()  # another thread may have put them back just now
                if changed:
                    why = self._put_back(changed)
        if not changed:
            self._bring_ignored_back()
            self.others.nothing_changed()
            return
        raise SettingsChangedError(
            self._named(changed),
            hint=f"An agent may have done that: nothing was sent or fetched with them. {why}Look "
            "at them (git config --show-origin --list), set right what is wrong, and run again",
        )

    def _bring_ignored_back(self) -> None:
        """Put `info/exclude` where it was, if somebody has deleted it since others work here: what
        a person has git ignore is no setting that could harm us, and no agent's to take away."""
        file = self.common_dir / _EXCLUDE
        gone = file in self.files and not os.path.lexists(file)
        if gone and self.others.were_here():
            with self.others.putting_back:
                put_back(self.files, {file: ()}, self.common_dir.joinpath(*ASIDE))

    def _named(self, changed: Collection[str]) -> str:
        where = f"settings of the repository in {self.common_dir}"
        return f"{where} were changed during the run: {', '.join(changed)}"

    def _put_back(self, changed: Collection[str]) -> str:
        """Put them back; why they cannot be, or are not wholly.

        Raises:
            SettingsChangedError: They are as they were.
        """
        try:
            aside = put_back(self.files, self._by_file(), self.common_dir.joinpath(*ASIDE))
        except (MissionError, OSError) as error:
            return f"They cannot be put back: {error}. "
        if self._changed():
            return ""
        raise SettingsChangedError(
            f"{self._named(changed)}; they are put back",
            hint="An agent may have done that: nothing was sent or fetched with them. "
            f"What they were changed to is in {aside}: if that was you, set it again "
            "while no run is at work. Then run again",
        )

    def _changed(self) -> list[str]:
        """The names of what differs."""
        if _stamp(self.common_dir, self.git_dir) == self.stamp:
            return []
        try:
            now = _values(self.common_dir, self.git_dir, self.remote)
        except GitError as error:
            return [str(error)]
        names = {*self.values, *now}
        return sorted(name for name in names if self.values.get(name) != now.get(name))

    def _by_file(self) -> dict[Path, Collection[str]]:
        """In which files something differs, and which settings; none: it is to be as it was."""
        differing: dict[Path, Collection[str]] = {}
        for file in _settings_files(self.common_dir, self.git_dir):
            was = self.files.get(file)
            before = _watched(settings_of(was.content or b""), self.remote) if was else {}
            try:
                now = _watched(settings_in(file), self.remote) if file.is_file() else {}
            except GitError:
                differing[file] = ()
                continue
            names = {name for name in {*before, *now} if before.get(name) != now.get(name)}
            if names:
                differing[file] = sorted(names)
        then = {file for file in self.files if file not in differing} - {
            *_settings_files(self.common_dir, self.git_dir)
        }
        for file in {*then, *_beside(self.common_dir)}:
            name = file.relative_to(self.common_dir).as_posix()
            if _HARMLESS_FILES.fullmatch(name) and file.parent.is_dir():
                continue
            if Kept.of(file) != self.files.get(file):
                differing[file] = ()
        return differing


def _stamp(common_dir: Path, git_dir: Path) -> _Stamp:
    settings = _settings_files(common_dir, git_dir)
    folders = (common_dir / "hooks", common_dir / "info")  # their times tell of new files
    return tuple(_stamp_of(path) for path in (*settings, *folders, *_beside(common_dir)))


def _settings_files(common_dir: Path, git_dir: Path) -> tuple[Path, Path]:
    return common_dir / "config", git_dir / "config.worktree"


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
    for file in _settings_files(common_dir, git_dir):
        if not file.is_file():
            continue
        for name, several in _watched(settings_in(file), remote).items():
            # One name may have several values, in order.
            values[name] = _digest("".join([values.get(name, ""), *map(_digest, several)]))
    for file in _beside(common_dir):
        name = file.relative_to(common_dir).as_posix()
        if file.is_file() and not _HARMLESS_FILES.fullmatch(name):
            values[name] = _digest(file.read_bytes().decode("utf-8", "surrogateescape"))
    return values


def _watched(settings: tuple[tuple[str, str], ...], remote: str) -> dict[str, list[str]]:
    """Values by the names of those that matter."""
    found: dict[str, list[str]] = {}
    for name, value in settings:
        if not _is_harmless(name, remote):
            found.setdefault(name, []).append(value)
    return found


def _is_harmless(name: str, remote: str) -> bool:
    ours = rf"remote\.{re.escape(remote)}\."
    if name.casefold().startswith("remote.") and not re.match(ours, name, re.IGNORECASE):
        return True
    of_remote = _HARMLESS_OF_REMOTE.format(name=re.escape(remote))
    harmless = _HARMLESS.fullmatch(name) or re.fullmatch(of_remote, name, re.IGNORECASE)
    return harmless is not None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
