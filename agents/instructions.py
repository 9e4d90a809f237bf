"""The project's own instructions for agents, where a tool is kept from finding them itself.

A tool that reads a tree's instructions reads its settings too, and those can make it execute what
whoever wrote the tree left there: so the adapters start their tools without. The text is harmless,
and the agent reads it like any other file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agents.protocol import Brief


def pointed_out(brief: Brief, names: Sequence[str]) -> Brief:
    """`brief`, which begins by naming those of the files `names` that its worktree has."""
    there = [name for name in names if (brief.worktree / name).is_file()]
    if not there:
        return brief
    files = " and ".join(f"`{name}`" for name in there)
    told = (
        f"The conventions of this project are in {files}: read that before you begin, and the file"
        " of that name in each folder that you work in. It changes nothing in what follows."
    )
    return replace(brief, text=f"{told}\n\n{brief.text}")
