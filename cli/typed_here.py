"""Commands that messages name, as whoever reads them can type them in the folder they are in.

A message says `mission unblock A`, wherever it comes from. Who named the mission by a path that is
not what is found from the current folder has to name it again, and git has to be sent into the
repository: both are put in as a message is shown, since only here it is known where a person is.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from errors import MissionError
from mission.place import Place

#: Commands that take PATH, in words that follow `mission`; all others know no mission.
TAKE_PATH: Final = frozenset(
    {
        *("approve", "check", "dashboard", "deploy", "expand", "forecast", "gate queue", "graph"),
        *("history", "limit", "log", "mcp", "next", "pause", "reject", "report", "retry", "run"),
        *("digest", "notify test", "notify watch"),
        *("set", "show", "status", "stop", "tier sync", "unblock", "unpause", "verify", "watch"),
    }
)
_COMMANDS = "|".join(sorted(TAKE_PATH, key=len, reverse=True))
_MARKED = re.compile(r"`((?:mission|git) [^`\n]+)`")
_OURS = re.compile(rf"\bmission (?:{_COMMANDS})(?=[ ,]|$)")
# At the start of a command; one with -C, or another option before its own command, stays as it is.
_GIT = re.compile(r"(?:^|(?<= && ))git (?=[a-z])")
# As a shell has it: words of a name or a note, in which nothing is a command.
_QUOTED = re.compile(r"""(?<![^\s='"])(?:'[^']*'|"(?:\\.|[^"\\])*")""")
# They make a repository, or are about none.
_NO_REPOSITORY = re.compile(r"git (?:init|clone|help|config --global)\b")
# Their paths are as seen from the current folder.
_FILES = re.compile(r"git (?:add|update-index)\b")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Named:
    """A mission that was named by a path."""

    path: str  # as it was typed
    place: Place


class _Here:
    """What the command that is running was told, and what follows from it for the folder."""

    def __init__(self) -> None:
        self._named: _Named | None = None
        self._found: Place | None = None
        self._path: str | None = ""  # to be put in; empty: none; None: that is not known yet

    def forget(self) -> None:
        self._named, self._found, self._path = None, None, ""

    def name(self, path: str | None) -> Place:
        place = Place.find(path)
        self._found, self._path = place, None
        self._named = _Named(path=path, place=place) if path is not None else None
        return place

    def path(self) -> str:
        """The path without which a command means another mission here, or none; else empty."""
        if self._path is None:
            named, self._path = self._named, ""
            if named is not None and _found_here() != named.place.task_file:
                self._path = named.path if not named.path.startswith("-") else f"./{named.path}"
        return self._path

    def top(self, command: str) -> Path | None:
        """The repository that git has to be sent into to see what the command names."""
        place, here = self._found, _current()
        if place is None or place.repository is None or _NO_REPOSITORY.match(command):
            return None
        top = place.repository
        if here is None:
            return top
        inside = here.is_relative_to(top) and _is_of(here, top)
        return None if here == top or (inside and not _FILES.search(command)) else top


_here = _Here()


@contextmanager
def begun() -> Iterator[None]:
    """For the time of a command: nobody has named a mission as it begins, nor once it has ended."""
    _here.forget()
    try:
        yield
    finally:
        _here.forget()


def place_at(path: str | None) -> Place:
    """The mission that a command is about, as `Place.find` finds it; messages name it from now on.

    Raises:
        UsageError: As `Place.find` raises it.
    """
    return _here.name(path)


def command_here(typed: str) -> str:
    """Commands of ours, or of git, with what they need to be typed in the current folder."""
    if typed.startswith("git "):
        top = _here.top(typed)
        return typed if top is None else _put_in(_GIT, f"-C {shlex.quote(_short(top))} ", typed)
    path = _here.path()
    return _put_in(_OURS, f" {shlex.quote(path)}", typed) if path else typed


def _put_in(command: re.Pattern[str], more: str, typed: str) -> str:
    """With `more` behind each such command that is not quoted and has it not yet."""
    quoted = [found.span() for found in _QUOTED.finditer(typed)]

    def with_more(found: re.Match[str]) -> str:
        inside = any(start <= found.start() < end for start, end in quoted)
        there = f"{typed[found.end() :]} ".startswith(f"{more.rstrip()} ")
        return found[0] if inside or there else f"{found[0]}{more}"

    return command.sub(with_more, typed)


def text_here(text: str, *, of_others: Iterable[str] = ()) -> str:
    """A message in which each command between backticks is as `command_here` has it.

    Args:
        text: The message.
        of_others: What people and agents wrote; where the message holds it, it stays as it is.
    """
    if not _names_commands(text):
        return text
    for one in filter(_names_commands, of_others):
        before, it, after = text.partition(one)
        if it:
            return text_here(before) + it + text_here(after)
    return _MARKED.sub(lambda found: f"`{command_here(found[1])}`", text)


def _names_commands(text: str) -> bool:
    return "`mission " in text or "`git " in text


def _current() -> Path | None:
    """The current folder; None: somebody has deleted it."""
    try:
        return Path.cwd().resolve()
    except OSError:
        return None


def _found_here() -> Path | None:
    """The task file that is meant without a path."""
    try:
        return Place.find().task_file
    except (MissionError, OSError):  # none, or several: it has to be named
        return None


def _is_of(folder: Path, top: Path) -> bool:
    """Whether git sees this repository from there, and no other one further in."""
    return next((one for one in (folder, *folder.parents) if (one / ".git").exists()), None) == top


def _short(folder: Path) -> str:
    """A folder in the fewest characters."""
    here = _current()
    return str(folder) if here is None else min(str(folder), os.path.relpath(folder, here), key=len)
