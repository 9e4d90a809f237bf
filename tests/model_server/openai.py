"""The script in the Responses dialect that Codex speaks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.model_server.script import Bill, Break, Fail, Say, Stall, Step, UseTool

Event = tuple[str, dict[str, Any]]


def is_main_loop(_request: Mapping[str, Any]) -> bool:
    """Every request to `/responses` is a turn of the agent."""
    return True


def events(step: Step, _request: Mapping[str, Any], number: str, bill: Bill) -> Iterator[Event]:
    """The server-sent events of one answer."""
    response = f"resp_{number}"
    yield _event("response.created", response={"id": response})
    if isinstance(step, Stall | Break):
        return
    yield _event("response.output_item.done", output_index=0, item=_item(step, number))
    usage = {
        "input_tokens": bill.input,
        "input_tokens_details": {
            "cached_tokens": bill.cached,
            "cache_write_tokens": bill.written + bill.written_hour,
        },
        "output_tokens": bill.output,
        "output_tokens_details": {"reasoning_tokens": 5},
        "total_tokens": bill.input + bill.output,
    }
    yield _event("response.completed", response={"id": response, "usage": usage})


def _item(step: Step, number: str) -> dict[str, Any]:
    match step:
        case UseTool(name=name, arguments=arguments, namespace=namespace):
            return {
                **({"namespace": namespace} if namespace else {}),
                "type": "function_call",
                "id": f"fc_{number}",
                "call_id": f"call_{number}",
                "name": name,
                "arguments": json.dumps(arguments),
            }
        case Say(text=text):
            return {
                "type": "message",
                "id": f"msg_{number}",
                "role": "assistant",
                "content": [{"type": "output_text", "text": text, "annotations": []}],
            }
        case _:
            raise AssertionError(f"{step} has no item")


def error_body(step: Fail) -> dict[str, Any]:
    """The body of a refused request."""
    return {"error": {"type": step.kind, "message": step.message, "code": step.kind, **step.extra}}


def _event(name: str, **data: Any) -> Event:
    return name, {"type": name, **data}
