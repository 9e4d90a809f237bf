"""`mission status --watch`, and what the reading commands import, in processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

TASKS = """\
## Milestone 1 — First (A)

| id  | status      | description | agent |
| --- | ----------- | ----------- | ----- |
| A-1 | not-started | One         | haiku |
"""

# Prints, at the end, which of the heavy packages a command has imported.
SPY = """
import sys
from cli.main import main
try:
    main(sys.argv[1:])
finally:
    heavy = {"prefect", "pydantic", "fastapi", "rich", "git", "filelock", "httpx", "yaml"}
    print(sorted(heavy & set(sys.modules)), file=sys.stderr)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "TASKS.md"
    path.write_text(TASKS, encoding="utf-8")
    return path


def environment(path: Path) -> dict[str, str]:
    return {**os.environ, "MISSION_HOME": str(path.parent / "home"), "PYTHONUTF8": "1"}


def page(stream: IO[str], last: str) -> list[str]:
    """The lines up to the one that starts with `last`."""
    lines = []
    for line in stream:
        lines.append(line.rstrip("\n"))
        if line.startswith(last):
            return lines
    raise AssertionError(f"ended before {last!r}: {lines}")


@pytest.fixture
def watching(path: Path) -> Iterator[subprocess.Popen[str]]:
    child = subprocess.Popen(
        [sys.executable, "-m", "cli", "status", "--watch", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=environment(path),
    )
    with child:
        yield child
        child.kill()


def test_a_change_of_the_file_is_shown(path: Path, watching: subprocess.Popen[str]) -> None:
    assert watching.stdout is not None
    assert watching.stderr is not None
    first = page(watching.stdout, "  A-1  haiku: One")
    assert "0 of 1 tasks done, 0 tokens spent, 0 estimated" in first
    path.write_text(TASKS.replace("not-started", "blocked    "), encoding="utf-8")
    second = page(watching.stdout, "  A-1  One")
    assert f"  mission unblock {path} A-1, once the reason is gone" in second
    watching.send_signal(signal.SIGINT)
    assert watching.wait(timeout=300) == 130
    assert "stopped watching" in watching.stderr.read()


@pytest.mark.parametrize("command", ["status", "next", "graph"])
def test_reading_commands_import_nothing_heavy(command: str, path: Path) -> None:
    (path.parent / "mission.yaml").write_text("mission: first\nmax_parallel: 2\n")
    ended = subprocess.run(
        [sys.executable, "-c", SPY, command, str(path)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment(path),
        check=True,
    )
    assert ended.stderr.splitlines()[-1] == "[]"


def test_check_does_not_import_prefect(path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", SPY, "check", str(path)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment(path),
        check=True,
    )
    assert ended.stderr.splitlines()[-1] == "['filelock', 'pydantic', 'yaml']"
