"""Big task files to measure with, the same ones in every run."""

from __future__ import annotations

_COLUMNS = "| id | status | description | issue | agent | branch | depends_on | estimate | notes |"
_TOP = f"""# Tasks — Big

> **Mission:** big
> **Schema:** `{_COLUMNS}`
> **Status values:** `not-started` | `in-progress` | `done` | `blocked` | `failed` | `needs-qa`
> **Agent values:** `codex` | `haiku` | `sonnet` | `—` (auto)
"""
_HEADER = f"""
{_COLUMNS}
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""
_LONG = (
    "Extend the `{n}` part of the storage layer: **probe** every service it needs, fail fast with "
    "a message that says which one is missing, and cover each way to fail with a test of its own."
)
_SHORT = "Do part {n}"
_PER_MILESTONE = 500


def task_file(rows: int, *, long: bool = True) -> str:
    """A file with so many tasks in layers of ten; each waits for up to three of the layer before.

    Args:
        rows: How many.
        long: Descriptions and notes as long as in the Federation mission; else a few words.
    """
    description = _LONG if long else _SHORT
    notes = (
        "Shipped in PR {n}; idempotent, 12 tests, `--dry-run` shows what it would do."
        if long
        else ""
    )
    parts = [_TOP]
    for at in range(rows):
        if at % _PER_MILESTONE == 0:
            number = at // _PER_MILESTONE + 1
            parts.append(f"\n## Milestone {number} — Part {number} (BIG-M{number})\n{_HEADER}")
        layer = at // 10
        before = (
            sorted({(layer - 1) * 10 + (at * step) % 10 for step in (1, 3, 7)}) if layer else []
        )
        depends_on = ", ".join(f"B-{n:05}" for n in before) or "—"
        status = "done" if at < rows // 2 else "not-started"
        parts.append(
            f"| B-{at:05} | {status} | {description.format(n=at)} | #{at // _PER_MILESTONE + 1} "
            f"| sonnet | feat/big-{at:05} | {depends_on} | {at % 9 + 1}K | {notes.format(n=at)} |\n"
        )
    return "".join(parts)
