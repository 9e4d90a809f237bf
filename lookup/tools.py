"""The tools: what an agent is told of them, and what they take. All of them read only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from lookup.told import Forecast, LookupFailedError, Mission, Told

_LONGEST: Final = 500  # characters of an argument


@dataclass(frozen=True, kw_only=True, slots=True)
class Tool:
    """One of them."""

    name: str
    description: str  # every agent pays for it in every request: few words
    asks: Callable[[Mission, str], Told]
    takes: str | None = None  # its own argument beside `cursor`; it needs it

    def schema(self, *, missions: bool) -> dict[str, object]:
        """What it takes, as JSON Schema.

        Args:
            missions: Whether there are several, so that one has to be named.
        """
        names = [*(["mission"] if missions else []), *([self.takes] if self.takes else [])]
        return {
            "type": "object",
            "properties": {name: {"type": "string"} for name in (*names, "cursor")},
            **({"required": names} if names else {}),
        }

    def checked(self, given: Mapping[str, object], *, missions: bool) -> dict[str, str]:
        """The arguments, if they are what it takes.

        Raises:
            LookupFailedError: They are not.
        """
        needed = {*({"mission"} if missions else ()), *((self.takes,) if self.takes else ())}
        unknown = sorted(given.keys() - needed - {"cursor"})
        missing = sorted(needed - given.keys())
        if unknown or missing:
            taken = ", ".join(sorted({*needed, "cursor"}))
            what = f"takes {taken} alone" if unknown else f"needs {missing[0]!r}"
            raise LookupFailedError(f"{self.name} {what}", quoted=", ".join(unknown))
        for name, value in given.items():
            if not isinstance(value, str) or len(value) > _LONGEST or "\0" in value:
                raise LookupFailedError(f"{name} is a text of at most {_LONGEST} characters")
        return {name: str(value) for name, value in given.items()}


def _forecast(mission: Mission, _: str) -> Told:
    if not isinstance(mission, Forecast):
        raise LookupFailedError("Too little is known of this mission to forecast it")
    return mission.forecast()


#: Those for a mission whose plan, journal and settings are at hand.
TOOLS: Final[tuple[Tool, ...]] = (
    Tool(
        name="mission_status",
        description="How the mission stands: the run, who works on which row, what waits and why."
        " Pass a cursor from an answer for its next page.",
        asks=lambda mission, _: mission.status(),
    ),
    Tool(
        name="mission_task",
        description="One row: status, dependencies, what it waits for, attempts, text.",
        asks=lambda mission, row: mission.task(row),
        takes="id",
    ),
    Tool(
        name="mission_search",
        description="Rows that hold all of these words.",
        asks=lambda mission, words: mission.search(words),
        takes="words",
    ),
    Tool(
        name="mission_forecast",
        description="When it will be done and at what cost: p50, p80, p95.",
        asks=_forecast,
    ),
)

#: ... of which there is what the storage holds: nothing to forecast from.
OF_A_STORAGE: Final[tuple[Tool, ...]] = tuple(
    one for one in TOOLS if one.name != "mission_forecast"
)
