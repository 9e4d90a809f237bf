"""A tool that stays after its last word is asked to end, whatever becomes of who waits for it."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from agents.farewell import Farewell
from agents.protocol import AgentEvent
from agents.stream import Told
from workspace.process import Stop


class Said:
    """A tool's stream."""

    def __init__(self) -> None:
        self.told = replace(Told(), ended=True)

    def read(self, _line: str) -> tuple[AgentEvent, ...]:
        return ()


def test_who_lingers_is_asked_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agents.farewell.LINGER", timedelta(0))
    stop = Stop()
    with Farewell(Said(), stop) as farewell:
        farewell.look()
        assert stop.wait(60)
    assert stop.reason == "it lingers"


def test_who_goes_is_not() -> None:
    stop = Stop()
    with Farewell(Said(), stop) as farewell:
        farewell.look()
    assert not stop.requested


def test_where_nobody_can_wait_it_is_asked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    stop = Stop()
    with Farewell(Said(), stop) as farewell:
        farewell.look()
    assert stop.requested
