"""Which `mission.yaml` says who is told: never one that merely happens to be checked out.

It names programs to run and secrets to read. A run hands the one that it began with to who tells
people; what somebody types reads the checkout's, unless it is of another branch than the base and
differs from the base's.
"""

from __future__ import annotations

from dataclasses import dataclass

from errors import MissionError, UsageError
from mission.config import MissionConfig, load_config, parse_config
from mission.place import Place
from mission.plan_copy import head_of, is_away, named, read_state
from mission.private import read_private
from mission.told_by import settings_file
from tasks_md.regular_file import read_regular
from workspace.git import Git

_Version = tuple[object, ...]


def handed_config(place: Place) -> MissionConfig:
    """The settings that the last run of this clone began with.

    Raises:
        UsageError: There are none, or others than this user may have written them.
        ConfigError: They cannot be understood, by a newer or older version than wrote them.
    """
    text = read_private(settings_file(place))
    if text is None:
        raise UsageError(
            f"{settings_file(place)} is not there, or not this user's alone",
            hint="A run begins this; type `mission notify watch` without --run",
        )
    return parse_config(text.encode(), str(place.config_file))


def agreed_config(place: Place) -> MissionConfig:
    """The settings for what somebody types.

    Raises:
        UsageError: Another branch than the base is checked out, with another `mission.yaml`.
        ConfigError: They cannot be understood.
    """
    config = load_config(place.config_file)
    head, state = head_of(place), read_state(place)
    if state is not None and is_away(head, state.base):
        base = state.base.removeprefix("refs/heads/")
        if _of_checkout(place) != _of_base(place, state.base):
            raise UsageError(
                f"{named(head)} is checked out, and its {place.config_file.name} is not that of"
                f" {base}: it says what is run and read, so nobody is told by it",
                hint=f"Type `git switch {base}`, or merge it first",
            )
    return config


def _of_checkout(place: Place) -> bytes | None:
    try:
        return read_regular(place.config_file)
    except FileNotFoundError:
        return None


def _of_base(place: Place, base: str) -> bytes | None:
    """What the base has there; None if it has nothing."""
    if place.repository is None:
        return None
    path = place.config_file.relative_to(place.repository).as_posix()
    found = Git(place.repository).run("cat-file", "blob", f"{base}:{path}", check=False)
    return found.stdout.encode(errors="surrogateescape") if found.code == 0 else None


@dataclass(kw_only=True)
class AgreedSettings:
    """Those that count while somebody watches; another branch that is checked out changes none."""

    place: Place
    config: MissionConfig
    _version: _Version = ()

    @classmethod
    def of(cls, place: Place) -> AgreedSettings:
        """As they are now.

        Raises:
            MissionError: As of `agreed_config`.
        """
        version = _version(place)
        return cls(place=place, config=agreed_config(place), _version=version)

    def renew(self) -> bool:
        """Whether others count now. Those that cannot be read, or are not agreed to, do not."""
        version = _version(self.place)
        if version == self._version:
            return False
        self._version = version
        try:
            config = agreed_config(self.place)
        except MissionError:
            return False  # what it was counts; whoever wrote that is told by `mission check`
        changed = config != self.config
        self.config = config
        return changed


def _version(place: Place) -> _Version:
    try:
        there = place.config_file.stat()
    except OSError:
        return (head_of(place),)
    return (head_of(place), there.st_mtime_ns, there.st_ino, there.st_size)
