"""The missions that are shown, each by a key that stands in addresses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from mission.pages import page_key
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
            Shown(key=page_key(place), place=place, standings=Standings.shared(place))
            for place in places
        )

    def __getitem__(self, key: str) -> Shown:
        return self._shown[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._shown)

    def __len__(self) -> int:
        return len(self._shown)
