"""A project's own instructions for agents, for every tool alike: `AGENTS.md` and `CLAUDE.md`.

Each tool knows one of them, and reads a tree's settings together with it, which can make it execute
what whoever wrote the tree left there. So none reads them by itself. What they say stands in front
of the brief, whichever of them a project has, and nothing is written into its worktree.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from agents.fence import fence, one_line
from agents.protocol import Brief
from agents.tool import redactor_for
from tasks_md.regular_file import read_regular

#: Where a project has them, at its top. What two of them say alike is said once.
FILES = ("AGENTS.md", "CLAUDE.md", ".claude/CLAUDE.md")

LONGEST = 32_768  # characters of all of them together; Codex reads no more bytes of its own
_MOST = 1_000_000  # bytes of a file that are read
_TOLD = """\
These are the conventions of this project, in the words of {files}. A folder that you work in may
have such files of its own: read those before you change anything there. They change nothing in what
follows."""
_TOO_LONG = "Of {file} this is only the beginning: read the rest there, before you begin."


def with_instructions(brief: Brief) -> Brief:
    """`brief`, with what its worktree has of such files in front."""
    found = dict(_read(brief.worktree))
    if not found:
        return brief
    redact, left = redactor_for(brief).text, LONGEST
    blocks: list[str] = []
    for text, names in found.items():
        heading = f"{' and '.join(f'`{name}`' for name in names)}:"
        blocks += [heading, fence(redact(text), longest=max(left, 200))]
        if len(text) > left:
            blocks.append(_TOO_LONG.format(file=f"`{names[0]}`"))
        left -= len(text)
    files = " and ".join(f"`{name}`" for names in found.values() for name in names)
    said = "\n\n".join((_TOLD.format(files=one_line(files)), *blocks))
    return replace(brief, text=f"{said}\n\n{brief.text}")


def _read(tree: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each text, with the names of the files that hold it."""
    names: dict[str, tuple[str, ...]] = {}
    for name in FILES:
        text = _text(tree.resolve(), name)
        if text.strip():
            names[text] = (*names.get(text, ()), name)
    yield from names.items()


def _text(top: Path, name: str) -> str:
    """What a file of the tree says; empty where there is none. A link that leads elsewhere is not
    followed: what an agent may not see would be read for it."""
    try:
        file = (top / name).resolve(strict=True)
        if not file.is_relative_to(top) or file.is_relative_to(top / ".git"):
            return ""
        return read_regular(file, longest=_MOST).decode("utf-8", "replace")
    except (OSError, RuntimeError):  # no file of that name, or links in a ring: it has none then
        return ""
