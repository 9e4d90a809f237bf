"""Runs in processes of their own, killed and run again until the mission is at its end."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

from tests.crash import forked
from tests.scratch import Scratch


def errors(scratch: Scratch) -> Path:
    """Where the runs of a mission write what goes to standard error."""
    return scratch.top.parent / "errors"


def run_and_kill(scratch: Scratch, seconds: float) -> int:
    """1 if the run was killed, 0 if it had ended before."""
    process = forked.start(scratch.task_file, errors(scratch))
    process.join(seconds)
    if process.is_alive():
        process.kill()
        process.join()
        return 1
    assert process.exitcode == 0, errors(scratch).read_text()
    return 0


def finish(scratch: Scratch) -> int:
    """The exit code of a run that nobody disturbs."""
    process = forked.start(scratch.task_file, errors(scratch))
    process.join(300)
    assert process.exitcode is not None, "it does not come to its end"
    if process.exitcode:
        sys.stderr.write(errors(scratch).read_text())
    return process.exitcode


def roll() -> tuple[int, random.Random]:
    """A seed, which makes a failure repeatable (`MISSION_SEED`), and the dice that it makes."""
    seed = int(os.environ.get("MISSION_SEED", random.SystemRandom().randrange(1_000_000)))
    return seed, random.Random(seed)  # noqa: S311  not for secrets
