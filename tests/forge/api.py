"""What the three dialects share: routes, answers, pages."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.forge.model import ForgeModel, RefusalError

Json = Any  # what json reads and writes


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One request, taken apart."""

    model: ForgeModel
    method: str
    path: str  # without the API's root, percent-encoding kept
    query: Mapping[str, list[str]]
    body: Mapping[str, Json]
    root: str  # the server's own address
    pages: str = ""  # how lists misbehave: see tests.forge.faults

    def first(self, name: str, default: str = "") -> str:
        return self.query.get(name, [default])[0]


@dataclass(kw_only=True)
class Reply:
    """One answer."""

    status: int = 200
    body: Json = None
    headers: dict[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        return b"" if self.body is None else json.dumps(self.body).encode()


Handler = Callable[..., Reply]


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How one kind of forge talks."""

    prefix: str  # of every path
    authorized: Callable[[Mapping[str, str], str], bool]  # headers in lower case, the token
    routes: Sequence[tuple[str, str, Handler]]  # method, pattern, handler(ask, *groups)
    etags: bool  # whether it answers conditional requests
    open_paths: Sequence[str] = ()  # what everybody may read
    words: Callable[[str], Json] = lambda message: {"message": message}  # the body of a refusal

    def answer(self, ask: Ask) -> Reply:
        known = False
        for method, pattern, handler in self.routes:
            found = re.fullmatch(pattern, ask.path)
            known = known or found is not None
            if found is None or method != ask.method:
                continue
            with ask.model.lock:
                try:
                    return handler(ask, *found.groups())
                except RefusalError as refusal:
                    return Reply(status=refusal.status, body=self.words(refusal.message))
        return Reply(status=405 if known else 404, body=self.words("no such route"))


def page(
    ask: Ask, entries: Sequence[Json], *, size_name: str, most: int, total_header: str = ""
) -> tuple[list[Json], dict[str, str]]:
    """One page of a list and the headers that go with it, misbehaving if it was told to."""
    entries = list(entries)
    size = min(int(ask.first(size_name, "30")), most)
    number = int(ask.first("page", "1"))
    start = (number - 1) * size
    if ask.pages == "duplicate" and number > 1:
        start -= 1  # a new entry pushed the last of the page before onto this one
    if ask.pages == "swallow" and number > 1:
        start += 1  # an entry went away, so that another slipped onto the page before
    shown = entries[start : start + size]
    if ask.pages == "reorder":
        shown.reverse()
    headers = {total_header: str(len(entries))} if total_header else {}
    if start + size < len(entries):
        headers["Link"] = f'<{ask.root}{ask.path}?page={number + 1}>; rel="next"'
    elif number > 1:
        headers["Link"] = f'<{ask.root}{ask.path}?page=1>; rel="first"'
    return shown, headers
