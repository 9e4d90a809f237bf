"""How people call a row: by its id, and by a title that stands beside id or description."""

from __future__ import annotations

import re

from tasks_md.words import bare, is_nothing, spoken_id, unbracketed

_ID_AND_TITLE = re.compile(r"(\[[^\[\]]*\]):?\s+(\S.*)", re.DOTALL)


def split_id(text: str, *, numbered: bool) -> tuple[str, str]:
    """The id in its cell, and what stands behind it: `[P1-T1] Set it up`."""
    text = bare(text)
    if not numbered and "[" not in text and " " not in text:  # most ids
        return text, ""
    found = _ID_AND_TITLE.fullmatch(text)
    if found:
        return unbracketed(found.group(1)), found.group(2)
    plain = unbracketed(text)
    # `#7` is an id of its own, but in a column that is called `#` it is 7; so is `Task 7` anywhere.
    if numbered or (" " in plain and spoken_id(plain).isdigit()):
        return spoken_id(plain), ""
    return plain, ""


def described(title: str, text: str) -> str:
    """What is to be done: the title before the description, unless this begins with it."""
    if not title or is_nothing(text):
        return title or text
    return text if text.casefold().startswith(title.casefold()) else f"{title}: {text}"
