"""Cells within one raw line, both ways: finding them, and writing text that reads back the same.

The rules are GitHub's (cmark-gfm): a pipe is escaped when the character before it is a backslash,
whatever stands before that; pipes in code spans split like any other; one pipe at either end of
the trimmed line belongs to the frame.
"""

from __future__ import annotations

import re
import unicodedata

# What cmark-gfm trims from a row; the line's end is not part of it.
ROW_BLANKS = " \t\x0b\x0c"

_BARE_PIPE = re.compile(r"(?<!\\)\|")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_BREAK = re.compile(r"\r\n|\r|\n")
_UNWRITABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_ZERO_WIDTH = frozenset({"Mn", "Me", "Cf"})


def split_lines(text: str) -> tuple[str, ...]:
    r"""The lines with their ends. Only `\r\n`, `\n` and `\r` end a line."""
    return tuple(_LINE.findall(text))


def raw_cells(content: str) -> tuple[list[str], int]:
    """The raw text of each cell of a row, and where in `content` the first one starts.

    `content` is a row without its indentation, its container's marks and its line end. The cells
    lie one pipe apart, so their positions follow from their lengths.
    """
    row = content.rstrip(ROW_BLANKS)
    cells = _BARE_PIPE.split(row) if "\\|" in row else row.split("|")
    start = 0
    if cells[0] == "":
        del cells[0]
        start = 1
    if cells and cells[-1] == "":
        del cells[-1]
    return cells, start


def unescape(raw: str) -> str:
    """The text that a raw cell stands for."""
    text = raw.strip()
    return text.replace("\\|", "|") if "\\|" in text else text


def escape(text: str) -> str:
    """Text as it is written between two pipes. The opposite of `unescape` for stripped text."""
    return text.replace("|", "\\|")


def cell_text(value: str) -> str:
    """`value` as a cell can hold it: one line, no control characters, nothing around it.

    Line breaks become one space. Control characters and characters that UTF-8 cannot carry become
    U+FFFD: they would make the file binary to git, or act on the terminal of whoever reads it.
    """
    parts = (part.strip() for part in _BREAK.split(value))
    one_line = " ".join(part for part in parts if part)
    return _UNWRITABLE.sub("\ufffd", one_line.replace("\t", " "))


def display_width(text: str) -> int:
    """Columns that a terminal or an editor with a fixed pitch needs for `text`."""
    if text.isascii():
        return len(text)
    return sum(character_width(character) for character in text)


def character_width(character: str) -> int:
    """Columns of one character: 0, 1 or 2."""
    if unicodedata.category(character) in _ZERO_WIDTH:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
