"""Quotes text that other people wrote, so that a reader cannot take it for part of our own."""

from __future__ import annotations

import re

#: A cell is a sentence or two. More than this is cut, and the quote says so.
LONGEST = 20_000

_RUN = re.compile(r"`+")
# Every character that some reader takes for a line end, and the ones that move or hide text:
# control characters and the bidirectional overrides.
_LINE_ENDS = re.compile("\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_HIDDEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)


def fence(text: str, *, longest: int = LONGEST) -> str:
    """`text` as a fenced Markdown block that its content cannot close.

    The fence is longer than every run of backticks inside; characters that hide or reorder text
    become U+FFFD. Text beyond `longest` characters is cut, which the block's first line says.
    """
    shown = text[:longest]
    label = "text" if len(text) <= longest else f"text (the first {longest} of {len(text)} signs)"
    lines = [_HIDDEN.sub("\ufffd", line).rstrip() for line in _LINE_ENDS.split(shown)]
    body = "\n".join(lines).strip("\n")
    ticks = "`" * max(3, 1 + max((len(run) for run in _RUN.findall(body)), default=0))
    return f"{ticks}{label}\n{body}\n{ticks}"


def one_line(text: str, *, longest: int = 300) -> str:
    """`text` on one line of at most `longest` characters, nothing hidden in it."""
    start = text[: longest * 20]  # a line may have many megabytes
    flat = _HIDDEN.sub("\ufffd", " ".join(_LINE_ENDS.sub(" ", start).split()))
    whole = len(flat) <= longest and len(start) == len(text)
    return flat if whole else f"{flat[: longest - 1]}…"
