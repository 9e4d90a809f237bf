"""Machines with a clone each, whose runs are killed, whose line is cut, and which are lost."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from cli.main import main
from errors import ClaimHeldError, MissionError
from tests.crash.forked import CONTEXT, carry_out, settle
from tests.crash.lines import Line
from tests.scratch import Scratch
from workspace.git import Git

HELD = 3  # the exit code of a run that another clone did not let begin
REFUSED = 4  # ... of one that ended with a message


class Machine:
    """One clone with all that belongs to it, in a folder of its own."""

    def __init__(self, folder: Path, remote: Path, port: int) -> None:
        self.folder = folder
        self.line = Line(port)
        self._remote = remote
        self._lives = 0
        self._run: ForkServerProcess | None = None
        self.renew()

    @property
    def scratch(self) -> Scratch:
        return Scratch(top=self.folder / "checkout", remote=self._remote)

    @property
    def errors(self) -> Path:
        """What its runs have written, of all its lives."""
        return self.folder.with_name(f"{self.folder.name}.errors")

    @property
    def alive(self) -> bool:
        return self._run is not None and self._run.is_alive()

    def renew(self) -> None:
        """Lose the machine, if there was one, and begin with a fresh clone."""
        self.kill(machine=True)
        if self.folder.exists():
            shutil.rmtree(self.folder)
        self.folder.mkdir()
        # What it lost, and what it has now, are two.
        self._lives += 1
        address = f"git://127.0.0.1:{self.line.port}/{self._remote.name}"
        top = self.scratch.top
        Git(self.folder).run("clone", "--quiet", "--template=", str(self._remote), str(top))
        for key, value in (
            ("remote.origin.url", address),
            ("user.name", f"{self.folder.name} {self._lives}"),
            ("user.email", "somebody@example.invalid"),
        ):
            Git(top).run("config", key, value)

    def start(self) -> None:
        """Begin a run."""
        self._run = CONTEXT.Process(target=_carry_out, args=self._means())
        self._run.start()

    def kill(self, *, machine: bool) -> bool:
        """Whether there was a run to kill: with its process group, or with all that it started."""
        run, alive = self._run, self.alive
        if run is not None:
            if run.is_alive() and run.pid is not None:
                with suppress(ProcessLookupError):  # it has no group of its own yet
                    os.killpg(run.pid, signal.SIGKILL)
                run.kill()
            run.join()
            self._run = None
        while machine and (left := list(self._processes())):
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        return alive

    def finish(self, longest: float = 120) -> int:
        """The exit code of a run that nobody disturbs."""
        self.start()
        return self.wait(longest)

    def wait(self, longest: float = 120) -> int:
        """The exit code of its run, once that has ended. `longest`: in seconds."""
        assert self._run is not None
        self._run.join(longest)
        code = self._run.exitcode
        assert code is not None, "it does not come to its end"
        return code

    def verify(self) -> int:
        """The exit code of `mission verify`."""
        process = CONTEXT.Process(target=_verify, args=self._means())
        process.start()
        process.join(120)
        assert process.exitcode is not None
        return process.exitcode

    def _means(self) -> tuple[Path, Path, dict[str, str]]:
        environment = {**os.environ, "MISSION_HOME": str(self.folder / "home")}
        return self.scratch.task_file, self.errors, environment

    def _processes(self) -> Iterator[int]:
        """Those that work somewhere below its folder."""
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with suppress(OSError):
                    where = str((entry / "cwd").readlink()).removesuffix(" (deleted)")
                    state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
                    if state != "Z" and Path(where).is_relative_to(self.folder):
                        yield int(entry.name)


def _carry_out(task_file: Path, errors: Path, environment: dict[str, str]) -> None:
    os.setsid()
    settle(errors, environment)
    try:
        code = carry_out(task_file)
    except ClaimHeldError:
        code = HELD
    except MissionError:
        traceback.print_exc()
        code = REFUSED
    raise SystemExit(code)


def _verify(task_file: Path, errors: Path, environment: dict[str, str]) -> None:
    settle(errors, environment)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    main(("verify", str(task_file)))
