"""Reads the events of Claude Code (`--output-format stream-json`), observed with 2.1.197."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from agents.limit_end import limit_end
from agents.outcomes import classify
from agents.protocol import AgentEvent
from agents.result_line import read_time
from agents.stream import Told, as_object, event, local_now, money, number, part, parts, text
from mission.amounts import moment
from mission.outcome import Outcome
from mission.usage import Usage

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
        self._messages: dict[str, Usage] = {}  # by message id: one message comes in pieces

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
            case "rate_limit_event":
                return self._rate_limit(found)
            case "result":
                return self._result(found)
            case _:
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
        if text(message, "model") != "<synthetic>":  # those are the tool's own error texts
            self._messages[text(message, "id")] = _usage(part(message, "usage"))
            self.told.usage = self._seen()
        events = []
        for block in parts(message, "content"):
            if block.get("type") == "text" and text(block, "text").strip():
                self.told.said = text(block, "text")
                events.append(event("said", self.told.said))
            elif block.get("type") == "tool_use":
                events.append(_tool_use(text(block, "name"), part(block, "input")))
        return tuple(events)

    def _rate_limit(self, found: dict[str, Any]) -> tuple[AgentEvent, ...]:
        limit = part(found, "rate_limit_info") or found
        if text(limit, "status") not in {"", "rejected"}:
            return ()
        self.told.retry_at = read_time(limit.get("resetsAt")) or self.told.retry_at
        until = f" until {moment(at, self._now())}" if (at := self.told.retry_at) else ""
        return (event("retrying", f"rate limit{until}"),)

    def _result(self, found: dict[str, Any]) -> tuple[AgentEvent, ...]:
        if self.told.finished and self.told.ended and not number(found, "num_turns"):
            return ()  # as it goes it may fail at something, in a turn that never began
        self.told.ended = True
        self.told.usage = self._total(found)
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
        """A lower bound, for attempts that end without a result: output is counted at its start."""
        return _sum(list(self._messages.values()))

    def _total(self, found: dict[str, Any]) -> Usage:
        models = part(found, "modelUsage")
        # The models' own counts include side requests, which `usage` leaves out.
        total = _sum([_model_usage(part(models, name)) for name in models]) if models else None
        total = total or _usage(part(found, "usage"))
        cost = money(found.get("total_cost_usd"))
        before, seen = self._resumed, self._seen()
        if not before.nothing and total.input_tokens >= before.input_tokens + seen.input_tokens:
            total = Usage(
                input_tokens=total.input_tokens - before.input_tokens,
                cached_tokens=max(0, total.cached_tokens - before.cached_tokens),
                output_tokens=max(0, total.output_tokens - before.output_tokens),
            )
            cost = None if cost is None else max(0.0, cost - (before.cost_usd or 0.0))
        return Usage(
            input_tokens=total.input_tokens,
            cached_tokens=total.cached_tokens,
            output_tokens=total.output_tokens,
            cost_usd=cost,
        )


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


def _usage(found: dict[str, Any]) -> Usage:
    """Tokens as the Messages API counts them: cached ones are not part of its input."""
    cached = number(found, "cache_read_input_tokens")
    written = number(found, "cache_creation_input_tokens")
    return Usage(
        input_tokens=number(found, "input_tokens") + cached + written,
        cached_tokens=cached,
        output_tokens=number(found, "output_tokens"),
    )


def _model_usage(found: dict[str, Any]) -> Usage:
    cached = number(found, "cacheReadInputTokens")
    written = number(found, "cacheCreationInputTokens")
    return Usage(
        input_tokens=number(found, "inputTokens") + cached + written,
        cached_tokens=cached,
        output_tokens=number(found, "outputTokens"),
    )


def _sum(usages: list[Usage]) -> Usage:
    return Usage(
        input_tokens=sum(one.input_tokens for one in usages),
        cached_tokens=sum(one.cached_tokens for one in usages),
        output_tokens=sum(one.output_tokens for one in usages),
    )
