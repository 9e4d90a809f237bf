"""What other packages add: entry points of the environment that the runner is installed in.

Each kind of plug-in has a group: `mission_runner.agents`, `mission_runner.gates`,
`mission_runner.forges`, `mission_runner.notifiers`, `mission_runner.operations`. The entry's name
is what `mission.yaml` calls it, its value what makes it: a callable. Only what a mission names is
imported.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import EntryPoint, distributions
from typing import TypeVar

from pydantic import BaseModel

from errors import ConfigError

AGENTS = "mission_runner.agents"
GATES = "mission_runner.gates"
FORGES = "mission_runner.forges"
NOTIFIERS = "mission_runner.notifiers"
OPERATIONS = "mission_runner.operations"

#: The attribute of a plug-in that holds the pydantic model of its keys.
MODEL = "Config"


_Made = TypeVar("_Made", bound=Callable[..., object])


def configured_by(model: type[BaseModel]) -> Callable[[_Made], _Made]:
    """Say which model holds the keys of a plug-in: a decorator of what its entry point names."""

    def mark(made: _Made) -> _Made:
        setattr(made, MODEL, model)
        return made

    return mark


def installed(group: str) -> tuple[str, ...]:
    """The names that installed packages add to a group. Nothing of theirs is imported."""
    return tuple(sorted({entry.name for _, entry in _entries(group, _folders())}))


def load(group: str, name: str) -> object | None:
    """What a plug-in offers under a name; None where no installed package does.

    Raises:
        ConfigError: It cannot be loaded, or several packages offer the same name.
    """
    found = [(owner, one) for owner, one in _entries(group, _folders()) if one.name == name]
    if not found:
        return None
    kind = group.rpartition(".")[2].removesuffix("s")
    if len({(owner, one.value) for owner, one in found}) > 1:
        owners = " and ".join(sorted({owner for owner, _ in found}))
        raise ConfigError(
            f"the {kind} plug-in {name!r} is offered by several packages: {owners}",
            hint="Uninstall all of them but one",
        )
    owner, entry = found[0]
    try:
        loaded: object = entry.load()
    except (Exception, SystemExit) as error:  # whatever a package of someone else's does
        raise ConfigError(
            f"the {kind} plug-in {name!r} ({entry.value}) of the package {owner} cannot be loaded:"
            f" {str(error) or type(error).__name__}",
            hint="Install its package again, or take it out of mission.yaml",
        ) from error
    if not callable(loaded):
        raise ConfigError(
            f"the {kind} plug-in {name!r} ({entry.value}) of the package {owner} is not callable",
            hint="Its entry point has to name a class or a function",
        )
    return loaded


def _folders() -> tuple[str, ...]:
    """Where packages are installed. Not the current folder: that may be somebody's repository."""
    here = os.path.realpath(os.curdir)
    return tuple(folder for folder in sys.path if os.path.realpath(folder) != here)


@lru_cache(maxsize=16)
def _entries(group: str, folders: tuple[str, ...]) -> tuple[tuple[str, EntryPoint], ...]:
    """The entries of a group, each with the package that it is of."""
    return tuple(
        (package.metadata["Name"] or "?", entry)
        for package in distributions(path=list(folders))
        for entry in package.entry_points
        if entry.group == group
    )
