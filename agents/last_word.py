"""How an agent asks for a person: a line of its last message, which the brief tells it of."""

from __future__ import annotations

import re

from mission.outcome import Outcome

_LINE = re.compile(r"^[^\w\n]*+(NEEDS-QA|BLOCKED)[^\w\n:]*+:\s*+(.+)", re.MULTILINE)
_OUTCOMES = {"NEEDS-QA": Outcome.NEEDS_QA, "BLOCKED": Outcome.BLOCKED}
# What models write where they fill the line in although there is nothing to ask for.
_NOTHING = re.compile(
    r"\W*+(not (needed|necessary|required|applicable|blocked)"
    r"|none|nothing|no|n/?a|nil|null|false)?+"
    r"(\s++(needed|necessary|required|to look at|is missing))?+\W*+",
    re.IGNORECASE,
)
#: Of a program's output the end is its last message: what came before may be anything.
LAST_LINES = 20
_LONGEST = 40_000  # characters of that end


def asked_for(said: str) -> tuple[Outcome, str] | None:
    """What `said` asks a person for: the outcome, and what it names; None if it asks for nothing.

    The last such line counts. One that names nothing (`NEEDS-QA: none`) is none.
    """
    for word, what in reversed(_LINE.findall(said)):
        if not _NOTHING.fullmatch(what):
            return _OUTCOMES[word], what.strip()
    return None


def end_of(output: str) -> str:
    """The last lines of what a program printed."""
    return "\n".join(output[-_LONGEST:].rstrip().split("\n")[-LAST_LINES:])
