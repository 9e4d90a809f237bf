"""Plans of milestones that nobody has agreed to yet: kept on this machine, for the next time."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from errors import UnreadableError
from mission.place import Place
from mission.private import write_private

_FOLDER = "plans"


@dataclass(frozen=True, kw_only=True)
class KeptPlans:
    """One file for each milestone: the text that is to stand in place of the placeholder's."""

    place: Place

    def path(self, milestone: str) -> Path:
        """Where the plan of a milestone is kept."""
        name = quote(milestone, safe="").replace(".", "%2E")
        return self.place.state_dir / _FOLDER / f"{name}.md"

    def read(self, milestone: str) -> str | None:
        """The plan that is kept; None if none is.

        Raises:
            UnreadableError: It cannot be read, or is no text any more.
        """
        path = self.path(milestone)
        try:
            return path.read_bytes().decode("utf-8")  # every line ends as it did
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise UnreadableError(
                "the plan that was kept cannot be read",
                hint=f"`mission expand {milestone} --anew` asks an agent for another",
                path=str(path),
            ) from error

    def keep(self, milestone: str, body: str) -> None:
        """Keep it, in place of an older one.

        Raises:
            OSError: It cannot be written.
        """
        path = self.path(milestone)
        self.place.keep_state()
        path.parent.mkdir(mode=0o700, exist_ok=True)
        write_private(path, body)

    def forget(self, milestone: str) -> None:
        """It is in the task file now, or nobody wants it."""
        with suppress(FileNotFoundError):
            self.path(milestone).unlink()
