"""What keeps the checkout behind the base: told as it happens, to those who ask how the mission
stands, and once more at a run's end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from errors import CheckoutBlockedError
from mission.journal import Journal
from mission.journal.kinds import CheckoutBehind


class Behind:
    """Whether the checkout could follow. It never holds up a merge on the remote."""

    def __init__(self, top: Path, base: str, say: Callable[[str], None], journal: Journal) -> None:
        """`top` is the checkout, `base` the name of what it is to follow."""
        self._top = top
        self._base = base
        self._say = say
        self._journal = journal
        self.message = ""  # empty: it has followed

    def note(self, blocked: CheckoutBlockedError) -> None:
        """It could not follow."""
        told = (
            f"the checkout in {self._top} stays behind {self._base}, which has all that was "
            f"merged: {blocked.message}. {_what_to_do(blocked)}; the next `mission run` takes the "
            "checkout along"
        )
        if told != self.message:
            self._say(told)
        self.message = told
        self._tell(CheckoutBehind(why=told, files=tuple(blocked.files)))

    def followed(self) -> None:
        """It has followed."""
        self.message = ""
        self._tell(CheckoutBehind())

    def _tell(self, now: CheckoutBehind) -> None:
        """Journal it where it is otherwise than was said last, by this run or another one."""
        before = self._journal.events(CheckoutBehind)
        if (before[-1].what if before else CheckoutBehind()) != now:
            self._journal.record(now)


def _what_to_do(blocked: CheckoutBlockedError) -> str:
    if blocked.files or not blocked.hint:
        return "Put that on a branch of its own, or elsewhere"
    return blocked.hint.removesuffix(", and run again")
