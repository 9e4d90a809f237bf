"""What a notifier is given, and what it has to do with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from pydantic import JsonValue

from errors import NotifyError
from policy.notifying.wording import Words


@dataclass(frozen=True, kw_only=True, slots=True)
class Outgoing:
    """A message on its way out. Nothing in it is secret."""

    id: str  # of each try the same: who has it already can leave it alone
    at: datetime  # of this try, aware
    mission: str
    words: Words  # for people
    events: Sequence[Mapping[str, JsonValue]]  # for programs: each notice with its parts

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of its notices, each once."""
        return tuple(dict.fromkeys(str(one["event"]) for one in self.events))

    def data(self) -> dict[str, JsonValue]:
        """All of it, as JSON."""
        return {
            "id": self.id,
            "at": self.at.isoformat(),
            "mission": self.mission,
            "title": self.words.title,
            "text": self.words.text,
            "page": self.words.page or None,
            "events": [dict(one) for one in self.events],
        }


class Notifier(Protocol):
    """Tells one receiver. It is asked on a thread of its own, one message at a time."""

    def tell(self, message: Outgoing) -> None:
        """Return once the receiver has it.

        Raises:
            NotifyError: It may not have it; why, in one line without secrets.
        """


@dataclass(kw_only=True, slots=True)
class NotifierInMemory:
    """The shipped fake: keeps what it is told, or refuses."""

    refuses: str = ""  # why; empty: it does not
    told: list[Outgoing] = field(default_factory=list)

    def tell(self, message: Outgoing) -> None:
        if self.refuses:
            raise NotifyError(self.refuses)
        self.told.append(message)
