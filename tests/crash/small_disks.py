"""A mission of four rows of which one place is a disk of its own, which takes nothing any more
while agents work; as a process, in a mount namespace of its own: PLACE HOW FOLDER. Prints JSON.

    unshare --user --map-root-user --mount python -m tests.crash.small_disks home full FOLDER
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from errors import MissionError
from orchestrator.ports.display import RecordingDisplay
from orchestrator.run_end import RunEnd
from tests.scratch import Scratch, make, row
from workspace.git import Git

SIZE = "12m"
PATIENCE = "2s"  # for a remote that is full
ROWS = [row("A"), row("B"), row("C", after="A"), row("D", after="B")]
# The first one at A fills the disk, or has it made read-only; B waits for that. Both go on.
WORKER = """
import os, pathlib, sys, time
task, top = os.environ["MISSION_TASK"], pathlib.Path({top!r})
with open(top / "asked", "a") as asked:
    asked.write(task + "\\n")
if task == "A" and not (top / "met").exists():
    (top / "meet").touch()
while task in "AB" and not (top / "met").exists():
    time.sleep(0.01)
print("goes on", flush=True)
if "crash" in {how!r} and task == "A" and not (top / "mended").exists():
    sys.exit(3)
pathlib.Path(f"{{task}}.txt").write_text(f"work of {{task}}\\n")
"""


def _mount(place: Path) -> None:
    place.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "t", str(place)], check=True)
    subprocess.run(["mount", "--bind", str(place), str(place)], check=True)


def _moved(scratch: Scratch, place: Path) -> Scratch:
    """The mission with its remote on a disk of its own."""
    _mount(place)
    remote = place / "remote.git"
    shutil.copytree(scratch.remote, remote)
    scratch.git.run("remote", "set-url", "origin", str(remote))
    return replace(scratch, remote=remote)


def _made(place: str, how: str, top: Path) -> tuple[Scratch, Path]:
    home, folder = top / "home", top / "mission"
    config: dict[str, object] = {"patience": PATIENCE} if place == "remote" else {}
    if place == "repository":
        _mount(folder)
    folder.mkdir(exist_ok=True)
    scratch = make(folder, ROWS, worker=WORKER.format(top=str(top), how=how), config=config)
    plan = scratch.task_file.parent
    disk = {"repository": folder, "home": home, "remote": top / "far", "plan": plan}[place]
    if place == "remote":
        scratch = _moved(scratch, disk)
    elif place != "repository":
        files = {file.name: file.read_bytes() for file in disk.iterdir()} if disk.exists() else {}
        _mount(disk)
        for name, content in files.items():
            (disk / name).write_bytes(content)
    return scratch, disk


def _fill(disk: Path) -> None:
    for number, size in enumerate((1 << 16, 1)):
        with (disk / f"filler-{number}").open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                pass


def _empty(disk: Path) -> None:
    for file in disk.glob("filler-*"):
        file.unlink()


def _remount(disk: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,bind,{how}", str(disk)], check=True)


def _once(scratch: Scratch) -> dict[str, object]:
    display = RecordingDisplay()
    end: RunEnd | None = None
    error = ""
    try:
        end = scratch.run(slots=2, display=display)
    except MissionError as met:
        error = str(met)
    told = error or (end.stopped if end is not None else "")
    return {
        "code": 1 if end is None else end.exit_code,
        "told": told,
        "said": display.said,
        "statuses": scratch.statuses(),
    }


def main(place: str, how: str, top: Path) -> None:
    os.environ["MISSION_HOME"] = str(top / "home")
    scratch, disk = _made(place, how, top)
    meet: Callable[[Path], None] = _fill
    mend: Callable[[Path], None] = _empty
    if how == "read-only":
        meet, mend = lambda one: _remount(one, "ro"), lambda one: _remount(one, "rw")

    def wait() -> None:
        while not (top / "meet").exists():
            threading.Event().wait(0.01)
        meet(disk)
        (top / "met").touch()

    threading.Thread(target=wait, daemon=True).start()
    runs = [_once(scratch), _once(scratch)]
    (top / "mended").touch()
    mend(disk)
    runs.append(_once(scratch))
    log = Git(scratch.remote).text("log", "--format=%(trailers:key=Task,valueonly)", "main")
    asked = (top / "asked").read_text().split()
    facts = {"runs": runs, "asked": asked, "merged": log.split(), "disk": str(disk)}
    sys.stdout.write(json.dumps(facts))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
