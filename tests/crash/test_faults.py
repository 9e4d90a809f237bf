"""A disk fails once, at each change of the file system that a run and its git make.

`faults.c` fails one write, fsync, rename or open of a small mission. Whatever it is: no traceback,
a message where the run does not get over it, no row that fails, and the next run ends it, each row
merged once. A sample of the places here; `make soak` has them all.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import re
import struct
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import requires
from tests.scratch import Scratch, make, row
from workspace.git import Git

pytestmark = [pytest.mark.crash, pytest.mark.slow, requires("cc", system="linux")]

ROOT = Path(__file__).parents[2]
SOURCE = Path(__file__).with_name("faults.c")
SOAK = [pytest.mark.soak, pytest.mark.timeout(6 * 3600)]
ROWS = (row("A"), row("R", after="A", branch="—"))
ERRORS = (errno.ENOSPC, errno.EIO, errno.EROFS)
SAMPLE = 60  # of so many places one fails where it is not a soak
WORKER = """
import os, pathlib
with open({asked!r}, "a") as file:
    file.write(os.environ["MISSION_TASK"] + "\\n")
print("read, and fine")
if os.environ["MISSION_TASK"] == "A":
    pathlib.Path("A.txt").write_text("work of A\\n")
"""
# What differs from one run to the next; two places with one name are one.
_OBJECTS = re.compile(r"objects/(?!pack\b|info\b)\S*")
_TEMPORARY = re.compile(
    r"(?<=under-way/)\S+|(?<=mission-)[a-z0-9_]{8}\b|(?<=tmp_)\w+|incoming-\w+|(?<=tmp)\w{8}\b"
    r"|\.[a-z0-9_]{8}\.tmp"
)
_NUMBERS = re.compile(r"\b[0-9a-f]{7,64}\b|\d+")


@dataclass(frozen=True, kw_only=True)
class Faulted:
    """The server with the shim, and the file that it shares with it."""

    server: subprocess.Popen[str]
    folder: Path

    def run(
        self, scratch: Scratch, *, fail: int = 0, error: int = 0, log: Path | None = None
    ) -> dict[str, Any]:
        """Carry the mission out. `fail`: the number of the change that fails; 0: none does."""
        control, result = self.folder / "control", self.folder / "result"
        control.write_bytes(struct.pack("lll", 0, fail, error))
        result.unlink(missing_ok=True)
        environment = {"MISSION_HOME": str(scratch.top.parent / "home")}
        if log is not None:
            environment |= {"FAULTS": str(control), "FAULTS_TOP": f"{scratch.top.parent}/"}
            environment["FAULTS_LOG"] = str(log)
        request = {
            "task_file": str(scratch.task_file),
            "environment": json.dumps(environment),
            "errors": str(self.folder / "errors"),
            "result": str(result),
            "verify": "" if fail else "yes",
        }
        assert self.server.stdin is not None
        assert self.server.stdout is not None
        self.server.stdin.write(f"{json.dumps(request)}\n")
        self.server.stdin.flush()
        status = self.server.stdout.readline().strip()
        assert status == "0", (self.folder / "errors").read_text()
        found: dict[str, Any] = json.loads(result.read_text())
        return found


@pytest.fixture(scope="module")
def faulted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faulted]:
    folder = tmp_path_factory.mktemp("faults")
    library = folder / "faults.so"
    compiler = ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"]
    subprocess.run(compiler, check=True)
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.crash.faulted"],
        cwd=ROOT,
        env={**os.environ, "LD_PRELOAD": str(library)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with server:
        yield Faulted(server=server, folder=folder)
        assert server.stdin is not None
        server.stdin.close()


def _make(folder: Path) -> Scratch:
    folder.mkdir()
    return make(folder, ROWS, worker=WORKER.format(asked=f"{folder}-asked"))


def _places(faulted: Faulted, folder: Path) -> dict[str, int]:
    """The first change of each name in an undisturbed run."""
    log = faulted.folder / "log"
    log.unlink(missing_ok=True)
    scratch = _make(folder)
    assert faulted.run(scratch, log=log)["code"] == 0
    places: dict[str, int] = {}
    for line in log.read_text().splitlines():
        number, _, what = line.partition(" ")
        places.setdefault(_named(what, folder), int(number))
    return places


def _named(what: str, folder: Path) -> str:
    text = what.replace(str(folder), "")
    return _NUMBERS.sub("N", _TEMPORARY.sub("T", _OBJECTS.sub("objects/O", text)))


def _wrong(faulted: Faulted, folder: Path, number: int, error: int) -> tuple[str, bool]:
    """What is not as it should be where that change fails, and whether it was met at all."""
    scratch, log = _make(folder), faulted.folder / "failed"
    log.unlink(missing_ok=True)
    first = faulted.run(scratch, fail=number, error=error, log=log)
    met = log.exists()
    second = faulted.run(scratch)
    base = Git(scratch.remote).text("log", "--format=%(trailers:key=Task,valueonly)", "main")
    asked = Path(f"{folder}-asked")
    paid = Counter(asked.read_text().split() if asked.exists() else ())
    found = {
        "trace": first["trace"] or second["trace"],
        "told": bool(first["code"] == 0 or first["told"]),
        "given up": sorted({"failed", "blocked"} & set(first["statuses"].values())),
        "code": second["code"],
        "statuses": set(second["statuses"].values()),
        "merged": base.split(),
        "verify": second.get("verify"),
        "paid": set(paid) == {"A", "R"} and max(paid.values()) <= 2,
    }
    wanted = {
        "trace": "",
        "told": True,
        "given up": [],
        "code": 0,
        "statuses": {"done"},
        "merged": ["A"],
        "verify": 0,
        "paid": True,
    }
    wrong = {name: value for name, value in found.items() if value != wanted[name]}
    if not wrong:
        return "", met
    where = log.read_text().strip() if met else "never"
    return f"{os.strerror(error)} at {where}: {wrong}: {_short(first)}, {_short(second)}", met


def _short(run: Mapping[str, Any]) -> str:
    return f"{run['code']} {run['told']!r} {run['said']}"


@pytest.mark.parametrize(
    ("shift", "every"),
    [
        pytest.param(0, SAMPLE, id="sample"),
        # Every place with every error, a third of them each.
        *(pytest.param(one, 1, id=f"every-{one}", marks=SOAK) for one in range(len(ERRORS))),
    ],
)
def test_a_disk_that_fails_once_costs_a_message_and_no_more(
    tmp_path: Path, faulted: Faulted, shift: int, every: int
) -> None:
    places = _places(faulted, tmp_path / "undisturbed")
    chosen = list(places.items())[every // 2 :: every]
    counts: Counter[str] = Counter()
    found: list[str] = []
    log = logging.getLogger(__name__)
    for turn, (place, number) in enumerate(chosen):
        error = ERRORS[(turn + shift) % len(ERRORS)]
        wrong, met = _wrong(faulted, tmp_path / str(turn), number, error)
        counts[place.split(" ")[0] if met else "not met"] += 1
        if wrong:
            log.warning("%s", wrong)
            found.append(wrong)
    told = {"shift": shift, "places": len(places), **counts, "wrong": len(found)}
    log.info("faults: %s", json.dumps(told))
    assert found == []
