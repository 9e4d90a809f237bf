"""What a run passes on its way: writes to the journal, git commands, changes of the file system."""

from __future__ import annotations

import os
import re
import socket
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import workspace.git as git_module
import workspace.git_command as command_module
from mission.journal.database import Database, Value
from tests.crash.placed import Kills
from workspace.git_command import GitCommand, GitOutput
from workspace.git_environment import git_environment
from workspace.refs import Refs

# What differs from one run to the next: objects, temporary names, numbers of attempts and runs.
_OBJECTS = re.compile(
    r"objects/(?!pack\b|info\b)\S*|(?<=shared-)[a-z0-9_]{8}\b\S*|(?<=^rmdir )[0-9a-f]{2}$"
)
_TEMPORARY = re.compile(
    r"(?<=under-way/)\S+|(?<=mission-)[a-z0-9_]{8}\b|(?<=tmp_)\w+|incoming-\w+"
    r"|\.[a-z0-9_]{8}\.tmp"
)
_NUMBERS = re.compile(r"\b[0-9a-f]{8}-[0-9a-f-]{27,}|\b[0-9a-f]{7,64}\b|\d+")


def watch(kills: Kills, *, top: Path) -> None:
    """Let this process pass the places that `kills` is about. `top` holds all of the mission."""
    for module in (git_module, command_module):  # whose lock it is does not change
        module.PATIENCE = 1.0  # type: ignore[attr-defined]

    def named(text: str) -> str:
        text = text.replace(str(top), "")
        return _NUMBERS.sub("N", _TEMPORARY.sub("T", _OBJECTS.sub("objects/O", text)))[:200]

    if "journal" in kills.plan.kinds:
        _watch_journal(kills)
    if "git" in kills.plan.kinds:
        _watch_git(kills, named)
    if "files" in kills.plan.kinds:
        _watch_files(kills, named)
    if "inside" in kills.plan.kinds:
        _watch_inside(kills, named)


def _watch_journal(kills: Kills) -> None:
    write = Database.rows

    def rows(database: Database, statement: str, **values: Value) -> list[sqlite3.Row]:
        if statement.startswith("SELECT"):
            return write(database, statement, **values)
        name = _name(database, statement, values)
        kills.pass_by(("before", name))
        found = write(database, statement, **values)
        kills.pass_by(("after", name))
        return found

    def _name(database: Database, statement: str, values: Mapping[str, Value]) -> str:
        words = statement.split()[:3]  # INSERT INTO events, UPDATE attempts SET, BEGIN IMMEDIATE
        task = values.get("task")
        if "attempts" in words and task is None:
            (found,) = write(database, "SELECT task FROM attempts WHERE id = :id", id=values["id"])
            task = found["task"]
        telling = [values[name] for name in ("kind", "step", "end") if name in values]
        return " ".join(map(str, [*words, task, *(telling or sorted(values))]))

    Database.rows = rows  # type: ignore[method-assign,assignment]


def _watch_git(kills: Kills, named: Callable[[str], str]) -> None:
    once, move = GitCommand._once, Refs.move

    def run(git: GitCommand, args: tuple[str, ...], *rest: Any, **more: Any) -> GitOutput:
        name = named(f"git {' '.join(args)}")
        kills.pass_by(("before", name))
        output = once(git, args, *rest, **more)
        kills.pass_by(("after", name))
        return output

    def moved(refs: Refs, *commands: str) -> str:
        name = named(f"refs {' '.join(commands)}")
        kills.pass_by(("before", name))
        said = move(refs, *commands)
        kills.pass_by(("after", name))
        return said

    GitCommand._once = run  # type: ignore[method-assign,assignment]
    Refs.move = moved  # type: ignore[method-assign,assignment]


def _watch_files(kills: Kills, named: Callable[[str], str]) -> None:
    tempfile.gettempdir()  # which it tries once, by a file of any name
    for change in ("rename", "replace", "link", "symlink", "unlink", "mkdir", "rmdir", "fsync"):
        setattr(os, change, _watched(kills, named, change, getattr(os, change)))


def _watched(
    kills: Kills, named: Callable[[str], str], change: str, do: Callable[..., Any]
) -> Callable[..., Any]:
    def done(*args: Any, **more: Any) -> Any:
        where = Path(f"/proc/self/fd/{args[0]}").readlink() if change == "fsync" else args[-1]
        path = str(where) if isinstance(where, int) else os.fsdecode(where)
        name = named(f"{change} {path}")
        kills.pass_by(("before", name))
        result = do(*args, **more)
        kills.pass_by(("after", name))
        return result

    return done


def _watch_inside(kills: Kills, named: Callable[[str], str]) -> None:
    """Preload `kill_points.c` into the git commands, and answer what they ask."""
    address = str(Path(tempfile.mkdtemp(prefix="kill-points-"), "asked"))
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen(64)
    environment = git_environment

    def preloaded(extra: Mapping[str, str] | None = None) -> dict[str, str]:
        asked = {"LD_PRELOAD": str(kills.plan.library), "KILL_POINTS": address}
        return environment(asked | dict(extra or {}))

    def answer(asking: socket.socket) -> None:
        with asking, asking.makefile("rb") as lines:
            pid, change, path = lines.readline().decode(errors="replace").strip().split(" ", 2)
            kills.pass_by(("inside", named(f"{_command(int(pid))}: {change} {path}")))
            asking.send(b".")

    def serve() -> None:
        while True:
            asking, _ = listener.accept()
            threading.Thread(target=answer, args=(asking,), daemon=True).start()

    command_module.git_environment = preloaded  # type: ignore[attr-defined]
    threading.Thread(target=serve, daemon=True).start()


def _command(pid: int) -> str:
    """What a git process is: `git` and its command, without the options before it."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return "git"
    plain = [word for word in words[1:] if word and not word.startswith("-") and "=" not in word]
    return " ".join(["git", *plain[:1]])
