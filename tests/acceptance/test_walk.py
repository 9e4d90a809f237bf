"""A mission as a person walks it in a terminal of 80 × 24: what fails, collides, waits."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tasks_md.parse import read
from tests.acceptance.test_first_steps import SCREEN
from tests.terminal import Terminal, on_terminal
from workspace.git import Git

# Codex's program, as far as this needs it. Which row it works on, its folder says.
CODEX = """\
#!{python} -S
import json, pathlib, signal, sys
if "--version" in sys.argv:
    print("codex-cli 0.40.0")
    raise SystemExit
brief = sys.stdin.read()
here, meets = pathlib.Path.cwd(), pathlib.Path({meets!r})
row = here.name.rpartition("-")[0]
print(json.dumps({{"type": "thread.started", "thread_id": "0199"}}), flush=True)
if row == "SHOP-1":  # wrong, until a person says what is
    (here / "price").write_text("12" if "in cents" in brief else "twelve")
elif row in ("SHOP-2", "SHOP-3"):
    text = here / "shared"
    if text.exists():  # as the other row left it: both are wanted
        text.write_text("SHOP-2 and SHOP-3\\n")
    else:
        with open(meets / "both", "w" if row == "SHOP-2" else "r"):  # at the same time
            text.write_text(row + "\\n")
elif row == "SHOP-4":
    (here / "release").write_text("1.0\\n")
elif "in short" not in brief:
    (here / "long").write_text("the first half\\n")
    with open(meets / "begun", "w"):
        pass
    signal.pause()
else:
    (here / "long").write_text((here / "long").read_text() + "and an end\\n")
said = {{"id": "item_0", "type": "agent_message", "text": "It is there."}}
print(json.dumps({{"type": "item.completed", "item": said}}), flush=True)
usage = {{"input_tokens": 1000, "cached_input_tokens": 0, "output_tokens": 50}}
print(json.dumps({{"type": "turn.completed", "usage": usage}}), flush=True)
"""
MAKEFILE = "test:\n\t! grep -qs twelve price\n"
ROWS = """\
| SHOP-1 | not-started | A price, in `price`. | — | — | price | — | 2K |  |
| SHOP-2 | not-started | Say who shares. | — | — | share-a | — | 2K |  |
| SHOP-3 | not-started | Say who shares, too. | — | — | share-b | — | 2K |  |
| SHOP-4 | not-started | The release. | — | — | release-1 | — | 2K |  |
| SHOP-5 | not-started | A long story. | — | — | story | — | 2K |  |
"""


class Person:
    """Somebody at a terminal, in a clone and a home of their own."""

    def __init__(self, top: Path, name: str) -> None:
        self.folder, home, programs = (top / f"{name}{what}" for what in ("", "-home", "-programs"))
        for made in (home / ".codex", programs):
            made.mkdir(parents=True)
        (programs / "codex").write_text(CODEX.format(python=sys.executable, meets=str(top)))
        (programs / "codex").chmod(0o755)
        (home / ".codex" / "auth.json").write_text("{}")
        (home / ".gitconfig").write_text(f"[user]\n\tname = {name}\n\temail = {name}@x.invalid\n")
        kept = {name: value for name, value in os.environ.items() if "PREFECT" not in name}
        path = (str(programs), str(Path(sys.executable).parent), kept["PATH"])
        self.environment = kept | {
            "HOME": str(home),
            "MISSION_HOME": str(home / "mission"),
            "PATH": os.pathsep.join(path),
        }

    def at(self, *words: str) -> AbstractContextManager[Terminal]:
        """The terminal in which a command goes on."""
        return on_terminal(*words, folder=self.folder, environment=self.environment, size=SCREEN)

    def types(self, *words: str, code: int = 0) -> str:
        """Type a command, and read what it prints."""
        with self.at(*words) as shown:
            assert shown.end() == code, shown.printed
            if "--json" not in words:
                refuse_wide(shown.printed)
            return shown.printed.replace("\r\n", "\n")


def refuse_wide(printed: str) -> None:
    """No line is wider than the screen, but where a path is in it, which is whole to be copied."""
    assert "Traceback" not in printed
    for line in re.split(r"[\r\n]+", printed):
        copied = re.search(r"/\S{20,}", line)
        assert len(line) <= SCREEN[1] or copied, line


@pytest.fixture
def top() -> Iterator[Path]:
    """With a short name, so that what is printed fits for that."""
    with tempfile.TemporaryDirectory(prefix="w") as folder:
        yield Path(folder)


@pytest.mark.slow
def test_a_mission_is_walked_from_an_empty_repository_to_its_report(top: Path) -> None:
    for name in ("both", "begun"):
        os.mkfifo(top / name)
    ann, ben = Person(top, "ann"), Person(top, "ben")
    begin(ann, top / "remote.git")
    for line in re.findall(r"^ +(?:\d\. )?(git .+?)(?: {2,}.*)?$", plan(ann), re.MULTILINE):
        subprocess.run(shlex.split(line), cwd=ann.folder, env=ann.environment, check=True)
    assert "SHOP-5" in ann.types("run", "--dry-run")
    clone = ["git", "clone", "--quiet", str(top / "remote.git"), str(ben.folder)]
    subprocess.run(clone, env=ben.environment, check=True)
    try:
        with ann.at("run", "--max-parallel", "5") as run:
            (top / "begun").read_text()  # SHOP-5 is at work
            run.wait_for("SHOP-4: needs-qa")
            run.wait_for("SHOP-1: failed")
            run.wait_for(": blocked")
            assert "+1.0" in ann.types("show", "SHOP-4", "--diff")
            assert "mission approve SHOP-4" in ann.types("show", "SHOP-4")
            assert "It is there." in ann.types("log", "SHOP-4")
            assert re.search("SHOP-4 is (approved|done)", ben.types("approve", "SHOP-4"))
            settle(ann)
            ann.types("retry", "SHOP-1", "--note", "in cents, as a number")
            assert "SHOP-5 is " in ann.types("stop", "SHOP-5", "--retry", "in short")
            assert run.end() == 0, run.printed
            refuse_wide(run.printed)
        done = {task.id: task.status for task in read(ann.folder / "TASKS.md").tasks}
        assert done == dict.fromkeys((f"SHOP-{number}" for number in range(1, 6)), "done")
        assert "5 of 5 tasks done" in ann.types("status")
        assert "SHOP-1" in ann.types("report")
    finally:
        ann.types("server", "stop")
    git = Git(ann.folder)
    files = {
        name: git.text("show", f"origin/master:{name}") for name in ("price", "shared", "long")
    }
    assert files == {
        "price": "12",
        "shared": "SHOP-2 and SHOP-3",
        "long": "the first half\nand an end",
    }


def settle(person: Person) -> None:
    """Merge what collides, where the row's agent worked; then have the row go on."""
    rows = {task.id: task for task in read(person.folder / "TASKS.md").tasks}
    (row,) = (one for one in ("SHOP-2", "SHOP-3") if rows[one].status == "blocked")
    facts = json.loads(person.types("show", row, "--json"))
    git = Git(Path(facts["chapters"][-1]["worktree"]))
    git.run("merge", "origin/master", check=False)
    (git.folder / "shared").write_text("SHOP-2 and SHOP-3\n")
    git.run("add", "shared")
    git.run("-c", "user.name=Ann", "-c", "user.email=ann@x.invalid", "commit", "-qm", "Both")
    assert f"{row} is " in person.types("unblock", row)


def begin(person: Person, remote: Path) -> None:
    """A repository that was not made for missions."""
    person.folder.mkdir()
    git = Git(person.folder)
    git.run("init", "--quiet", "--initial-branch", "master")
    (person.folder / "Makefile").write_text(MAKEFILE)
    git.run("add", "--all")
    git.run("-c", "user.name=Ann", "-c", "user.email=ann@x.invalid", "commit", "-qm", "Begin")
    git.run("init", "--quiet", "--bare", "--initial-branch", "master", str(remote))
    git.run("remote", "add", "origin", str(remote))
    git.run("push", "--quiet", "--set-upstream", "origin", "master")


def plan(person: Person) -> str:
    """Begin a mission, and put rows into it; what `mission init` printed."""
    began = person.types("init", "--yes")
    file, settings = (person.folder / name for name in ("TASKS.md", "mission.yaml"))
    rows = [line for line in file.read_text().splitlines() if not line.startswith("| M1-01")]
    file.write_text("\n".join(rows) + "\n" + ROWS)
    text = settings.read_text().replace("# qa:\n#   -", "qa:\n  -")
    settings.write_text(text + "requests: {look: 1s}\n")
    assert "no errors" in person.types("check")
    return began
