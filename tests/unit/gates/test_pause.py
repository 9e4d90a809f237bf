"""Pausing by a command and by a file."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from gates.pause import PauseFiles, PauseGate
from gates.protocol import GateState
from gates.waiting import wait_until_clear
from tests.unit.gates.fakes import FakeClock, FakeStop, request


@pytest.fixture
def files(tmp_path: Path) -> PauseFiles:
    return PauseFiles.of(state_dir=tmp_path / "state", folder=tmp_path)


def test_written_read_removed(files: PauseFiles) -> None:
    files.write(by="ada", reason="release day")
    paused = files.read()

    assert paused is not None
    assert (paused.by, paused.reason) == ("ada", "release day")
    assert paused.detail == "paused by ada: release day; `mission unpause` goes on"
    assert files.remove() == (files.own,)
    assert files.read() is None
    assert files.remove() == ()


def test_a_pause_in_force_stays_as_it_is(files: PauseFiles) -> None:
    files.write(by="ada", reason="release day")

    assert files.write(by="bob", reason="lunch").by == "ada"


@pytest.mark.parametrize("content", [b"", b"why not\n", b"{}", b"[1]", b"\xff\xfe", b'{"by": 1}'])
def test_any_file_beside_the_tasks_pauses(files: PauseFiles, content: bytes) -> None:
    files.beside.write_bytes(content)

    assert files.read() is not None


def test_a_link_to_nowhere_and_a_folder_pause_too(files: PauseFiles) -> None:
    files.beside.symlink_to("nowhere")
    assert files.read() is not None
    files.beside.unlink()
    files.beside.mkdir()

    assert files.read() is not None


def test_the_gate_is_busy_while_it_is_paused(files: PauseFiles) -> None:
    gate = PauseGate(files=files)

    assert gate.check(request()).state is GateState.CLEAR
    files.write(by="ada", reason="")
    assert gate.check(request()).state is GateState.BUSY


def test_the_wait_for_a_person_does_not_time_out(files: PauseFiles) -> None:
    files.write(by="ada", reason="over the week-end")
    clock = FakeClock()
    stop = FakeStop(clock)
    rounds = 0

    def unpause_later(_waiting: object) -> None:
        nonlocal rounds
        rounds += 1
        if rounds == 200:
            files.remove()

    wait_until_clear(
        [PauseGate(files=files)],
        request(),
        timeout=timedelta(seconds=30),
        interval=timedelta(seconds=10),
        stop=stop,
        clock=clock,
        on_wait=unpause_later,
    )

    assert clock.seconds > 3600
