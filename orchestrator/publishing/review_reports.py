"""ReviewReports of review rows, kept in `reports/` beside the task file and committed with it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from agents.review import report
from errors import DiskError, UsageError, told
from mission.place import Place
from tasks_md.model import Task
from tasks_md.writer import StatusWriter
from workspace.redact import Redactor
from workspace.repository import Repository

FOLDER = "reports"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def report_link(task: Task) -> str:
    """A row's report as the notes link it: relative to the task file."""
    name = _UNSAFE.sub("-", task.id).strip(".-")[:80] or "report"
    return f"{FOLDER}/{name}.md"


@dataclass(frozen=True, kw_only=True)
class ReviewReports:
    """The reports of rows, beside the plan."""

    place: Place
    writer: StatusWriter
    repository: Repository
    redactor: Redactor

    def write_report(self, task: Task, text: str, reviewer: str) -> None:
        """Write a row's report, in place of an earlier one.

        Raises:
            UsageError: Something else is where it belongs. A branch may have brought that.
            OSError: The disk takes nothing.
        """
        path = self.writer.path.parent / report_link(task)
        fresh = path.with_name(f".{path.name}.new")
        content = report(task, text, reviewer=reviewer, redact=self.redactor.text)
        try:
            path.parent.mkdir(exist_ok=True)
            if path.parent.is_symlink():
                raise UsageError(
                    f"the report cannot be kept: {path.parent} is a symbolic link",
                    hint=f"Put a folder in its place, then `mission unblock {task.id}`",
                )
            fresh.unlink(missing_ok=True)
            with fresh.open("x", encoding="utf-8", errors="replace") as file:  # follows no link
                file.write(content)
            fresh.replace(path)
        except OSError as error:
            if isinstance(told(error), DiskError):
                raise
            raise UsageError(
                f"the report cannot be kept in {path}: {error.strerror}",
                hint=f"Make room for it, then `mission unblock {task.id}`",
            ) from error

    def reports(self) -> dict[str, bytes]:
        """The reports of the plan's rows, by repository path. What else is there is not ours."""
        folder = self.writer.path.parent
        if not (folder / FOLDER).is_dir() or (folder / FOLDER).is_symlink():
            return {}
        links = sorted({report_link(task) for task in self.writer.read().tasks})
        return {
            (self.place.folder / link).relative_to(self.repository.top).as_posix(): (
                folder / link
            ).read_bytes()
            for link in links
            if _is_plain(folder / link)
        }


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()
