"""Tables of text, for terminals and for files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cli.console import Style, paint, printable, screen_width
from cli.typed_here import text_here
from tasks_md.spans import character_width, display_width

Styles = Mapping[str, Style]
STATUS_STYLES: Styles = {
    "done": "green",
    "in-progress": "cyan",
    "needs-qa": "yellow",
    "blocked": "yellow",
    "failed": "red",
}
_NARROWEST = 16  # a flexible column is never made narrower, if it has words that long
_GAP = "  "
_TIGHT = " "  # where the table is too wide else


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One column of a table."""

    heading: str
    right: bool = False  # numbers
    flexible: bool = False  # gives way, and wraps, when the table is too wide
    styles: Styles | None = None  # by the cell's text


def table(columns: Sequence[Column], rows: Iterable[Sequence[str]], *, width: int = 0) -> str:
    """A table as text, at most `width` columns wide (the screen's by default) where it can be.

    Cells are escaped. Nothing is cut off: flexible columns wrap.
    """
    cells = [[printable(cell) for cell in row] for row in rows]
    headings = [column.heading for column in columns]
    widths = [max(map(display_width, parts)) for parts in zip(headings, *cells, strict=True)]
    limit = width or screen_width()
    floors = [_floor(parts) for parts in zip(headings, *cells, strict=True)]
    _narrow(columns, widths, floors, limit)
    gap = _GAP if sum(widths) + len(_GAP) * (len(widths) - 1) <= limit else _TIGHT
    lines = [paint(gap.join(_line(columns, headings, widths, styled=False)).rstrip(), "bold")]
    for row in cells:
        # Only at a line's end nothing is pushed aside by a path that is longer than its column.
        wrapped = [wrap(cell, size, paths=False) for cell, size in zip(row, widths, strict=True)]
        wrapped[-1] = wrap(row[-1], widths[-1])
        for index in range(max(len(lines_of) for lines_of in wrapped)):
            parts = [lines_of[index] if index < len(lines_of) else "" for lines_of in wrapped]
            lines.append(gap.join(_line(columns, parts, widths, styled=True)).rstrip())
    return "\n".join(lines)


def wrap(text: str, width: int, *, paths: bool = True) -> list[str]:
    """`text` in lines of at most `width` columns, broken at spaces where there are any. With
    `paths`, a path that is longer stays whole, so that it can be copied."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        joined = f"{line} {word}" if line else word
        if display_width(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        line = word
        while display_width(line) > width and not (paths and "/" in word):
            head = _head(line, width)
            lines.append(head)
            line = line[len(head) :]
    return [*lines, line] if line or not lines else lines


def _head(text: str, width: int) -> str:
    """The longest start of `text` in `width` columns; one character at least."""
    taken = 0
    for index, character in enumerate(text):
        taken += character_width(character)
        if taken > width and index:
            return text[:index]
    return text


def _floor(parts: Sequence[str]) -> int:
    """The least width of a flexible column: that of its longest word, unless that is very long."""
    return min(_NARROWEST, max(display_width(word) for part in parts for word in part.split(" ")))


def _narrow(
    columns: Sequence[Column], widths: list[int], floors: Sequence[int], limit: int
) -> None:
    """Make flexible columns narrower, the widest first, until the table fits."""
    flexible = [index for index, column in enumerate(columns) if column.flexible]
    excess = sum(widths) + len(_GAP) * (len(widths) - 1) - limit
    while excess > 0 and (flexible := [i for i in flexible if widths[i] > floors[i]]):
        widest = max(flexible, key=lambda index: widths[index])
        second = max((widths[index] for index in flexible if index != widest), default=0)
        floor = max(floors[widest], min(second, widths[widest] - 1))
        cut = min(excess, widths[widest] - floor)
        widths[widest] -= cut
        excess -= cut


def _line(
    columns: Sequence[Column], parts: Sequence[str], widths: Sequence[int], *, styled: bool
) -> list[str]:
    padded = []
    for column, part, width in zip(columns, parts, widths, strict=True):
        blanks = " " * (width - display_width(part))
        shown = paint(part, column.styles.get(part, "")) if styled and column.styles else part
        padded.append(blanks + shown if column.right else shown + blanks)
    return padded


def minute(when: datetime) -> str:
    """A moment as people here tell it, to the minute; with its date where that is not today's."""
    return _dated(when, "%H:%M")


def second(when: datetime) -> str:
    """As `minute`, to the second."""
    return _dated(when, "%H:%M:%S")


def _dated(when: datetime, form: str) -> str:
    here = when.astimezone()
    today = here.date() == datetime.now().astimezone().date()
    return here.strftime(form if today else f"%Y-%m-%d {form}")


def wrapped(text: str, style: Style) -> Iterator[str]:
    """A text of any origin, in lines for the screen."""
    for line in wrap(printable(text_here(text)), screen_width()):
        yield paint(line, style)
