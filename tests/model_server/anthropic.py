"""The script in the Messages dialect that Claude Code speaks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.model_server.script import Bill, Break, Fail, Say, Stall, Step, UseTool

Event = tuple[str, dict[str, Any]]


def is_main_loop(request: Mapping[str, Any]) -> bool:
    """Whether a request is a turn of the agent; small side requests carry no tools."""
    return bool(request.get("tools"))


def events(step: Step, request: Mapping[str, Any], number: str, bill: Bill) -> Iterator[Event]:
    """The server-sent events of one answer."""
    message: dict[str, Any] = {
        "id": f"msg_{number}",
        "type": "message",
        "role": "assistant",
        "model": request.get("model"),
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {
            "input_tokens": bill.fresh,
            "cache_read_input_tokens": bill.cached,
            "cache_creation_input_tokens": bill.written + bill.written_hour,
            "cache_creation": {
                "ephemeral_5m_input_tokens": bill.written,
                "ephemeral_1h_input_tokens": bill.written_hour,
            },
            "output_tokens": 1,
        },
    }
    yield "message_start", {"type": "message_start", "message": message}
    if isinstance(step, Stall | Break):
        return
    yield from _content(step, number)
    reason = "tool_use" if isinstance(step, UseTool) else "end_turn"
    yield (
        "message_delta",
        {
            "type": "message_delta",
            "delta": {"stop_reason": reason, "stop_sequence": None},
            "usage": {"output_tokens": bill.output},
        },
    )
    yield "message_stop", {"type": "message_stop"}


def _content(step: Step, number: str) -> Iterator[Event]:
    match step:
        case UseTool(name=name, arguments=arguments):
            block = {"type": "tool_use", "id": f"toolu_{number}", "name": name, "input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(arguments)}
        case Say(text=text):
            block = {"type": "text", "text": ""}
            delta = {"type": "text_delta", "text": text}
        case _:
            return
    start = {"type": "content_block_start", "index": 0, "content_block": block}
    yield "content_block_start", start
    yield "content_block_delta", {"type": "content_block_delta", "index": 0, "delta": delta}
    yield "content_block_stop", {"type": "content_block_stop", "index": 0}


def error_body(step: Fail) -> dict[str, Any]:
    """The body of a refused request."""
    return {"type": "error", "error": {"type": step.kind, "message": step.message, **step.extra}}
