"""Hints that are commands are typed as they are printed, in a real repository, and mend it."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.main import main
from mission.place import Place
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


def merged(scratch: Scratch) -> None:
    """The base has the row, and the file does not say so."""
    trailers = "Task: A\nAttempt: 1\nMission: plan/TASKS.md"
    scratch.git.run("commit", "--quiet", "--allow-empty", f"--message=A: it\n\n{trailers}")
    scratch.git.run("push", "--quiet", "origin", "main")


def damaged(scratch: Scratch) -> None:
    scratch.journal().close()
    journal = Place.find(str(scratch.task_file)).journal_file
    journal.write_bytes(b"no database" * 999)


def begun_by_hand(scratch: Scratch) -> None:
    scratch.edit("| A | not-started |", "| A | in-progress |")


def a_step(scratch: Scratch) -> Path:
    step = scratch.top / "step.sh"
    step.write_text("#!/bin/sh\n")
    step.chmod(0o755)
    with (scratch.task_file.with_name("mission.yaml")).open("a") as config:
        config.write("verify: [{name: tests, run: [./step.sh]}]\n")
    return step


def step_not_added(scratch: Scratch) -> None:
    a_step(scratch)


def step_no_program(scratch: Scratch) -> None:
    a_step(scratch)
    scratch.git.run("add", "step.sh")
    scratch.git.run("update-index", "--chmod=-x", "step.sh")
    scratch.git.run("commit", "--quiet", "--message=A step")
    scratch.git.run("push", "--quiet", "origin", "main")


def token(_scratch: Scratch) -> None:
    with pytest.raises(SystemExit):
        main(("gateway", "token", "add", "ci", "--expires", "30d", "--all-missions"))


def nothing(scratch: Scratch) -> None:
    """The rows are as they are."""


ADD_TOKEN = ("gateway", "token", "add", "ci", "--expires", "30d", "--all-missions")
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
    "merged": (merged, ("verify",), "merged it"),
    "journal": (damaged, ("verify",), "the journal"),
    "by-hand": (begun_by_hand, ("verify",), "has no attempt under way"),
    "set-done": (nothing, ("set", "Q", "done"), "cannot be set to done"),
    "no-work": (nothing, ("approve", "Q"), "holds no finished work"),
    "nothing-tried": (nothing, ("log", "A"), "has not been tried yet"),
    "no-id": (nothing, ("show", "plan"), "ID is missing"),
    "token": (token, ADD_TOKEN, "There is a token"),
    "no-token": (nothing, ("gateway", "token", "revoke", "nobody"), "There is no token"),
    "not-added": (step_not_added, ("check",), "is in no commit"),
    "no-program": (step_no_program, ("check",), "not as a program"),
}
ROWS = [
    *(row("A"), row("B", status="blocked"), row("F", status="failed")),
    *(row("D", status="done"), row("Q", status="needs-qa")),
]
# Rows that the command gives back to be done, and mistakes in what was typed, which it explains.
SENT_BACK = ("retry-blocked", "reject-failed", "unblock-failed", "no-work")
TOLD = ("approve-done", "no-such-row", "nothing-tried", "no-id", "no-token")
# Those whose hint says in words what is to be committed then.
COMMITTED = ("not-added", "no-program")
# Commands that are tried with a server, elsewhere: they can be typed, and this is no place for it.
STARTS = ("mission run",)


@pytest.mark.parametrize("case", CASES)
def test_what_is_printed_mends_it(
    tmp_path: Path,
    case: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "home"))
    scratch = make(tmp_path, ROWS)
    monkeypatch.chdir(scratch.top)
    wrong, words, told = CASES[case]
    wrong(scratch)
    capsys.readouterr()
    _, said = asked(capsys, *words)
    assert told in said
    commands = MARKED.findall(said.partition(told)[2])
    assert commands, said
    if commands[0] in STARTS:
        return
    if case == "set-done":  # which leads to the next one
        assert commands[0] == "mission approve Q"
        return
    typed(capsys, scratch, commands[0])
    if case in COMMITTED:
        scratch.git.run("commit", "--quiet", "--message=A step")
    if case in SENT_BACK:
        assert scratch.statuses()[words[1]] == "not-started"
    elif case not in TOLD:
        assert told not in asked(capsys, *words)[1]


def test_what_the_sections_of_status_name_is_typed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No id in capitals: the row's own, or `--all` where there are several."""
    more = [row("B2", status="blocked"), row("F2", status="failed")]
    scratch = make(tmp_path, [*ROWS, *more])
    monkeypatch.chdir(scratch.top)
    with pytest.raises(SystemExit):
        main(("status",))
    page = capsys.readouterr().out
    hints = dict(re.findall(r"^(\w[\w ]*) \(\d+\)  (mission [^,\n]+)", page, re.MULTILINE))
    assert hints == {
        "Ready": "mission run",
        "Needs QA": "mission show Q",
        "Blocked": "mission unblock --all",
        "Failed": "mission retry --all",
    }
    for title in ("Needs QA", "Blocked", "Failed"):
        typed(capsys, scratch, hints[title])
    assert {scratch.statuses()[name] for name in ("B", "B2", "F", "F2")} == {"not-started"}


def test_what_the_notes_of_rows_name_is_typed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that a run left to people, each with what its note says, until all of them are done."""
    rows = [row("Away"), row("Begun"), row("Look"), row("Secret", branch="feat/away2")]
    later = "\n## Milestone 2 — Second (M2)\n\n_Deferred._\n"
    scratch = make(tmp_path, [*rows, later], config={"qa": [{"match": {"id": "Look"}}]})
    monkeypatch.chdir(scratch.top)
    scratch.git.run("worktree", "add", "--quiet", "-b", "feat/away", str(tmp_path / "mine here"))
    begun = Git(tmp_path / "mine here")
    begun.run("switch", "--quiet", "--create", "feat/begun")
    begun.run("commit", "--quiet", "--allow-empty", "--message=Begun by a person")
    (tmp_path / "mine here" / "begun.txt").write_text("begun\n")
    begun.run("add", "--all")
    begun.run("commit", "--quiet", "--message=More of it")
    begun.run("switch", "--quiet", "feat/away")
    scratch.run()
    left = {"Away": "blocked", "Begun": "blocked", "Look": "needs-qa", "Secret": "done"}
    assert scratch.statuses() == left
    named = {task: MARKED.findall(scratch.notes(task)) for task in left}
    (detach,) = named["Away"]
    keep, anew = named["Begun"]
    assert (keep, anew) == ("mission unblock Begun --keep", "mission unblock Begun --anew")
    (approve,) = re.findall(r"mission approve \w+", scratch.notes("Look"))
    for command in (detach, "mission unblock Away", keep):
        typed(capsys, scratch, command)
    scratch.run()
    typed(capsys, scratch, approve)
    assert set(scratch.statuses().values()) == {"done"}
    assert scratch.run().unplanned == "M2"
    assert "M2 is not planned yet: mission expand M2" in asked(capsys, "run", "--dry-run")[1]
