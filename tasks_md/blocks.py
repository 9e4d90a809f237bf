"""The blocks of a Markdown file that matter here: headings, paragraphs, rules and tables.

markdown-it-py decides what is what (fences, quotes, lists, comments, where a table ends), and we
take from it only which lines are rows and where each row's content starts. Its own cells are not
used: they have no positions, and inline parsing would cost most of the time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.rules_block.state_block import StateBlock
from markdown_it.token import Token

from tasks_md.model import TableLine

BOM = "\ufeff"
_LINE_END = re.compile(r"\r\n?")
_CELL_TOKENS = frozenset({"th_open", "th_close", "td_open", "td_close", "inline"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Heading:
    """A heading at the file's top level."""

    level: int
    text: str
    line: int  # from 1
    end_line: int  # its last line


@dataclass(frozen=True, kw_only=True, slots=True)
class Paragraph:
    """A paragraph, wherever it stands. Lines are without marks and indentation."""

    text: str
    line: int
    quoted: bool  # in a block quote


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """A thematic break at the file's top level."""

    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class RawTable:
    """A table, wherever it stands."""

    header: TableLine
    delimiter: TableLine
    rows: tuple[TableLine, ...]


Block = Heading | Paragraph | Rule | RawTable


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark").enable("table")


class _RowState(StateBlock):
    """Notes where each row starts, and keeps no tokens for cells."""

    def __init__(self, source: str) -> None:
        super().__init__(source, _markdown(), {}, [])
        self.line_starts = tuple(self.bMarks)
        self.row_starts: dict[int, int] = {}  # line -> where the content starts within it
        self._cell = Token("", "", 0)

    def push(self, ttype: str, tag: str, nesting: Literal[-1, 0, 1]) -> Token:
        if self.parentType == "table":
            if ttype in _CELL_TOKENS:
                return self._cell
            if ttype == "tr_close":
                row = self.tokens[-1].map
                if row is not None:
                    self._note_row(row[0])
            elif ttype == "thead_close":
                header = self.tokens[-2].map  # the row's opening token; its cells were not kept
                if header is not None:
                    self._note_row(header[0] + 1)
        return super().push(ttype, tag, nesting)

    def _note_row(self, line: int) -> None:
        # Containers shift these marks while they are open, so this must be read now.
        start = self.bMarks[line] + self.tShift[line]
        self.row_starts[line] = start - self.line_starts[line]


def read_blocks(lines: tuple[str, ...]) -> list[Block]:
    """The blocks of a file, in order. `lines` are all its lines, with their ends."""
    text = "".join(lines)
    marked = text.startswith(BOM)
    source = _LINE_END.sub("\n", text.removeprefix(BOM)).replace("\0", "\ufffd")
    state = _RowState(source)
    _markdown().block.tokenize(state, 0, state.lineMax)
    return _Reader(state, lines, shift=1 if marked else 0).blocks()


class _Reader:
    """Turns markdown-it's tokens into blocks."""

    def __init__(self, state: _RowState, lines: tuple[str, ...], *, shift: int) -> None:
        self._state = state
        self._lines = lines
        self._shift = shift  # characters before the first line's text: the byte order mark

    def blocks(self) -> list[Block]:
        found: list[Block] = []
        quotes = 0
        opened: Token | None = None
        rows: list[int] = []
        for token in self._state.tokens:
            kind = token.type
            if kind == "tr_open" and token.map:
                rows.append(token.map[0])
            elif kind == "table_close":
                found.append(self._table(rows))
                rows = []
            elif kind == "blockquote_open":
                quotes += 1
            elif kind == "blockquote_close":
                quotes -= 1
            elif kind in {"heading_open", "paragraph_open"}:
                opened = token
            elif kind == "inline" and opened is not None:
                block = _text_block(opened, token.content, quoted=quotes > 0)
                if block is not None:
                    found.append(block)
                opened = None
            elif kind == "hr" and token.level == 0 and token.map:
                found.append(Rule(line=token.map[0] + 1))
        return found

    def _table(self, rows: list[int]) -> RawTable:
        header = rows[0]
        return RawTable(
            header=self._row(header),
            delimiter=self._row(header + 1),
            rows=tuple(self._row(line) for line in rows[1:]),
        )

    def _row(self, line: int) -> TableLine:
        raw = self._lines[line]
        start = self._state.row_starts[line] + (self._shift if line == 0 else 0)
        return TableLine(line=line + 1, raw=raw, start=start, end=len(raw.rstrip("\r\n")))


def _text_block(opened: Token, text: str, *, quoted: bool) -> Block | None:
    first, end = opened.map or (0, 0)
    if opened.type == "paragraph_open":
        return Paragraph(text=text, line=first + 1, quoted=quoted)
    if opened.level > 0:
        return None  # a heading in a quote or a list divides nothing
    return Heading(level=int(opened.tag[1:]), text=text, line=first + 1, end_line=end)
