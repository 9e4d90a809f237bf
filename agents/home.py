"""What a tool in a sandbox has of a person's home folder: a folder of its own in place of theirs.

A hook or a program that an agent wrote into the tool's real folder would run at the next start,
outside of every sandbox. So that folder is another one, which belongs to one worktree and one
agent and keeps their sessions. A person's settings are shown in it and cannot be written. Of the
login there is a copy; when the tool has refreshed it, the new tokens, and nothing else, are written
back to the person's by us.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from agents.protocol import Brief
from mission.private import new_private, private_folder
from workspace.git_files import delete

_LONGEST_LOGIN = 1 << 16  # bytes
#: What of a login a refresh changes.
_TOKENS = frozenset(
    {"accessToken", "refreshToken", "expiresAt", "refreshTokenExpiresAt"}
    | {"access_token", "refresh_token", "id_token", "last_refresh"}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Belongings:
    """What a tool keeps in a home folder."""

    folder: str  # its own folder there
    variable: str  # the environment variable that names another one
    settings: tuple[str, ...]  # in that folder: what a person wrote or installed
    login: str  # in that folder: a file of tokens
    beside: str = ""  # a file beside the folder, which is sought in it where the variable is set


@dataclass(frozen=True, kw_only=True, slots=True)
class Home:
    """A tool's folder for one worktree and one agent."""

    own: Path  # where it is
    place: Path  # where the tool finds it: the person's, which is hidden
    variable: str
    shown: tuple[Path, ...]  # settings of the person's, which stay where they are

    @property
    def environment(self) -> dict[str, str]:
        return {self.variable: str(self.place)}


def folder_of(brief: Brief, environment: Mapping[str, str], belongings: Belongings) -> Path:
    """Where the tool's sessions are, for those who read them after it."""
    if brief.sandbox.type == "bubblewrap":
        return _own(brief, belongings)
    return _place(environment, belongings)


@contextmanager
def at_home(
    brief: Brief, environment: Mapping[str, str], belongings: Belongings | None
) -> Iterator[Home | None]:
    """The tool's folder while the block runs; None where there is no sandbox, or nothing to keep.
    A login that was refreshed meanwhile, or before we were killed, is brought back."""
    if belongings is None or brief.sandbox.type != "bubblewrap":
        yield None
        return
    own, place = _own(brief, belongings), _place(environment, belongings)
    private_folder(own)
    _bring_back(own, place, belongings.login)
    for name in belongings.settings:
        delete(own / name)
    _copy(place / belongings.login, own / belongings.login)
    _copy(place / belongings.login, _given(own))
    if belongings.beside:
        named = environment.get(belongings.variable)
        _copy((place if named else place.parent) / belongings.beside, own / belongings.beside)
    shown = tuple(place / name for name in belongings.settings if (place / name).exists())
    try:
        yield Home(own=own, place=place, variable=belongings.variable, shown=shown)
    finally:
        _bring_back(own, place, belongings.login)
        copies = [own / name for name in (belongings.login, belongings.beside) if name]
        for copy in (*copies, _given(own)):  # nothing secret is left lying about
            delete(copy)


def refreshed(given: bytes, left: bytes) -> bool:
    """Whether `left` is the login `given` with other tokens, and with nothing else changed."""
    try:
        before, after = json.loads(given), json.loads(left)
    except (ValueError, RecursionError):
        return False
    return before != after and _same_but_for_tokens(before, after)


def _same_but_for_tokens(before: object, after: object, name: str = "") -> bool:
    if isinstance(before, dict) and isinstance(after, dict):
        return before.keys() == after.keys() and all(
            _same_but_for_tokens(before[key], after[key], key) for key in before
        )
    return type(before) is type(after) and (before == after or name in _TOKENS)


def _own(brief: Brief, belongings: Belongings) -> Path:
    name = f"{brief.worktree.name}.{brief.agent}{belongings.folder}"
    return brief.scratch.parent / "homes" / name


def _given(own: Path) -> Path:
    """The login as it was given, where the tool does not see it."""
    return own.with_name(f"{own.name}.given")


def _place(environment: Mapping[str, str], belongings: Belongings) -> Path:
    named = environment.get(belongings.variable)
    return Path(named) if named else Path(environment.get("HOME", "/")) / belongings.folder


def _copy(source: Path, target: Path) -> None:
    """Copy a file for us alone to read; without one there is none afterwards either."""
    delete(target)
    if source.is_file():
        _write(target, source.read_bytes())


def _bring_back(own: Path, place: Path, name: str) -> None:
    """Write the tokens that a tool has got to the person's login, unless that is another by now:
    then somebody else has got newer ones."""
    given, theirs = _given(own), place / name
    left = _read(own / name)
    if left is None or not given.is_file() or not theirs.is_file():
        return
    before = given.read_bytes()
    if theirs.read_bytes() != before or not refreshed(before, left):
        return
    target = theirs.resolve()  # a person may keep it elsewhere, behind a link
    fresh = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        _write(fresh, left)
        shutil.copymode(target, fresh)
        fresh.replace(target)
    finally:
        with suppress(FileNotFoundError):
            fresh.unlink()
    _copy(target, given)


def _read(file: Path) -> bytes | None:
    """What a tool left under the name of a login, if that is a file of a login's size."""
    try:
        opened = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        return None
    with os.fdopen(opened, "rb") as stream:
        content = stream.read(_LONGEST_LOGIN + 1)
    return content if len(content) <= _LONGEST_LOGIN else None


def _write(file: Path, content: bytes) -> None:
    with new_private(file) as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
