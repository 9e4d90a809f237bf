"""What the OpenAPI description says of the dashboard's answers."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

Answers: TypeAlias = dict[int | str, dict[str, Any]]

DESCRIPTION: Final = """\
Missions as pages, and the same for programs: add `.json` or `.txt` to a page's address. Send the
token of the printed address as `Authorization: Bearer`. Answers carry an ETag; send it back as
If-None-Match to be told 304 while nothing has changed but how long ago things were.
"""


def _texts(*types: str) -> dict[str, dict[str, Any]]:
    return {one: {"schema": {"type": "string"}} for one in types}


_JSON: Final = {"application/json": {"schema": {"type": "object"}}}
_TOLD: Final = _texts("text/plain", "text/html") | _JSON
#: Of everything: the door's refusals, and what does not fit.
_ALWAYS: Final[Answers] = {
    401: {"description": "No token that is good", "content": _texts("text/plain")},
    403: {"description": "Asked for by another page", "content": _texts("text/plain")},
    404: {"description": "There is no such thing", "content": _TOLD},
    421: {"description": "Asked for by another name", "content": _texts("text/plain")},
    422: {"description": "An address that cannot be", "content": _JSON},
}
PAGE: Final[Answers] = _ALWAYS | {
    200: {"description": "The page", "content": _TOLD | _texts("application/atom+xml")},
    304: {"description": "Nothing has changed since the ETag"},
    400: {"description": "A query that cannot be", "content": _TOLD},
    503: {"description": "The mission cannot be read now", "content": _TOLD},
}
DECISION: Final[Answers] = _ALWAYS | {
    303: {"description": "Asked for; the page says what becomes of it"},
    400: {"description": "It cannot be asked for", "content": _texts("text/html")},
    503: {"description": "The mission cannot be read now", "content": _texts("text/html")},
}
#: What a form of the pages sends.
FORM: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "ticket": {"type": "string", "description": "As the pages' forms have it"},
                        "verb": {"type": "string", "description": "What is decided"},
                        "note": {"type": "string", "description": "For the next attempt"},
                    },
                    "required": ["ticket", "verb"],
                }
            }
        },
    }
}
EVENTS: Final[Answers] = _ALWAYS | {
    200: {"description": "A word for each mission", "content": _texts("text/event-stream")},
}
SHARED: Final[Answers] = _ALWAYS | {
    200: {
        "description": "The file",
        "content": _texts("text/css", "text/javascript", "image/svg+xml"),
    },
    304: {"description": "Unchanged since the ETag"},
}
