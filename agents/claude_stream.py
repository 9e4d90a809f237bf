"""Reads the events of Claude Code (`--output-format stream-json`), observed with 2.1.197."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from agents.claude_record import tokens_of
from agents.limit_end import limit_end
from agents.outcomes import classify
from agents.protocol import AgentEvent
from agents.result_line import read_time
from agents.stream import Told, as_object, event, local_now, money, number, part, parts, text
from mission.amounts import moment_anywhere
from mission.outcome import Outcome
from mission.usage import Tokens, Usage

_EDITS = frozenset({"Write", "Edit", "MultiEdit", "NotebookEdit"})


class ClaudeReader:
    """One attempt's events.

    Args:
        resumed: What the session had used before this attempt. Some versions report totals of the
            whole session when it goes on, others do not; the reader tells them apart.
        now: The clock from which `resets 3pm` counts.
    """

    def __init__(
        self, resumed: Usage | None = None, *, now: Callable[[], datetime] = local_now
    ) -> None:
        self.told = Told()
        self._resumed = resumed or Usage()
        self._now = now
        self._messages: dict[str, tuple[str, Tokens]] = {}  # by id: one comes in pieces
        self._open: dict[str, str] = {}  # by who is at work in the session, the message that comes

    def read(self, line: str) -> tuple[AgentEvent, ...]:
        found = as_object(line)
        if found is None:
            self.told.unreadable += bool(line.strip())
            return ()
        self.told.session = text(found, "session_id") or self.told.session
        match found.get("type"):
            case "system":
                return self._system(found)
            case "assistant":
                return self._assistant(found)
            case "stream_event":
                self._piece(part(found, "event"), text(found, "parent_tool_use_id"))
            case "rate_limit_event":
                return self._rate_limit(found)
            case "result":
                return self._result(found)
            case _:
                pass
        return ()

    def _system(self, found: dict[str, Any]) -> tuple[AgentEvent, ...]:
        if found.get("subtype") == "init":
            return (event("started", text(found, "model") or "claude"),)
        if found.get("subtype") == "api_retry":
            of = f"{number(found, 'attempt')} of {number(found, 'max_retries')}"
            why = f"{text(found, 'error')} {number(found, 'error_status') or ''}".strip()
            return (event("retrying", f"{why}, try {of}"),)
        return ()

    def _assistant(self, found: dict[str, Any]) -> tuple[AgentEvent, ...]:
        self.told.ended = False  # it goes on: something that it waited for has come
        message = part(found, "message")
        self._count(message)
        events = []
        for block in parts(message, "content"):
            if block.get("type") == "text" and text(block, "text").strip():
                self.told.said = text(block, "text")
                events.append(event("said", self.told.said))
            elif block.get("type") == "tool_use":
                events.append(_tool_use(text(block, "name"), part(block, "input")))
        return tuple(events)

    def _piece(self, piece: dict[str, Any], whose: str) -> None:
        """An answer begins, or ends: only then it is known how much it was."""
        if piece.get("type") == "message_start":
            message = part(piece, "message")
            self._open[whose] = text(message, "id")
            self._count(message)
        elif piece.get("type") == "message_delta" and self._open.get(whose) in self._messages:
            model, used = self._messages[self._open[whose]]
            output = max(used.output, number(part(piece, "usage"), "output_tokens"))
            self._messages[self._open[whose]] = model, replace(used, output=output)
            self.told.use(self._seen())

    def _count(self, message: dict[str, Any]) -> None:
        model, answer = text(message, "model"), text(message, "id")
        if model == "<synthetic>":  # the tool's own error texts
            return
        used = tokens_of(part(message, "usage"))
        _, before = self._messages.get(answer, (model, used))
        output = max(before.output, used.output)
        self._messages[answer] = model, replace(used, output=output)
        self.told.use(self._seen())

    def _rate_limit(self, found: dict[str, Any]) -> tuple[AgentEvent, ...]:
        limit = part(found, "rate_limit_info") or found
        if text(limit, "status") not in {"", "rejected"}:
            return ()
        self.told.retry_at = read_time(limit.get("resetsAt")) or self.told.retry_at
        until = f" until {moment_anywhere(at, self._now())}" if (at := self.told.retry_at) else ""
        return (event("retrying", f"rate limit{until}"),)

    def _result(self, found: dict[str, Any]) -> tuple[AgentEvent, ...]:
        if self.told.finished and self.told.ended and not number(found, "num_turns"):
            return ()  # as it goes it may fail at something, in a turn that never began
        self.told.ended = True
        self.told.use(self._total(found))
        self.told.said = text(found, "result") or self.told.said
        denied = (_denial(one) for one in parts(found, "permission_denials"))
        self.told.denials = tuple(dict.fromkeys(denied))
        # Something that it was denied does not count if it found another way: the change tells.
        self.told.finished = found.get("subtype") == "success" and found.get("is_error") is False
        if not self.told.finished:
            self.told.failure, self.told.reason = _failure(found)
            # The exact time that an event told before is worth more than words.
            self.told.retry_at = self.told.retry_at or limit_end(self.told.reason, self._now())
        used = f"{self.told.usage.tokens:,} tokens"
        return (event("usage", used), event("ended", text(found, "subtype")))

    def _seen(self) -> Usage:
        """What each answer so far was, for attempts that end without a result. Helpers' answers
        are counted as they begin only."""
        sums: dict[str, Tokens] = {}
        for model, used in self._messages.values():
            sums[model] = sums.get(model, Tokens()).plus(used)
        return Usage.of(sums)

    def _total(self, found: dict[str, Any]) -> Usage:
        models = part(found, "modelUsage")
        hour = _hour_share(part(found, "usage"))
        # The models' own counts include side requests, which `usage` leaves out.
        by_model = {name: _model_tokens(part(models, name), hour) for name in models}
        cost = money(found.get("total_cost_usd"))
        total = Usage.of(by_model or {"": tokens_of(part(found, "usage"))}, cost_usd=cost)
        before, seen = self._resumed, self._seen()
        if not before.nothing and total.input_tokens >= before.input_tokens + seen.input_tokens:
            return total.minus(before)
        return total


def _failure(found: dict[str, Any]) -> tuple[Outcome, str]:
    errors = found.get("errors")
    listed = [str(one) for one in errors] if isinstance(errors, list) else []
    said = "; ".join(listed) or text(found, "result")
    match found.get("subtype"):
        case "error_max_turns":
            return Outcome.OUT_OF_TURNS, said
        case "error_max_budget_usd":
            return Outcome.BUDGET, said
        case _:
            return classify(said, number(found, "api_error_status") or None), said


def _denial(found: dict[str, Any]) -> str:
    """The tool that was denied, and what it was for."""
    given = part(found, "tool_input")
    names = ("file_path", "notebook_path", "path", "command", "url", "query")
    about = next((text(given, name) for name in names if text(given, name)), "")
    return f"{text(found, 'tool_name')} {about}".strip()


def _tool_use(name: str, given: dict[str, Any]) -> AgentEvent:
    if name in _EDITS:
        return event("changed-files", text(given, "file_path") or text(given, "notebook_path"))
    told = text(given, "command") or text(given, "file_path") or text(given, "description")
    return event("used-tool", f"{name} {told}".strip())


def _model_tokens(found: dict[str, Any], hour: float) -> Tokens:
    """One model's sum. Older versions do not say for how long they wrote to the cache."""
    cached = number(found, "cacheReadInputTokens")
    written = number(found, "cacheCreationInputTokens")
    told = number(found, "cacheCreationEphemeral1hInputTokens")
    long = min(written, told or round(written * hour))
    return Tokens(
        input=number(found, "inputTokens") + cached + written,
        cached=cached,
        written=written - long,
        written_hour=long,
        output=number(found, "outputTokens"),
    )


def _hour_share(found: dict[str, Any]) -> float:
    """Which part of what was written to the cache stays there for an hour."""
    used = tokens_of(found)
    return used.written_hour / max(1, used.written + used.written_hour)
