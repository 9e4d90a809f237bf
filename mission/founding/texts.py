"""The texts of a mission's first two files. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from tasks_md.model import AUTO, COLUMNS, STATUSES
from tasks_md.spans import cell_text, escape

_SUBMODULES = (
    "# What each worktree and each verified checkout gets before anybody works there.\n"
    "worktree:\n  submodules: true\n"
)
_LONGEST_NAME = 80  # characters of the mission's name


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A row of the first milestone."""

    id: str
    description: str
    branch: str
    issue: str = "—"
    estimate: str = "—"
    notes: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What a repository needs in its `mission.yaml`."""

    base: str
    remote: str | None  # None: the usual one, or none at all
    agent: str  # for rows that name none
    tests: Sequence[Sequence[str]]  # commands; empty: none were found
    no_tests: str  # why there are none
    queue: bool  # whether CI is asked before pushes and merges
    no_queue: str  # why it is not
    submodules: bool  # whether there are some, whose folders have to be filled


def plan_text(name: str, agents: Sequence[str], rows: Sequence[Row]) -> str:
    """A TASKS.md with one milestone.

    Args:
        name: The mission's; one line of it is kept.
        agents: Those that rows may name.
    """
    words = " | ".join(f"`{status}`" for status in STATUSES)
    shown = " | ".join(f"`{agent}`" for agent in agents)
    lines = [
        f"# Tasks — {mission_name(name)}",
        "",
        "> People and agents read this file. People and `mission` write it; agents never do.",
        ">",
        f"> **Mission:** {mission_name(name)}",
        f"> **Schema:** `| {' | '.join(COLUMNS)} |`",
        f"> **Status values:** {words}",
        f"> **Agent values:** {shown} | `{AUTO}` (auto)",
        "",
        "## Milestone 1 — First steps (M1)",
        "",
        "Goal: say here what will be there once these rows are done.",
        "",
        f"| {' | '.join(COLUMNS)} |",
        f"|{' --- |' * len(COLUMNS)}",
        *(_row(row) for row in rows),
    ]
    return "\n".join(lines) + "\n"


def mission_name(name: str) -> str:
    """`name` as a heading and a declaration can hold it."""
    plain = re.sub(r"[`*|\[\]<>]", " ", cell_text(name))
    return " ".join(plain.split())[:_LONGEST_NAME].strip() or "mission"


def settings_text(settings: Settings) -> str:
    """A mission.yaml, with a comment on each part."""
    parts = [
        (
            "# What `mission check` says about this file has line and column. Every key:\n"
            "# docs/mission-yaml.md of the mission runner.\n"
        ),
        f"# The branch that finished work is merged into.\nbase: {_scalar(settings.base)}\n",
    ]
    if settings.remote is not None:
        parts.append(f"remote: {_scalar(settings.remote)}\n")
    parts += [
        "# Rows under way at the same time.\nmax_parallel: 2\n",
        (
            "# Who gets a row whose agent is `—`. The first rule that fits decides.\n"
            f"routing:\n  - agent: {_scalar(settings.agent)}\n"
        ),
        *([_SUBMODULES] if settings.submodules else []),
        _tests(settings),
        _queue(settings),
        (
            "# Which finished rows wait for `mission approve ID` before they merge.\n"
            "# qa:\n#   - match: {branch: '^release-'}\n"
        ),
    ]
    return "\n".join(parts)


def _tests(settings: Settings) -> str:
    about = "# What must succeed before a row merges, in a fresh checkout.\n"
    if not settings.tests:
        example = "# verify:\n#   - name: tests\n#     run: [make, test]\n"
        return f"{about}{_comment(settings.no_tests)}{example}"
    names = [f"prepare {number}" for number in range(1, len(settings.tests))]
    steps = [
        f"  - name: {name}\n    run: [{', '.join(_scalar(word) for word in command)}]\n"
        for name, command in zip([*names, "tests"], settings.tests, strict=True)
    ]
    return f"{about}verify:\n{''.join(steps)}"


def _queue(settings: Settings) -> str:
    about = "# Every push and every merge waits until the forge's CI has nothing under way.\n"
    if settings.queue:
        return f"{about}gates:\n  - type: queue\n"
    return f"{about}{_comment(settings.no_queue)}# gates:\n#   - type: queue\n"


def _scalar(text: str) -> str:
    """`text` as YAML has it, in quotes where it could be anything but this text."""
    plain = re.fullmatch(r"[A-Za-z./][A-Za-z0-9_./+=@-]*", text)
    words = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
    if plain and text.lower() not in words:
        return text
    return "".join(
        one if one.isprintable() else f"\\U{ord(one):08X}"
        for one in json.dumps(text, ensure_ascii=False)
    )


def _comment(text: str) -> str:
    """A line of text of any origin: what YAML takes for the end of one ends none."""
    shown = (one if one.isprintable() else "\ufffd" for one in " ".join(text.split()))
    return f"# {''.join(shown)}\n"


def _row(row: Row) -> str:
    cells = (
        *(row.id, "not-started", row.description, row.issue, AUTO, row.branch, "—"),
        *(row.estimate, row.notes),
    )
    texts = (escape(cell_text(cell)) for cell in cells)
    # A backslash right before a pipe would escape it.
    return "|" + "".join(f" {text} |" if text else " |" for text in texts)
