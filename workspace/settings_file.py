"""What a file of git settings says."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from errors import GitError
from workspace.git import Git

_LIST = ("--list", "-z", "--no-includes")


def settings_in(file: Path) -> tuple[tuple[str, str], ...]:
    """Names and values in a file of settings, in its order; not those of files that it includes.

    Raises:
        GitError: Git cannot read it.
    """
    try:
        return _settings(file.read_bytes())
    except (OSError, GitError):
        return _parsed(_outside().run("config", "--file", str(file), *_LIST).fields)


def settings_of(text: bytes) -> tuple[tuple[str, str], ...]:
    """As `settings_in`, of what such a file holds.

    Raises:
        GitError: Git cannot read it.
    """
    return _settings(text)


@lru_cache(maxsize=32)
def _settings(text: bytes) -> tuple[tuple[str, str], ...]:
    return _parsed(_outside().run("config", "--file", "-", *_LIST, input=text).fields)


def _parsed(fields: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, _, value in (field.partition("\n") for field in fields))


def _outside() -> Git:
    # From no repository's folder: git refuses to work in one whose settings make no sense.
    return Git(Path("/"))
