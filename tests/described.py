"""Asks a server all that its OpenAPI description lets one ask, and some that it does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import httpx
import schemathesis
from hypothesis import given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

_CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance]
_EXAMPLES = 40  # of each operation
Point = Callable[[dict[str, Any]], None]  # makes the parts of a path those of something that exists


def ask_all(
    origin: str, point: Point, *, headers: Mapping[str, str] | None = None, without: str = ""
) -> set[str]:
    """Ask, and fail where an answer is not as it is described; the operations that were asked.

    Half of what is asked is about what there is.

    Args:
        origin: Where the server is; its description is `/openapi.json`.
        point: See there.
        headers: Sent along.
        without: A path that is left out.
    """
    headers = dict(headers or {})
    found = httpx.get(f"{origin}/openapi.json", headers=headers).json()
    asked = set()
    for result in schemathesis.openapi.from_dict(found).exclude(path=without).get_all_operations():
        assert isinstance(result, Ok), result
        operation = result.ok()
        _ask(operation, origin, headers, point)
        asked.add(operation.label)
    return asked


@settings(max_examples=_EXAMPLES, derandomize=True)
@given(data=st.data())
def _ask(
    operation: schemathesis.APIOperation[Any, Any, Any, Any],
    origin: str,
    headers: dict[str, str],
    point: Point,
    data: st.DataObject,
) -> None:
    case = data.draw(operation.as_strategy())
    if data.draw(st.booleans()):
        point(case.path_parameters)
    case.call_and_validate(base_url=origin, headers=headers, checks=_CHECKS, allow_redirects=False)
