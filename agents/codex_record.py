"""What Codex's own record of a thread says of its use, observed with 0.169.0 and 0.171.0.

Its events have a sum only where a turn ends well. The thread's rollout has one after each answer of
the model, and names the model.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from agents.stream import number, part, text
from agents.used import Recorded, Tail, is_since
from mission.usage import Tokens


class CodexRecord:
    """The record of one attempt's thread.

    Args:
        home: Codex's home.
        since: When the attempt began; aware.
    """

    def __init__(self, home: Path, since: datetime) -> None:
        self._sessions = home / "sessions"
        self._since = since
        self._tail = Tail(self._files, '"token_count"', '"turn_context"')
        self._model = ""
        self._total = Tokens()  # of the thread, by its last word
        self._found = Recorded()

    def read(self, session: str) -> Recorded:
        """What it says by now."""
        for entry in self._tail.new(session):
            payload = part(entry, "payload")
            if entry.get("type") == "turn_context":
                self._model = text(payload, "model") or self._model
            elif payload.get("type") == "token_count":
                ours = is_since(text(entry, "timestamp"), self._since)
                self._count(tokens_of(part(payload, "info", "total_token_usage")), ours=ours)
        return self._found

    def _count(self, total: Tokens, *, ours: bool) -> None:
        """Take a sum in. One that is lower than the one before begins anew."""
        anew = total.input < self._total.input
        new = total if anew else total.minus(self._total)
        if total != Tokens():
            self._total = total
        sums = self._found.since if ours else self._found.before
        sums[self._model] = sums.get(self._model, Tokens()).plus(new)

    def _files(self, session: str) -> Iterable[Path]:
        return self._sessions.glob(f"**/rollout-*-{session}.jsonl")


def tokens_of(found: dict[str, Any]) -> Tokens:
    """Tokens as Codex counts them: what the cache had a part in is in its input."""
    return Tokens(
        input=number(found, "input_tokens"),
        cached=number(found, "cached_input_tokens"),
        written=number(found, "cache_write_input_tokens"),
        output=number(found, "output_tokens"),
    )
