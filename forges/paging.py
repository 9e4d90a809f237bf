"""Lists that come in pages, read whole or not at all.

While pages are read, entries move: a new one pushes another to the next page, which then comes
twice; a deleted one lets another slip through. So entries are told apart by their ids, and where
the forge says how many there are, fewer than that is an error and not a shorter list.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from forges.answers import Answer
from forges.errors import UnreadableAnswerError
from forges.http import Api, Parameters

MAX_PAGES = 50

Entry = TypeVar("Entry")


@dataclass(frozen=True, kw_only=True, slots=True)
class Page(Generic[Entry]):
    """One page."""

    entries: Sequence[Entry]
    total: int | None  # of the whole list, where the forge says so


def read_all(
    api: Api,
    path: str,
    parameters: Parameters,
    read: Callable[[Answer], Page[Entry]],
    key: Callable[[Entry], object],
    *,
    max_pages: int = MAX_PAGES,
) -> list[Entry]:
    """The whole list, in the forge's order, the last copy of an entry that came twice.

    Raises:
        UnreadableAnswerError: It is too long, or changed so that some of it was not seen.
    """
    found: dict[object, Entry] = {}
    for number in range(1, max_pages + 1):
        answer = api.get(path, {**parameters, "page": number})
        page = read(answer)
        total = page.total if page.total is not None else _total(answer)
        found.update((key(entry), entry) for entry in page.entries)
        if total is not None and len(found) >= total:
            return list(found.values())
        if not page.entries or (total is None and _is_last(answer)):
            break
    else:
        raise UnreadableAnswerError(f"{path} on {api.root} has more than {max_pages} pages")
    if total is not None:
        raise UnreadableAnswerError(
            f"{path} on {api.root} holds {total} entries, and {len(found)} could be read"
        )
    return list(found.values())


def _total(answer: Answer) -> int | None:
    said = answer.headers.get("x-total-count") or answer.headers.get("x-total", "")
    return int(said) if said.isascii() and said.isdigit() else None


def _is_last(answer: Answer) -> bool:
    """Whether the forge says where pages go on, and names no next one."""
    link = answer.headers.get("link")
    return link is not None and 'rel="next"' not in link
