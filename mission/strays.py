"""Files that are meant as `mission.yaml` and have another name: nothing in them would count."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from errors import ConfigError
from tasks_md.nearest import nearest

_SUFFIXES = (".yaml", ".yml")


def strays(path: Path) -> tuple[Path, ...]:
    """What stands beside `path`, a `mission.yaml` that need not exist, and seems to be meant.

    Another ending or another case always does; a slip of the pen does where `path` is not there.
    """
    try:
        names = sorted(one.name for one in path.parent.iterdir())
    except OSError:  # whoever reads the file itself says what is wrong
        return ()
    return tuple(path.with_name(name) for name in _meant(names, path))


def refuse_strays(path: Path) -> None:
    """Refuse what would be passed over in silence, which nobody wants.

    Raises:
        ConfigError: There is such a file.
    """
    for stray in strays(path):
        also = f", as {path.name} is" if os.path.lexists(path) else ""
        raise ConfigError(
            f"is not read under this name{also}",
            path=str(stray),
            hint=f"Put what counts into {path.name}, and take this file away"
            if also
            else f"Call it {path.name}",
        )


def _meant(names: list[str], path: Path) -> Iterator[str]:
    wanted, missing = path.stem.casefold(), path.name not in names
    for name in names:
        folded = Path(name.casefold())
        stem = folded.stem
        if name != path.name and folded.suffix in _SUFFIXES:
            # `emission` is a word of its own, `missions` and `misson` are this one.
            slip = stem[:1] == wanted[:1] and abs(len(stem) - len(wanted)) <= 1
            if stem == wanted or (missing and slip and nearest(stem, [wanted])):
                yield name
