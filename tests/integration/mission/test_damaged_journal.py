"""A journal with flipped bytes: it is said, nothing is written to it, and what is printed mends."""

from __future__ import annotations

import re
import shlex
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mission.place import Place
from tests.scratch import Scratch, make, row

ROOT = Path(__file__).parents[3]


def mission(scratch: Scratch, *args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli", *args]
    environment = {"PYTHONPATH": str(ROOT), "PATH": str(Path(sys.executable).parent) + ":/usr/bin"}
    home = {"MISSION_HOME": str(scratch.top.parent / "home"), "HOME": str(scratch.top.parent)}
    return subprocess.run(
        command,
        cwd=scratch.task_file.parent,
        env=environment | home,
        capture_output=True,
        text=True,
        check=False,
    )


def flip(journal: Path) -> None:
    damaged = bytearray(journal.read_bytes())
    for place in range(4096, len(damaged), 97):
        damaged[place] ^= 0xFF
    journal.write_bytes(damaged)


def break_text(journal: Path) -> None:
    with sqlite3.connect(journal) as connection:
        connection.execute("UPDATE events SET data = CAST(x'7bff7d' AS TEXT)")
    connection.close()


def break_json(journal: Path) -> None:
    with sqlite3.connect(journal) as connection:
        connection.execute("UPDATE events SET data = '{'")
    connection.close()


@pytest.mark.parametrize(
    ("damage", "asked"),
    [
        (flip, ("set", "B", "not-started")),  # the file's structure: nothing is written to it
        (break_text, ("history",)),
        (break_json, ("history",)),
    ],
)
def test_it_is_said_and_what_is_printed_mends_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    damage: Callable[[Path], None],
    asked: tuple[str, ...],
) -> None:
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "home"))
    scratch = make(tmp_path, [row("A"), row("B", after="A", status="blocked")])
    scratch.run()
    assert scratch.statuses() == {"A": "done", "B": "blocked"}
    journal = Place.find(str(scratch.task_file)).journal_file
    damage(journal)
    before = journal.read_bytes()

    said = mission(scratch, *asked)
    assert said.returncode == 1, said.stderr
    assert "Traceback" not in said.stderr
    if damage is flip:
        assert journal.read_bytes() == before
    typed = re.search(r"`mission ([^`]+)`", said.stderr)
    assert typed is not None, said.stderr

    mended = mission(scratch, *shlex.split(typed[1]))
    assert "now in" in mended.stderr, (said.stderr, mended.stderr)
    (aside,) = journal.parent.glob("journal.sqlite.aside-*")
    assert (aside / journal.name).exists()
    assert mission(scratch, "set", "B", "not-started").returncode == 0
    assert scratch.run().exit_code == 0
    assert scratch.merged() == ["A", "B"]
