"""What Claude Code's own record of a session says of its use, observed with 2.1.197 and 2.1.332.

Its events count an answer's output as it begins (1 token), and its sum comes only with the last
one. The session's file has each answer as it was billed; helpers of its own have files beside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from agents.stream import number, part, text
from agents.used import Recorded, Tail, is_since
from mission.usage import Tokens


class ClaudeRecord:
    """The record of one attempt's session.

    Args:
        home: The tool's folder.
        since: When the attempt began; aware.
    """

    def __init__(self, home: Path, since: datetime) -> None:
        self._projects = home / "projects"
        self._since = since
        self._tail = Tail(self._files, '"usage"')
        # By the answer's id, since one comes in pieces: when, which model, how much.
        self._answers: dict[str, tuple[bool, str, Tokens]] = {}

    def read(self, session: str) -> Recorded:
        """What it says by now."""
        for entry in self._tail.new(session):
            message = part(entry, "message")
            model, answer = text(message, "model"), text(message, "id")
            if entry.get("type") != "assistant" or model in {"", "<synthetic>"}:
                continue
            ours = is_since(text(entry, "timestamp"), self._since)
            used = tokens_of(part(message, "usage"))
            self._answers[answer] = (ours, model, used)
        found = Recorded()
        for ours, model, used in self._answers.values():
            sums = found.since if ours else found.before
            sums[model] = sums.get(model, Tokens()).plus(used)
        return found

    def _files(self, session: str) -> Iterable[Path]:
        yield from self._projects.glob(f"*/{session}.jsonl")
        yield from self._projects.glob(f"*/{session}/**/*.jsonl")


def tokens_of(found: dict[str, object]) -> Tokens:
    """Tokens as the Messages API counts them: what the cache had a part in is not in its input."""
    cached = number(found, "cache_read_input_tokens")
    written = number(found, "cache_creation_input_tokens")
    hour = min(written, number(part(found, "cache_creation"), "ephemeral_1h_input_tokens"))
    return Tokens(
        input=number(found, "input_tokens") + cached + written,
        cached=cached,
        written=written - hour,
        written_hour=hour,
        output=number(found, "output_tokens"),
    )
