"""A small mission without git, in a home of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from mission.place import Place

TASKS = """\
# Trial

> **Mission:** trial

## Milestone 1 — First (A)

| id  | status      | description | issue | agent  | branch | depends_on | estimate | notes |
| --- | ----------- | ----------- | ----- | ------ | ------ | ---------- | -------- | ----- |
| A-1 | done        | One         | —     | codex  | feat/1 | —          | 4K       |       |
| A-2 | not-started | Two         | —     | sonnet | feat/2 | A-1        | 2K       |       |
| A-3 | not-started | Three       | —     | haiku  | feat/3 | A-2        | 1K       |       |
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "home"))
    (tmp_path / "TASKS.md").write_text(TASKS)
    return Place.find(str(tmp_path))
