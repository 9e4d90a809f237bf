"""Why a mission cannot be read, in words of ours. Pure.

An error's own words name files and quote what stands in them: they are for who is at the machine.
"""

from __future__ import annotations

from typing import Final

from errors import (
    ConfigError,
    FindingsError,
    JournalError,
    MissionError,
    TaskFileError,
    TierError,
    UsageError,
)

_WORDS: Final[tuple[tuple[type[MissionError], str], ...]] = (
    (ConfigError, "its settings, in mission.yaml, are not valid"),
    (TaskFileError, "its TASKS.md cannot be understood"),
    (JournalError, "its journal cannot be read"),
    (TierError, "its storage cannot be used"),
    (UsageError, "it is not where it was"),
)
_LAST: Final = "it has an error"


def unreadable(error: MissionError) -> str:
    """One line, with the rule that is broken where there is one."""
    if isinstance(error, FindingsError):
        rules = ", ".join(dict.fromkeys(one.rule for one in error.findings))
        why = f"findings of {rules}"
    else:
        why = next((words for kind, words in _WORDS if isinstance(error, kind)), _LAST)
    return f"The mission cannot be read now: {why}. `mission check` tells people more."
