"""What keeps the checkout behind the base: told as it happens, to those who ask how the mission
stands, and once more at a run's end."""

from __future__ import annotations

from collections.abc import Callable

from errors import CheckoutBlockedError
from mission.journal import Journal
from mission.journal.kinds import CheckoutBehind
from workspace.repository import Repository


class Behind:
    """Whether the checkout could follow. It never holds up a merge."""

    def __init__(
        self, repository: Repository, say: Callable[[str], None], journal: Journal
    ) -> None:
        """`say` tells people a line."""
        self._repository = repository
        self._say = say
        self._journal = journal
        self.message = ""  # empty: it has followed

    def note(self, blocked: CheckoutBlockedError) -> None:
        """It could not follow."""
        told = (
            f"the checkout in {self._repository.top} stays behind {self._repository.base_name}, "
            f"which has all that was merged: {blocked.message.removesuffix('.')}."
            f"{f' {blocked.hint};' if blocked.hint else ''} the next `mission run` takes the "
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
