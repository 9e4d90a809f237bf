"""Reports of review rows, kept in `reports/` beside the task file and committed with it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from agents.review import report
from orchestrator.context import Context
from tasks_md.model import Task

FOLDER = "reports"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def write_report(context: Context, task: Task, text: str, reviewer: str) -> str:
    """Write a row's report; its path as the notes link it, relative to the task file."""
    folder = context.place.folder / FOLDER
    folder.mkdir(exist_ok=True)
    name = _UNSAFE.sub("-", task.id).strip(".-")[:80] or "report"
    fresh = folder / f".{name}.new"
    fresh.write_text(context.redactor.text(report(task, text, reviewer=reviewer)), encoding="utf-8")
    os.replace(fresh, folder / f"{name}.md")  # noqa: PTH105 - the atomic form
    return f"{FOLDER}/{name}.md"


def reports(context: Context) -> dict[str, bytes]:
    """The reports that there are, by repository path."""
    folder = context.place.folder / FOLDER
    if not folder.is_dir():
        return {}
    return {
        path.relative_to(context.repository.top).as_posix(): path.read_bytes()
        for path in sorted(folder.glob("*.md"))
        if _is_plain(path)
    }


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()
