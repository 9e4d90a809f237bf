"""Which `mission.yaml` says who is told: never one that merely happens to be checked out.

It names programs to run and secrets to read. A run hands the one that it began with to who tells
people; what somebody types reads the checkout's, unless it is of another branch than the base and
differs from the base's.
"""

from __future__ import annotations

from dataclasses import dataclass

from errors import MissionError, UsageError
from mission.config import MissionConfig, parse_config
from mission.place import Place
from mission.plan_copy import head_of, is_away, named, read_state
from mission.private import read_private
from mission.strays import refuse_strays
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
    """The settings for what somebody types: the checkout's, edits included, where it has the base.
    Where it has something else, or nobody can tell, they have to be those of the base.

    Raises:
        UsageError: They are not.
        ConfigError: They cannot be understood.
    """
    refuse_strays(place.config_file)
    said, state, head = _of_checkout(place), read_state(place), head_of(place)
    if place.repository is None or state is None or head == f"ref: {state.base}":
        return _parsed(place, said)
    return _as_on_base(place, said, state.base, head)


def _as_on_base(place: Place, said: bytes | None, base: str, head: str) -> MissionConfig:
    """What these bytes say, if the base says the same."""
    config, on_base = _parsed(place, said), _of_base(place, base)
    if said != on_base and (on_base is None or _parsed(place, on_base) != config):
        name = base.removeprefix("refs/heads/")
        away = f"{named(head)} is checked out" if is_away(head, base) else "the checkout changes"
        raise UsageError(
            f"{away}, and its {place.config_file.name} is not that of {name}: it says what is run"
            " and read, so nobody is told by it",
            hint=f"Type `git switch {name}`, or merge it first",
        )
    return config


def _parsed(place: Place, said: bytes | None) -> MissionConfig:
    return MissionConfig() if said is None else parse_config(said, str(place.config_file))


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
        """Whether others count now. Only those that the base has do: git writes the files of
        another branch before it says that this is checked out."""
        version = _version(self.place)
        if version == self._version:
            return False
        self._version = version
        state = read_state(self.place)
        if self.place.repository is None or state is None:
            return False
        try:
            said = _of_checkout(self.place)
            config = _as_on_base(self.place, said, state.base, head_of(self.place))
        except (MissionError, OSError):
            return False  # what it was counts; whoever wrote that is told by `mission check`
        changed = config != self.config
        self.config = config
        return changed


def _version(place: Place) -> _Version:
    state = read_state(place)
    known: _Version = (head_of(place), None if state is None else _tip(place, state.base))
    try:
        there = place.config_file.stat()
    except OSError:
        return known
    return (*known, there.st_mtime_ns, there.st_ino, there.st_size)


def _tip(place: Place, base: str) -> object:
    """What differs when the base's branch does, as far as files tell."""
    if place.common_dir is None:
        return base
    found: list[object] = [base]
    for name in (base, "packed-refs"):
        try:
            found.append((place.common_dir / name).stat().st_mtime_ns)
        except OSError:
            found.append(None)
    return tuple(found)
