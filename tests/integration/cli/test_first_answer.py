"""The first answer of every command comes before what takes long to import.

No time is measured: each command is started in a process of its own, which ends with the first
thing that it prints, and then tells what it had imported for that.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.main import COMMANDS
from mission_command import PACKAGES
from tests.scratch import Scratch, make, row

#: Ends the process with its first output, and says which modules were there by then.
_UNTIL_FIRST = """
import json, os, sys

class Until:
    encoding = "utf-8"
    def __init__(self, real): self._real = real
    def isatty(self): return False
    def fileno(self): return self._real.fileno()
    def flush(self): pass
    def write(self, text):
        if not text: return
        told = json.dumps({"text": text, "modules": sorted(sys.modules)})
        os.write(self._real.fileno(), told.encode())
        os._exit(0)

sys.stdout, sys.stderr = Until(sys.__stdout__), Until(sys.__stdout__)
from mission_command import main
main()
"""

#: What takes long to import, each for itself.
_HEAVY = {
    *("prefect", "httpx", "pydantic", "rich", "asyncio"),
    *("fastapi", "starlette", "uvicorn", "jinja2", "cryptography", "psycopg", "sqlalchemy"),
}
_MOST = 130  # modules of ours; each costs about a millisecond
_ALL = 210  # ... where the answer is about mission.yaml as well
_SETTINGS = {"check", "forecast"}
#: Commands that programs talk to, and that say nothing until these ask.
_ASKED = {"mcp"}

#: command -> its words, and what of the above it cannot answer without.
_TYPED: dict[str, tuple[tuple[str, ...], frozenset[str]]] = {
    "init": (("elsewhere",), frozenset()),
    "check": ((), frozenset({"pydantic"})),  # its answer is about mission.yaml
    "status": ((), frozenset()),
    "next": ((), frozenset()),
    "graph": ((), frozenset()),
    "run": ((), frozenset()),
    "set": (("A", "blocked"), frozenset()),
    "approve": (("A",), frozenset()),
    "reject": (("A",), frozenset()),
    "retry": (("A",), frozenset()),
    "unblock": (("A",), frozenset()),
    "stop": (("A",), frozenset()),
    "expand": (("M2", "--yes"), frozenset()),
    "show": (("A",), frozenset()),
    "log": (("A",), frozenset()),
    "watch": ((), frozenset({"rich"})),
    "dashboard": ((), frozenset()),
    "history": ((), frozenset()),
    "verify": ((), frozenset()),
    "gate": (("queue", "--purpose", "push"), frozenset({"pydantic"})),  # mission.yaml's gates
    "pause": ((), frozenset()),
    "unpause": ((), frozenset()),
    "limit": (("2",), frozenset()),
    "report": ((), frozenset()),
    "server": (("status",), frozenset({"httpx", "rich"})),  # it asks one
    "deploy": ((), frozenset()),
    "tier": (
        ("detect",),
        frozenset({"pydantic", "asyncio", "cryptography", "psycopg"}),
    ),  # it asks services
    "gateway": (("serve",), frozenset({"pydantic"})),
    "doctor": ((), frozenset()),
    "completion": (("bash",), frozenset()),
    "digest": ((), frozenset()),
    "notify": (("test",), frozenset()),
    "forecast": ((), frozenset({"pydantic"})),  # mission.yaml's agents
    "demo": ((), frozenset({"pydantic"})),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class First:
    """What a command printed first, and what it had imported by then."""

    text: str
    modules: frozenset[str]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Scratch:
    """A mission with an attempt and a placeholder."""
    made = make(tmp_path_factory.mktemp("mission"), [row("A")])
    assert made.run().counts == {"done": 1}
    with made.task_file.open("a", encoding="utf-8") as file:
        file.write("\n## Milestone 2 — Later (M2)\n\nTo be planned.\n")
    return made


def first(folder: Path, home: Path, *words: str) -> First:
    ended = subprocess.run(
        [sys.executable, "-c", _UNTIL_FIRST, *words],
        cwd=folder,
        env=os.environ | {"MISSION_HOME": str(home)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stdout, ended.stderr
    told = json.loads(ended.stdout)
    return First(text=told["text"], modules=frozenset(told["modules"]))


def test_no_command_is_forgotten() -> None:
    missing = set(COMMANDS) ^ (set(_TYPED) | _ASKED)
    assert not missing, f"say in _TYPED how they are typed, and what they answer first: {missing}"


@pytest.mark.parametrize("command", _TYPED)
def test_the_first_answer_waits_for_nothing_that_takes_long(
    command: str, scratch: Scratch, tmp_path: Path
) -> None:
    words, needed = _TYPED[command]
    answer = first(scratch.task_file.parent, tmp_path, command, *words)
    assert answer.text.strip()
    assert sorted(answer.modules & (_HEAVY - needed)) == [], answer.text
    ours = sorted(name for name in answer.modules if name.partition(".")[0] in PACKAGES)
    assert len(ours) <= (_ALL if command in _SETTINGS else _MOST), ours
