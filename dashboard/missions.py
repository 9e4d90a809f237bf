"""The missions that are shown, each by a key that stands in addresses."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from mission.place import Place
from service.builder import Standings


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """A mission that is shown."""

    key: str
    place: Place
    standings: Standings

    @property
    def folder(self) -> str:
        """What people call the place it lies in."""
        return (self.place.repository or self.place.folder).name


class Missions(Mapping[str, Shown]):
    """By key, in the order in which they were named."""

    def __init__(self, shown: Iterable[Shown]) -> None:
        self._shown = {one.key: one for one in shown}

    @classmethod
    def of(cls, places: Iterable[Place]) -> Self:
        """Those at these places, each once."""
        return cls(
            Shown(key=_key(place), place=place, standings=Standings.shared(place))
            for place in places
        )

    def __getitem__(self, key: str) -> Shown:
        return self._shown[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._shown)

    def __len__(self) -> int:
        return len(self._shown)


def _key(place: Place) -> str:
    """A name that people recognise and that no other mission here has."""
    name = (place.repository or place.folder).name
    words = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:40].strip("-").lower() or "mission"
    path = str(place.task_file).encode("utf-8", "surrogateescape")
    return f"{words}-{hashlib.sha256(path).hexdigest()[:6]}"
