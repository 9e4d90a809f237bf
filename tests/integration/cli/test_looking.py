"""`mission show`, `log` and `watch`: what people see before they decide, and while a run works."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mission.journal import End
from mission.place import Place
from tests.command import run
from tests.scratch import Scratch, make, row
from tests.terminal import CTRL_C, on_terminal

# Says something, wants a terminal to act on what it leaves, and ends once it may.
AGENT = """
import json, os, pathlib, sys
here, task = pathlib.Path(__file__).parent, os.environ["MISSION_TASK"]
print("looks around", flush=True)
if task == "B":
    with open(here / "hold") as hold:
        hold.read()
pathlib.Path("gone\\x1b[2J.txt").write_text("clear \\x1b[2J the screen\\n")
pathlib.Path(f"{task}.txt").write_text("one\\ntwo\\n")
print(json.dumps({"outcome": "success", "summary": "Wrote \\x1b[2J two files.", "session": "s-1"}))
"""
# As Claude Code prints them, and one of standard error.
STREAM = [
    {"type": "system", "subtype": "init", "session_id": "s", "model": "m"},
    {"type": "assistant", "message": {"id": "1", "content": [
        {"type": "text", "text": "I look first.\nThen I write \x1b[2J."},
        {"type": "tool_use", "name": "Bash", "input": {"command": "pytest -q " + "x" * 200}},
    ]}},
    {"type": "user", "message": {"content": [{"type": "tool_result", "content": "9,000 lines"}]}},
    {"type": "result", "subtype": "success", "is_error": False, "result": "Done.", "num_turns": 1},
]  # fmt: skip
SMALL = (24, 80)


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    step = {"name": "tests", "run": ["true"]}
    config: dict[str, object] = {"qa": [{"match": {"id": "^A$"}}], "verify": [step]}
    made = make(tmp_path, [row("A"), row("B", after="A")], worker=AGENT, config=config)
    os.mkfifo(tmp_path / "hold")
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(made.top)
    return made


def _typed(page: str) -> dict[str, str]:
    """The commands that the page offers, by their verb."""
    lines = [line.split("  ")[0] for line in page.splitlines() if line.startswith("mission ")]
    return {line.split()[1]: line for line in lines}


def test_a_row_is_shown_decided_on_and_watched(
    scratch: Scratch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "none yet" in run(capsys, "show", "A")
    assert "has not been tried yet" in run(capsys, "log", "A", code=1)
    assert scratch.run().needs_qa == ("A",)

    page = run(capsys, "show", "A")
    assert page.isprintable() or "\x1b" not in page
    for told in (
        "A  needs-qa",
        "1 by worker",
        "Wrote \ufffd[2J two files.",
        "2 files, +3 −0",
        "tests passed",
        "feat/a",
        "s-1",
    ):
        assert told in page, page
    paths = (str(tmp_path), "mission ")  # whole, to be copied
    assert [
        line for line in page.splitlines() if len(line) > 80 and not any(p in line for p in paths)
    ] == []
    (attach,) = re.findall(r"^open it +(.+)$", page, re.MULTILINE)
    assert Path(shlex.split(attach)[1]).is_dir()
    facts = json.loads(run(capsys, "show", str(scratch.task_file), "A", "--json"))
    assert [file["added"] for file in facts["work"]["files"]] == [2, 1]
    assert (facts["status"], facts["attach"]) == ("needs-qa", attach)
    assert facts["chapters"][0]["session"] == "s-1"
    assert facts["decide"][0] == f"mission approve {scratch.task_file} A"
    whole = run(capsys, "show", "A", "--diff")
    assert "+clear \\x1b[2J the screen" in whole
    assert "looks around" in run(capsys, "log", "A")
    assert "has no attempt 7" in run(capsys, "log", "A", "--attempt", "7", code=1)

    # A person works on the branch: that is what would be merged.
    worktree = Path(facts["chapters"][0]["worktree"])
    (worktree / "by-hand.txt").write_text("three\n")
    scratch.git.run("-C", str(worktree), "add", "--all")
    scratch.git.run("-C", str(worktree), "commit", "--quiet", "-m", "By hand")
    page = run(capsys, "show", "A")
    assert "3 files, +4 −0" in page
    assert "the branch has moved since the agent ended" in page

    run(capsys, *shlex.split(_typed(page)["approve"])[1:])
    assert scratch.statuses()["A"] == "done"
    page = run(capsys, "show", "A")
    assert "3 files, +4 −0" in page  # of the merge
    assert not _typed(page)
    assert "open it" not in page


def test_a_run_is_watched_from_any_terminal(scratch: Scratch, tmp_path: Path) -> None:
    scratch.edit("| A | not-started |", "| A | done |")
    scratch.git.run("commit", "--quiet", "--all", "-m", "A is there")
    scratch.git.run("push", "--quiet")
    with (
        ThreadPoolExecutor(1) as pool,
        on_terminal("watch", folder=scratch.top, size=SMALL) as watching,
    ):
        watching.wait_for("No run is at work: `mission run` carries on")
        running = pool.submit(scratch.run)
        watching.wait_for("A run is under way")
        watching.wait_for("started, worker, attempt 1")
        with on_terminal("log", "B", "-f", folder=scratch.top, size=SMALL) as following:
            following.wait_for("looks around")
            (tmp_path / "hold").write_text("go on")
            assert following.end() == 0
            assert "Attempt 1 at B has ended: success" in following.printed
        assert running.result().exit_code == 0
        watching.wait_for("B is done")
        watching.type(CTRL_C)
        assert watching.end() == 130
        assert "stopped watching" in watching.printed


@pytest.fixture
def streamed(scratch: Scratch, tmp_path: Path) -> Path:
    """The log of an attempt that a Claude made, which has not ended."""
    log = tmp_path / "claude.log"
    log.write_text("".join(f"{json.dumps(one)}\n" for one in STREAM) + "warned \x1b[2J\nhalf")
    with scratch.journal() as journal:
        journal.start_attempt(
            run=journal.start_run(mission="M", host="here", pid=1, pid_started=1),
            task="A",
            agent="sonnet",
            branch="feat/a",
            base_commit=None,
            worktree=None,
            log=str(log),
            route="named in the row",
        )
    return log


def test_an_agents_events_are_read_by_its_adapter(
    scratch: Scratch, streamed: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    told = run(capsys, "log", "A").splitlines()
    assert told[1:3] == ["  I look first.", "  Then I write \\x1b[2J."]
    assert told[3].startswith("▸ ")
    assert "pytest -q" in told[3]
    assert told[-2:] == ["warned \\x1b[2J", "half"]
    assert "9,000 lines" not in "\n".join(told)
    assert max(map(len, told)) <= 80

    class Bytes(io.TextIOWrapper):
        pass

    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", Bytes(raw, write_through=True))
    run(capsys, "log", "A", "--raw")
    assert raw.getvalue() == streamed.read_bytes() + b"\n"


def test_a_log_is_followed_until_its_attempt_has_ended(scratch: Scratch, streamed: Path) -> None:
    with on_terminal("log", "A", "--follow", folder=scratch.top, size=SMALL) as following:
        following.wait_for("warned")
        assert "half" not in following.printed
        with streamed.open("a") as log:
            log.write(" a line\n")
        following.wait_for("half a line")
        with scratch.journal() as journal:
            journal.end_attempt(1, End.FAILED, "no")
        assert following.end() == 0
        assert "Attempt 1 at A has ended: failed" in following.printed
    with on_terminal("show", "A", "--diff", folder=scratch.top, size=SMALL) as shown:
        assert shown.end() == 1
        assert "A has changed nothing yet" in shown.printed


def test_words_that_are_missing_or_do_not_go_together(
    scratch: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "ID is missing" in run(capsys, "show", str(scratch.task_file), code=2)
    assert "ID is missing" in run(capsys, "log", str(scratch.task_file), code=2)
    assert "do not go together" in run(capsys, "show", "A", "--diff", "--json", code=2)
    assert "no task 'Z'" in run(capsys, "show", "Z", code=2)
    assert Place.find().task_file == scratch.task_file
