"""Runs in processes of their own, killed and run again until the mission is at its end."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

from tests.scratch import Scratch

KILLS = int(os.environ.get("MISSION_KILLS", "50"))
COMMAND = (sys.executable, "-m", "tests.crash.runner")
ROOT = Path(__file__).parents[2]


def start(scratch: Scratch) -> subprocess.Popen[bytes]:
    """A run, to be killed or not."""
    return subprocess.Popen(
        [*COMMAND, str(scratch.task_file)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )


def run_and_kill(scratch: Scratch, seconds: float) -> int:
    """1 if the run was killed, 0 if it had ended before."""
    with start(scratch) as process:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return 1
        assert process.returncode == 0, (process.stderr or sys.stderr).read()
    return 0


def finish(scratch: Scratch) -> int:
    """The exit code of a run that nobody disturbs."""
    with start(scratch) as process:
        _, errors = process.communicate(timeout=180)
        if process.returncode:
            sys.stderr.write(errors.decode())
        return process.returncode


def roll() -> tuple[int, random.Random]:
    """A seed, which makes a failure repeatable (`MISSION_SEED`), and the dice that it makes."""
    seed = int(os.environ.get("MISSION_SEED", random.SystemRandom().randrange(1_000_000)))
    return seed, random.Random(seed)  # noqa: S311  not for secrets
