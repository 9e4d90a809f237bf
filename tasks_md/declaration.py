"""What the quote block at the top of a task file declares."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tasks_md.blocks import Block, Heading, Paragraph
from tasks_md.model import Declaration
from tasks_md.spans import raw_cells, unescape
from tasks_md.words import bare

_ENTRY = re.compile(r"\*\*([^*]+)\*\*\s*:?\s*(.*)")
_CODE = re.compile(r"`([^`]+)`")


def read_declaration(blocks: Iterable[Block]) -> Declaration:
    """The declaration in the quotes before the first section. Of two entries the first counts."""
    entries: dict[str, str] = {}
    first_line = 0
    for block in blocks:
        if isinstance(block, Heading) and block.level > 1:
            break
        if not isinstance(block, Paragraph) or not block.quoted:
            continue
        for at, line in enumerate(block.text.split("\n")):
            entry = _ENTRY.match(line.strip())
            if entry:
                name = entry.group(1).strip(" :").casefold()
                entries.setdefault(name, entry.group(2))
                first_line = first_line or block.line + at
    return Declaration(
        mission=bare(entries.get("mission", "").strip()),
        schema=_schema(entries.get("schema", "")),
        statuses=_values(entries.get("status values", entries.get("statuses", ""))),
        agents=_values(entries.get("agent values", entries.get("agents", ""))),
        line=first_line,
    )


def _schema(text: str) -> tuple[str, ...]:
    cells, _ = raw_cells(bare(text.strip()))
    return tuple(unescape(cell) for cell in cells if cell.strip())


def _values(text: str) -> tuple[str, ...]:
    """Values in code marks where there are any, else the parts between pipes or commas."""
    coded = tuple(found.group(1).strip() for found in _CODE.finditer(text))
    return coded or tuple(part.strip() for part in re.split(r"[|,]", text) if part.strip())
