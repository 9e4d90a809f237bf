"""The progress table's thread is nobody's trouble but the table's."""

from __future__ import annotations

import threading
import uuid

import pytest

from flows.progress_table import ProgressTable


def _troubles() -> list[str]:
    board = ProgressTable(flow_run=uuid.uuid4(), title="Trial", logs="")
    board.start()
    board.show([{"milestone": "M1"}])
    board.close()
    return board.troubles


def test_a_thread_that_dies_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def bug(**_: object) -> None:
        raise LookupError("a bug")

    monkeypatch.setattr("flows.progress_table.get_client", bug)
    (told,) = _troubles()
    assert told == "the progress table in Prefect is not up to date: LookupError: a bug"


def test_so_is_one_that_does_not_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    (told,) = _troubles()
    assert "can't start new thread" in told
