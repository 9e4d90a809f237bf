"""What keeps the checkout behind the base: told as it happens, and once more at a run's end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from errors import CheckoutBlockedError


class Behind:
    """Whether the checkout could follow. It never holds up a merge on the remote."""

    def __init__(self, top: Path, base: str, say: Callable[[str], None]) -> None:
        """`top` is the checkout, `base` the name of what it is to follow."""
        self._top = top
        self._base = base
        self._say = say
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

    def followed(self) -> None:
        """It has followed."""
        self.message = ""


def _what_to_do(blocked: CheckoutBlockedError) -> str:
    if blocked.files or not blocked.hint:
        return "Put that on a branch of its own, or elsewhere"
    return blocked.hint.removesuffix(", and run again")
