"""Answers to what people asked from other clones. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mission.foreign import ForeignError, mapping, maybe, moment, parsed, several, text

ANSWERS_FILE: Final = "answers.json"
_MOST_ANSWERS = 300  # that go along with a claim
_MOST_ROWS = 500
_MOST_TOLD = 4096  # characters


@dataclass(frozen=True, kw_only=True, slots=True)
class RowAnswer:
    """What became of one row."""

    task: str
    status: str  # the row's, afterwards
    notes: str  # the row's, afterwards
    error: str | None = None  # why nothing was changed


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What became of a letter."""

    id: str
    kind: str  # as it called what it asks for
    by: str  # who asked
    at: datetime  # when it was answered
    error: str | None = None  # why it was refused as a whole
    rows: tuple[RowAnswer, ...] = ()

    @property
    def told(self) -> str:
        """In a few words."""
        errors = [row.error for row in self.rows if row.error is not None]
        if self.error is not None or errors:
            return self.error or "; ".join(errors)
        return ", ".join(f"{row.task} is {row.status}" for row in self.rows) or "applied"


UNSIGNED: Final = (
    "another clone says that it has answered this, which nobody has signed: look at the row, and"
    " ask again if it is needed"
)


def unsigned(answer: Answer) -> Answer:
    """An answer of another clone, where people sign: it says that there was one, not which."""
    return Answer(
        id=answer.id, kind=answer.kind, by=answer.by, at=answer.at, rows=(), error=UNSIGNED
    )


def answers_bytes(answers: Iterable[Answer]) -> bytes:
    """The newest answers, as they go along with a claim. Texts are cut to what is read again."""
    kept = sorted(answers, key=lambda one: (one.at, one.id))[-_MOST_ANSWERS:]
    return json.dumps([answer_data(one) for one in kept]).encode()


def answer_text(answer: Answer) -> str:
    """One answer, for the journal."""
    return json.dumps(answer_data(answer))


def answer_data(answer: Answer) -> dict[str, object]:
    """As JSON."""
    return {
        "id": _cut(answer.id),
        "kind": _cut(answer.kind),
        "by": _cut(answer.by),
        "at": answer.at.isoformat(),
        "error": None if answer.error is None else _cut(answer.error),
        "rows": [
            {
                "task": _cut(row.task),
                "status": _cut(row.status),
                "notes": _cut(row.notes),
                "error": None if row.error is None else _cut(row.error),
            }
            for row in answer.rows[:_MOST_ROWS]
        ],
    }


def read_answers(raw: bytes) -> tuple[Answer, ...]:
    """Answers that somebody else wrote; none where they cannot be read."""
    try:
        return answers_of(parsed(raw))
    except ForeignError:
        return ()


def read_answer(raw: str) -> Answer | None:
    """One answer of the journal's; None where it cannot be read."""
    found = read_answers(f"[{raw}]".encode(errors="replace"))
    return found[0] if found else None


def answers_of(value: object) -> tuple[Answer, ...]:
    """Answers as JSON has them.

    Raises:
        ForeignError: They are none.
    """
    return several(_answer, value, _MOST_ANSWERS)


def _answer(value: object) -> Answer:
    data = mapping(value)
    return Answer(
        id=_told(data.get("id")),
        kind=_told(data.get("kind")),
        by=_told(data.get("by")),
        at=moment(data.get("at")),
        error=maybe(_told, data.get("error")),
        rows=several(_row, data.get("rows", []), _MOST_ROWS),
    )


def _row(value: object) -> RowAnswer:
    data = mapping(value)
    return RowAnswer(
        task=_told(data.get("task")),
        status=_told(data.get("status")),
        notes=_told(data.get("notes")),
        error=maybe(_told, data.get("error")),
    )


def _told(value: object) -> str:
    return text(value, _MOST_TOLD)


def _cut(told: str) -> str:
    return told.encode(errors="replace").decode()[:_MOST_TOLD]
