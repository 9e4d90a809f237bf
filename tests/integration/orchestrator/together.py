"""Rows that come to the merge queue together: the scripts that hold them until all are there."""

from __future__ import annotations

from pathlib import Path

from orchestrator.ports.display import RecordingDisplay

# Writes a file for each task; `same.txt` where the test says so. The first row comes to the merge
# queue alone: the others end once it is being verified, and wait for the merge together.
WORKER = """
import os, pathlib, sys, time
task, marks = os.environ["MISSION_TASK"], pathlib.Path({marks!r})
name = "same.txt" if task in {same!r} else f"{{task}}.txt"
pathlib.Path(name).write_text(f"work of {{task}}\\n")
while task != {first!r} and not (marks / "verified").exists():
    time.sleep(0.01)
"""

# A verification of the squashed result. It is red for each file that is named, notes what it saw,
# and holds the first one back until all rows wait.
VERIFY = """
import os, pathlib, sys, time
marks, bad, flaky = pathlib.Path({marks!r}), {bad!r}, {flaky!r}
seen = sorted(path.stem for path in pathlib.Path(".").glob("*.txt"))
with open(marks / "verified", "a") as file:
    file.write(",".join(seen) + "\\n")
while len(list(marks.glob("waits-*"))) < {together}:
    time.sleep(0.01)
if flaky and not (marks / "flaked").exists():
    (marks / "flaked").touch()
    sys.exit("flaky this time")
found = [name for name in bad if name in seen]
sys.exit(f"red because of {{found}}" if found else 0)
"""


class Marking(RecordingDisplay):
    """Tells the scripts which rows wait for their merge."""

    def __init__(self, marks: Path) -> None:
        super().__init__()
        self._marks = marks

    def doing(self, task: str, phase: str, detail: str = "") -> None:
        super().doing(task, phase, detail)
        if phase == "waits for its turn to merge":
            (self._marks / f"waits-{task}").touch()
