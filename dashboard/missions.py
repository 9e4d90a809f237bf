"""The missions that are shown, each by a key that stands in addresses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, Self

from mission.pages import page_key
from mission.place import Place
from service.books import Books
from service.builder import Standings
from service.prefect_page import prefect_page
from service.sources import journal_version
from service.standing import RunSign, Standing

#: Whose missions may be seen, by their identifiers; None: all.
Among = frozenset[str] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Copied:
    """Where what is shown comes from, where that is another machine."""

    host: str
    at: datetime
    others: int  # clones whose journals are known too, and not shown


class Shown(Protocol):
    """A mission that is shown, wherever what is known of it lies. For many threads."""

    @property
    def key(self) -> str:
        """What stands in addresses."""
        ...

    @property
    def folder(self) -> str:
        """What people call the place it lies in."""
        ...

    @property
    def books(self) -> Books:
        """What its journal tells."""
        ...

    @property
    def place(self) -> Place | None:
        """Where it is on this machine. None: it is not, so there are no logs to be read, no work
        to be compared, and nobody to be asked for anything."""
        ...

    @property
    def copied(self) -> Copied | None:
        """Where it was copied from; None: it is seen itself."""
        ...

    def current(self) -> Standing:
        """How it stands now.

        Raises:
            MissionError: It cannot be read now.
        """
        ...

    def word(self) -> str:
        """What differs whenever something on its pages does.

        Raises:
            MissionError: It cannot be read now.
        """
        ...

    def version(self) -> object | None:
        """What differs when its journal does; None where that is not sure."""
        ...

    def recorded(self, run: RunSign | None) -> str:
        """The address of a run's page in Prefect; empty where there is none to be opened."""
        ...


class Gallery(Protocol):
    """All missions that there are to be shown."""

    def missions(self, among: Among) -> Mapping[str, Shown]:
        """Those that somebody may see, by key, in the order in which they are shown.

        Raises:
            MissionError: That cannot be told now.
        """
        ...

    def mission(self, key: str, among: Among) -> Shown:
        """The one of that key.

        Raises:
            KeyError: There is none that they may see.
            MissionError: That cannot be told now.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Here:
    """A mission on this machine, as its files tell of it."""

    key: str
    place: Place
    standings: Standings
    prefect: str = ""  # the API that a person chose; empty: the local server's

    @property
    def folder(self) -> str:
        """The repository's name."""
        return (self.place.repository or self.place.folder).name

    @property
    def books(self) -> Books:
        """The journal's file."""
        return self.place

    @property
    def copied(self) -> None:
        """It is seen itself."""
        return None

    def current(self) -> Standing:
        """As `Standings.current`."""
        return self.standings.current()

    def word(self) -> str:
        """The standing's revision."""
        return str(self.current().revision)

    def version(self) -> object | None:
        """Of the journal's file."""
        return journal_version(self.place)

    def recorded(self, run: RunSign | None) -> str:
        """As `prefect_page` tells."""
        return prefect_page(run, self.prefect)


class Missions(Mapping[str, Here]):
    """Those on this machine, in the order in which they were named."""

    def __init__(self, shown: Iterable[Here]) -> None:
        self._shown = {one.key: one for one in shown}

    @classmethod
    def of(cls, places: Iterable[Place], prefect: str = "") -> Self:
        """Those at these places, each once. `prefect`: as `Here` has it."""
        return cls(
            Here(
                key=page_key(place),
                place=place,
                standings=Standings.shared(place),
                prefect=prefect,
            )
            for place in places
        )

    def missions(self, _among: Among) -> Mapping[str, Here]:
        """All of them: whoever comes in here may see them."""
        return self

    def mission(self, key: str, _among: Among) -> Here:
        """The one of that key."""
        return self[key]

    def __getitem__(self, key: str) -> Here:
        return self._shown[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._shown)

    def __len__(self) -> int:
        return len(self._shown)
