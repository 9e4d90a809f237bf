"""Reports of review rows, kept in `reports/` beside the task file and committed with it."""

from __future__ import annotations

import re
from pathlib import Path

from agents.review import report
from orchestrator.context import Context
from tasks_md.model import Task

FOLDER = "reports"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def report_link(task: Task) -> str:
    """A row's report as the notes link it: relative to the task file."""
    name = _UNSAFE.sub("-", task.id).strip(".-")[:80] or "report"
    return f"{FOLDER}/{name}.md"


def write_report(context: Context, task: Task, text: str, reviewer: str) -> None:
    """Write a row's report, in place of an earlier one."""
    path = context.place.folder / report_link(task)
    path.parent.mkdir(exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(context.redactor.text(report(task, text, reviewer=reviewer)), encoding="utf-8")
    fresh.replace(path)


def reports(context: Context) -> dict[str, bytes]:
    """The reports of the plan's rows, by repository path. What else is there is not ours."""
    folder = context.place.folder
    if not (folder / FOLDER).is_dir():
        return {}
    links = sorted({report_link(task) for task in context.writer.read().tasks})
    return {
        path.relative_to(context.repository.top).as_posix(): path.read_bytes()
        for path in (folder / link for link in links)
        if _is_plain(path)
    }


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()
