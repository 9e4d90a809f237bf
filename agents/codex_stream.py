"""Reads the events of Codex (`codex exec --json`), observed with 0.169.0."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from agents.codex_record import tokens_of
from agents.codex_rollout import SANDBOX
from agents.limit_end import limit_end
from agents.outcomes import classify
from agents.protocol import AgentEvent
from agents.stream import Told, as_object, event, local_now, part, parts, text
from mission.usage import Usage


class CodexReader:
    """One attempt's events.

    Args:
        resumed: What the thread had used before this attempt: Codex reports the totals of the
            whole thread, so the attempt's own usage is the difference.
        now: The clock from which `try again in 2 hours` counts.
    """

    def __init__(
        self, resumed: Usage | None = None, *, now: Callable[[], datetime] = local_now
    ) -> None:
        self.told = Told()
        self._resumed = resumed or Usage()
        self._now = now

    def read(self, line: str) -> tuple[AgentEvent, ...]:
        found = as_object(line)
        if found is None:
            self.told.unreadable += bool(line.strip())
            return ()
        match found.get("type"):
            case "turn.started":
                self.told.ended = False
                return ()
            case "thread.started":
                self.told.session = text(found, "thread_id") or self.told.session
                return (event("started", "codex"),)
            case "item.started" | "item.completed" as kind:
                return _item(part(found, "item"), self.told, ended=kind == "item.completed")
            case "error":
                # Not final: the tool goes on. Kept as the reason in case nothing else comes.
                self.told.reason = text(found, "message")
                return (event("retrying", self.told.reason),)
            case _:
                return self._turn(found)

    def _turn(self, found: dict[str, Any]) -> tuple[AgentEvent, ...]:
        if found.get("type") == "turn.completed":
            return self._completed(found)
        if found.get("type") == "turn.failed":
            return self._failed(text(part(found, "error"), "message"))
        return ()

    def _completed(self, found: dict[str, Any]) -> tuple[AgentEvent, ...]:
        self.told.use(self._own(part(found, "usage")))
        self.told.ended = self.told.finished = True
        self.told.failure, self.told.reason = None, ""
        used = f"{self.told.usage.tokens:,} tokens"
        return (event("usage", used), event("ended", "success"))

    def _failed(self, message: str) -> tuple[AgentEvent, ...]:
        raw, message = message, _plain(message) or self.told.reason
        self.told.ended, self.told.finished = True, False
        self.told.failure, self.told.reason = classify(message), message
        self.told.retry_at = limit_end(f"{raw} {message}", self._now())
        return (event("ended", message),)

    def _own(self, found: dict[str, Any]) -> Usage:
        total, before = Usage.of({"": tokens_of(found)}), self._resumed
        if total.input_tokens < before.input_tokens or total.output_tokens < before.output_tokens:
            return total  # it counts this attempt alone after all
        return total.minus(before)


def _item(item: dict[str, Any], told: Told, *, ended: bool) -> tuple[AgentEvent, ...]:
    match item.get("type"):
        case "agent_message" if ended:
            told.said = text(item, "text")
            return (event("said", told.said),)
        case "command_execution" if ended:
            told.denials += _denied(item)
            return ()
        case "command_execution":
            return (event("used-tool", text(item, "command")),)
        case "mcp_tool_call" if not ended:
            return (event("used-tool", f"{text(item, 'server')} {text(item, 'tool')}"),)
        case "file_change" if ended:
            changed = ", ".join(text(one, "path") for one in parts(item, "changes"))
            return (event("changed-files", changed),)
        case _:
            return ()


def _denied(item: dict[str, Any]) -> tuple[str, ...]:
    """The command, if it failed for the sandbox: the tool itself calls that a turn like others."""
    if item.get("status") not in {"failed", "declined"}:
        return ()
    output = text(item, "aggregated_output")
    if item.get("status") == "failed" and not SANDBOX.search(output):
        return ()
    return (f"`{text(item, 'command')}` ({output.strip().rpartition(chr(10))[2] or 'declined'})",)


def _plain(message: str) -> str:
    """The message, taken out of the provider's JSON body where that is passed on as it came."""
    error = part(as_object(message) or {}, "error")
    if not error:
        return message
    return f"{text(error, 'type')}: {text(error, 'message')}"
