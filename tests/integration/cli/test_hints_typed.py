"""Hints that are commands are typed as they are printed, in a real repository, and mend it."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.main import main
from tests.scratch import Scratch, make, row
from workspace.git import Git

pytestmark = pytest.mark.timeout(240)
MARKED = re.compile(r"`((?:mission|git) [^`]+)`")

Act = Callable[[Scratch], object]


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Exit code, and all that was printed."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    out, err = capsys.readouterr()
    code = ended.value.code
    return (code if isinstance(code, int) else 0), " ".join(f"{out}{err}".split())


def typed(capsys: pytest.CaptureFixture[str], scratch: Scratch, command: str) -> None:
    if command.startswith("mission "):
        code, said = asked(capsys, *shlex.split(command)[1:])
    else:
        done = subprocess.run(
            ["sh", "-c", command], cwd=scratch.top, check=False, capture_output=True, text=True
        )
        code, said = done.returncode, done.stdout + done.stderr
    assert code == 0, (command, said)


def own_commit(scratch: Scratch) -> None:
    scratch.git.run("commit", "--quiet", "--allow-empty", "--message=mine")


def no_base_there(scratch: Scratch) -> None:
    Git(scratch.remote).run("update-ref", "-d", "refs/heads/main")
    scratch.git.run("update-ref", "-d", "refs/remotes/origin/main")


def bare(scratch: Scratch) -> None:
    scratch.git.run("config", "core.bare", "true")


def paused(scratch: Scratch) -> None:
    with pytest.raises(SystemExit):
        main(("pause", str(scratch.task_file)))


def nothing(scratch: Scratch) -> None:
    """The rows are as they are."""


# What is wrong, what is asked, and the text before the hint.
CASES: dict[str, tuple[Act, tuple[str, ...], str]] = {
    "unpublished": (own_commit, ("run", "--dry-run"), "has 1 commit that origin has not"),
    "base-not-there": (no_base_there, ("verify",), "cannot be fetched"),
    "core-bare": (bare, ("run", "--dry-run"), "core.bare is true"),
    "paused": (paused, ("status",), "paused"),
    "retry-blocked": (nothing, ("retry", "B"), "retry is for rows that are failed"),
    "reject-failed": (nothing, ("reject", "F"), "reject is for rows that are needs-qa"),
    "unblock-failed": (nothing, ("unblock", "F"), "unblock is for rows that are blocked"),
    "approve-done": (nothing, ("approve", "D"), "approve is for rows that are needs-qa"),
    "no-such-row": (nothing, ("retry", "Nowhere"), "no task 'Nowhere'"),
}
# Rows that the command gives back to be done, and mistakes in what was typed, which it explains.
SENT_BACK = ("retry-blocked", "reject-failed", "unblock-failed")
TOLD = ("approve-done", "no-such-row")


@pytest.mark.parametrize("case", CASES)
def test_what_is_printed_mends_it(
    tmp_path: Path,
    case: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = [row("A"), row("B", status="blocked"), row("F", status="failed")]
    scratch = make(tmp_path, [*rows, row("D", status="done")])
    monkeypatch.chdir(scratch.top)
    wrong, words, told = CASES[case]
    wrong(scratch)
    capsys.readouterr()
    _, said = asked(capsys, *words)
    assert told in said
    commands = MARKED.findall(said.partition(told)[2])
    assert commands, said
    typed(capsys, scratch, commands[0])
    if case in SENT_BACK:
        assert scratch.statuses()[words[1]] == "not-started"
    elif case not in TOLD:
        assert told not in asked(capsys, *words)[1]
