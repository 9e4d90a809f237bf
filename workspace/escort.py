"""What goes along with each push of a repository, and keeps it back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from workspace.git_command import GitOutput


@dataclass(frozen=True, kw_only=True, slots=True)
class Luggage:
    """What a push takes along."""

    options: tuple[str, ...] = ()  # before the remote
    changes: tuple[str, ...] = ()  # behind what is pushed
    environment: Mapping[str, str] = field(default_factory=dict)  # where git finds what these name


#: Pushes, and takes this along.
Push = Callable[[Luggage], GitOutput]


class Escort(Protocol):
    """Goes along with pushes."""

    def along(self, push: Push) -> GitOutput:
        """Push once, or again after somebody else's was in the way of ours. What git says is about
        the push alone.

        Raises:
            MissionError: Nothing may be pushed, and nothing was.
        """
