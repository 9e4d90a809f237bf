"""What commands print with: facts to stdout, talk to stderr.

What comes from a file, an agent or a forge is escaped here before it is shown: a control character
in a cell must not clear the screen, and a line break must not forge a line. rich is not imported:
it takes a third of the time that `mission status` has.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, TextIO

from cli.typed_here import text_here

Style = Literal["", "bold", "dim", "red", "green", "yellow", "cyan"]

_CODES: Mapping[Style, str] = {
    "": "",
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "cyan": "36",
}
_PARTS = 10_000  # of JSON, written at once
_JOINERS = "\u200c\u200d"  # parts of emoji and of some scripts' words


def fact(text: str = "") -> None:
    """Print a line to stdout. Give text of others through `printable` first."""
    _write(sys.stdout, text)


def talk(text: str) -> None:
    """Print a line for people to stderr; commands in it are as they can be typed here."""
    _write(sys.stderr, text_here(text))


def print_json(value: Mapping[str, object]) -> None:
    """Print one JSON object to stdout, as every command's `--json` does.

    Times become ISO 8601, lengths of time seconds, numbers that JSON does not know null.
    """
    encoder = json.JSONEncoder(indent=2, ensure_ascii=False, allow_nan=False)
    parts: list[str] = []
    for part in encoder.iterencode(_plain(value)):  # a big mission's text is never there as a whole
        parts.append(part)
        if len(parts) == _PARTS:
            _write(sys.stdout, _harmless("".join(parts)), end="")
            parts.clear()
    _write(sys.stdout, _harmless("".join(parts)))


def _harmless(text: str) -> str:
    """JSON without characters that a terminal acts on: they are only in strings, and escaped."""
    lines = (
        line
        if line.isprintable()
        else "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in line)
        for line in text.split("\n")
    )
    return "\n".join(lines)


def printable(text: str) -> str:
    r"""`text` on one line, with every character that a terminal acts on written out (`\x1b`)."""
    if text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def shown_path(path: Path | str) -> str:
    """A path as people in this folder would type it."""
    here = Path.cwd()
    whole = Path(path)
    return printable(str(whole.relative_to(here) if whole.is_relative_to(here) else whole))


def paint(text: str, style: Style) -> str:
    """`text` in a colour, where stdout is a terminal that wants colours."""
    if not style or not has_colours():
        return text
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m"


def has_colours() -> bool:
    """Whether stdout is a terminal and nobody asked for no colours."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and not plain


def screen_width() -> int:
    """Columns to print in: the terminal's, or 80."""
    return max(40, shutil.get_terminal_size((80, 24)).columns) if sys.stdout.isatty() else 80


def _write(stream: TextIO, text: str, end: str = "\n") -> None:
    try:
        stream.write(f"{text}{end}")
    except UnicodeEncodeError:  # a terminal or a file of an old encoding
        encoding = stream.encoding or "ascii"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + end)
    stream.flush()


def _plain(value: object) -> object:
    match value:
        case Mapping():
            plain: object = {str(key): _plain(inner) for key, inner in value.items()}
        case list() | tuple():
            plain = [_plain(inner) for inner in value]
        case datetime():
            plain = value.isoformat()
        case timedelta():
            plain = value.total_seconds()
        case float():
            plain = value if math.isfinite(value) else None
        case None | str() | int():
            plain = value
        case _:
            plain = str(value)
    return plain


def _shown(character: str) -> str:
    if character.isprintable() or character in _JOINERS:
        return character
    if unicodedata.category(character) == "Zs":
        return " "
    return character.encode("unicode_escape").decode("ascii")
