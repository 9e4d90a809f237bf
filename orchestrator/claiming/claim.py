"""The claim on a mission: what a run holds while it carries the mission out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from errors import ClaimHeldError, ClaimLostError
from workspace.escort import Escort, Luggage, Push
from workspace.git_command import GitOutput


class Claim(Escort, Protocol):
    """One clone holds it, on the remote. For any thread."""

    @property
    def taken(self) -> bool:
        """Whether it is ours. Nothing starts and no request is applied without it."""

    @property
    def silent(self) -> bool:
        """Whether the remote has had no sign of ours for so long that another clone may take it:
        nothing new starts until it has one."""

    @property
    def yields(self) -> bool:
        """Whether the remote has had no sign of ours for so long that another clone will soon take
        it by itself: agents end before that, and go on once it has one."""

    def take(self) -> bool:
        """Take it, unless it is taken. Whether another clone had it last: then what that one left
        was taken in, and the base may have moved.

        Raises:
            ClaimHeldError: Another clone carries the mission out.
            ClaimLostError: It was taken from us.
            GitError: The remote cannot be reached, or takes no claim.
            StoppedError: A stop was requested while it was waited for a sign of another clone.
        """

    def has_news(self, heard: Mapping[str, str] | None) -> bool:
        """Whether another clone left word there of work that this one does not know of. Takes
        nothing.

        Args:
            heard: The mission's refs on the remote, as of just now; None: it is asked.

        Raises:
            GitError: The remote cannot be reached.
            MissionError: What lies there cannot be understood.
        """

    def prove(self) -> None:
        """Give a sign, right before something that no push of ours carries.

        Raises:
            ClaimHeldError, ClaimLostError, GitError: As `take`.
        """

    def give_back(self) -> None:
        """Say that this clone is through. What keeps that from being said is told, no error."""

    @contextmanager
    def calling(self, listener: Callable[[], None]) -> Iterator[None]:
        """Call `listener` when it yields and when it is silent no more, while the block runs. It
        must not block."""


class NoClaim:
    """Where there is no remote, or `claim: never`: nobody else is asked."""

    taken = True
    silent = False
    yields = False

    def along(self, push: Push) -> GitOutput:
        return push(Luggage())

    def take(self) -> bool:
        return False

    def has_news(self, heard: Mapping[str, str] | None) -> bool:
        return False

    def prove(self) -> None:
        """Nobody asks."""

    def give_back(self) -> None:
        """Nobody waits for it."""

    @contextmanager
    def calling(self, listener: Callable[[], None]) -> Iterator[None]:
        del listener
        yield


@dataclass(kw_only=True, slots=True)
class ClaimInMemory:
    """The shipped fake."""

    holder: str = ""  # another clone that holds it
    lost_to: str = ""  # ... that took it over
    from_another: bool = False  # what `take` says
    taken: bool = False
    silent: bool = False
    yields: bool = False
    signs: int = 0  # given so far
    listeners: list[Callable[[], None]] = field(default_factory=list)

    def along(self, push: Push) -> GitOutput:
        self.prove()
        return push(Luggage())

    def take(self) -> bool:
        if self.lost_to:
            raise ClaimLostError(f"{self.lost_to} took the mission over")
        if self.holder:
            raise ClaimHeldError(f"{self.holder} carries the mission out")
        first, self.taken = not self.taken, True
        return first and self.from_another

    def has_news(self, heard: Mapping[str, str] | None) -> bool:
        return self.from_another and not self.taken

    def prove(self) -> None:
        self.take()
        self.signs += 1

    def give_back(self) -> None:
        self.taken = False

    @contextmanager
    def calling(self, listener: Callable[[], None]) -> Iterator[None]:
        self.listeners.append(listener)
        try:
            yield
        finally:
            self.listeners.remove(listener)
