"""What is wrong, or worth knowing, about a task file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding matters."""

    ERROR = "error"  # a run must not start on this row or this file
    WARNING = "warning"  # a run can start; a person should look
    INFO = "info"  # a fact, nothing to do


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that was found, at one place."""

    rule: str  # the rule's id, such as "unknown-status"
    severity: Severity
    path: str  # the file, as the caller named it
    line: int  # from 1
    column: int  # from 1, in characters; a byte order mark does not count
    message: str  # what is wrong
    hint: str = ""  # what to do about it
    task: str | None = None  # the row's id, where the finding is about a row

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.severity}: {self.message}"
