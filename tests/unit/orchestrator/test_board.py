"""The board: several decisions in one write, and a file that people edit as well."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from errors import RowConflictError
from mission.journal import Journal
from mission.state import Actor, Status
from orchestrator.loop.board import Board, StatusChange
from tasks_md.parse import read
from tasks_md.writer import StatusWriter

TASKS = """\
## Milestone 1 — One (M)

| id | status | description | branch | depends_on | notes |
| --- | --- | --- | --- | --- | --- |
| A | failed | First | feat/a | — | Mine. |
| B | in-progress | Second | feat/b | — | |
| C | not-started | Third | feat/c | B | |
"""


@pytest.fixture
def task_file(tmp_path: Path) -> Path:
    path = tmp_path / "TASKS.md"
    path.write_text(TASKS)
    return path


@pytest.fixture
def board(task_file: Path, tmp_path: Path) -> Iterator[Board]:
    writer = StatusWriter(task_file, lock_dir=tmp_path / "state")
    with writer, Journal.open(tmp_path / "state" / "journal.sqlite") as journal:
        run = journal.start_run(mission="M", host="h", pid=1, pid_started=1.0)
        yield Board(writer, journal.in_run(run))


def retry(board: Board) -> None:
    board.stage(StatusChange(task="A", status=Status.NOT_STARTED, actor=Actor.PERSON, word="again"))


def test_a_row_may_change_twice_in_one_write(board: Board, task_file: Path) -> None:
    retry(board)
    assert list(board.ready()) == ["A"]
    board.stage(StatusChange(task="A", status=Status.IN_PROGRESS))
    board.write()
    row = read(task_file).task("A")
    assert (row.status, row.notes) == ("in-progress", "Mine. [mission: again]")
    assert board.statuses["A"] is Status.IN_PROGRESS
    assert list(board.ready()) == []


def test_a_person_s_edit_of_other_cells_stays_and_so_does_the_change(
    board: Board, task_file: Path
) -> None:
    board.stage(StatusChange(task="B", status=Status.DONE, word="merged"))
    task_file.write_text(TASKS.replace("Second | feat/b | — | |", "Second | feat/b | — | hi |"))
    board.write()
    row = read(task_file).task("B")
    assert (row.status, row.notes) == ("done", "hi [mission: merged]")
    assert board.statuses["B"] is Status.DONE
    assert list(board.ready()) == ["C"]


def test_a_person_s_edit_of_the_status_stops_the_write(board: Board, task_file: Path) -> None:
    board.stage(StatusChange(task="B", status=Status.DONE))
    retry(board)
    edited = TASKS.replace("B | in-progress", "B | blocked")
    task_file.write_text(edited)
    with pytest.raises(RowConflictError):
        board.write()
    assert task_file.read_text() == edited


def test_a_milestone_is_not_written_while_a_row_that_was_taken_away_is_decided(
    task_file: Path, board: Board
) -> None:
    """Whose row it was is not known any more: what sums the milestone up waits for the write."""
    assert board.is_written("M")
    board.stage(StatusChange(task="B", status=Status.DONE))
    text = task_file.read_text()
    task_file.write_text(text.replace("| B | in-progress | Second | feat/b | — | |\n", ""))
    board.reread()
    assert not board.is_written("M")
