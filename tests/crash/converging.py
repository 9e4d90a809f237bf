"""Runs in processes of their own, killed and run again until the mission is at its end."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Sequence
from pathlib import Path

from mission.journal import Step
from tests.crash import forked
from tests.scratch import Scratch
from workspace.git import Git


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


def facts(scratch: Scratch) -> dict[str, object]:
    """What a person sees of the end: the same however often the run was killed."""
    alone = not scratch.git.text("remote")
    base = scratch.git if alone else Git(scratch.remote)
    log = base.text("log", "--format=%(trailers:key=Task,valueonly)", "main")
    return {
        "statuses": scratch.statuses(),
        "merged": sorted(line for line in log.split("\n") if line),
        "files": base.text("ls-tree", "-r", "--name-only", "main"),
        "branches": base.text("for-each-ref", "--format=%(refname)", "refs/heads/"),
        "checkout": scratch.git.text("status", "--porcelain"),
        "published": base.text("show", "main:plan/TASKS.md").count("| done |"),
    }


def check_nothing_is_left(scratch: Scratch, told: str) -> None:
    for git in (scratch.git, Git(scratch.remote)):
        checked = git.run("fsck", "--strict", "--no-dangling")
        assert not checked.stderr.strip(), f"{told}: {checked.stderr}"
    with scratch.journal() as journal:
        assert journal.open_attempts() == [], told
        finished: dict[str, int] = {}
        for attempt in journal.attempts():
            if attempt.head is not None:
                assert attempt.step is Step.ENDED, told
                finished[attempt.task] = finished.get(attempt.task, 0) + 1
        assert set(finished.values()) == {1}, f"{told}: an agent ran again after it had finished"
    worktrees = scratch.git.text("worktree", "list").splitlines()
    assert len(worktrees) == 1, f"{told}: {worktrees}"
    # Nor what worktrees are made from, nor what was in the way of one.
    folders = [*Path(os.environ["MISSION_HOME"]).glob("worktrees/*/*/*")]
    stayed = [one for one in folders if not one.name.endswith(".lock")]
    assert stayed == [], f"{told}: {stayed}"
    assert _survivors(scratch) == [], told


def _survivors(scratch: Scratch) -> Sequence[str]:
    """Processes that still work somewhere below the mission."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                where = str((entry / "cwd").readlink())
            except OSError:
                continue
            if where.startswith(str(scratch.top.parent)):
                found.append(entry.name)
    return found
