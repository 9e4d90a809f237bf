"""Hints that are seen beside a run, on a terminal, in a browser, or from another folder: typed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from agents import review, sessions
from dashboard.pages.diff import diff_page
from dashboard.pages.page import Query
from errors import UnreadableError, UsageError
from mission.place import Place
from orchestrator.kept_plans import KeptPlans
from tests.conftest import requires
from tests.hints import asked, commands_in, is_of, typed
from tests.integration.cli.test_hints_typed import (
    planned_wrong,
    plans_right,
    to_be_planned,
)
from tests.integration.service.test_stopping import SLOW
from tests.scratch import Scratch, make, row
from tests.terminal import CTRL_C, on_terminal
from workspace.git import Git

pytestmark = pytest.mark.timeout(240)
Capsys = pytest.CaptureFixture[str]
ROWS = [row("A"), row("B", status="blocked"), row("C", status="blocked"), row("F", status="failed")]


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "home"))
    return make(tmp_path, ROWS)


def typed_at_a_terminal(scratch: Scratch, command: str) -> str:
    """A person types it, and agrees."""
    with on_terminal(*command.split()[1:], folder=scratch.top) as terminal:
        terminal.wait_for("into the file?")
        terminal.type("y\n")
        assert terminal.end() == 0
        return terminal.printed


def test_a_milestone_is_planned(
    scratch: Scratch, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(scratch.top)
    to_be_planned(scratch)
    said = asked(capsys, ["run", "--dry-run"])[1]
    (command,) = re.findall(r"is not planned yet: (.+)", said)
    assert command == "mission expand M2"
    assert "M2 has 2 tasks" in typed_at_a_terminal(scratch, command)


def test_a_plan_with_errors_is_made_anew(
    scratch: Scratch, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(scratch.top)
    planned_wrong(scratch)
    (command,) = commands_in(asked(capsys, ["expand", "M2", "--yes"])[1].partition("errors")[2])
    assert command == "mission expand M2 --anew"
    plans_right(scratch)
    assert "M2 has 2 tasks" in typed_at_a_terminal(scratch, command)


def test_a_row_that_is_under_way_is_ended(
    tmp_path: Path, scratch: Scratch, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(scratch.top)
    os.mkfifo(begun := tmp_path / "begun")
    (tmp_path / "worker.py").write_text(SLOW.format(begun=str(begun)))
    with ThreadPoolExecutor(1) as pool:
        going = pool.submit(scratch.run)
        begun.read_text()
        (command,) = commands_in(asked(capsys, ["unblock", "A"])[1].partition("under way")[2])
        assert command == "mission stop A"
        typed(capsys, command)
        going.result()
    (back,) = commands_in(scratch.notes("A"))
    assert back == "mission unblock A"
    typed(capsys, back)
    assert scratch.statuses()["A"] == "not-started"


def test_what_a_browser_is_told(
    scratch: Scratch, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(scratch.top)
    with pytest.raises(UsageError) as nothing:
        diff_page(Place.find(), "A", Query())
    (show,) = commands_in(nothing.value.hint)
    assert show == "mission show A"
    assert "none yet" in typed(capsys, show)

    command = "mission dashboard"
    words = [sys.executable, "-m", "cli", *command.split()[1:]]
    with subprocess.Popen(words, cwd=scratch.top, stderr=subprocess.PIPE, text=True) as pages:
        try:
            assert pages.stderr is not None
            told = next(line for line in pages.stderr if "http" in line)
            address = told.strip()
            lost = httpx.get(address.partition("?")[0], trust_env=False)
            assert lost.status_code == 401
            assert commands_in(lost.text) == [command]
            assert httpx.get(address, trust_env=False).status_code == 200
        finally:
            pages.terminate()


def test_a_kept_plan_that_cannot_be_read(scratch: Scratch) -> None:
    kept = KeptPlans(place=Place.find(str(scratch.task_file)))
    kept.keep("M2", "")
    kept.path("M2").write_bytes(b"\xff")
    with pytest.raises(UnreadableError) as told:
        kept.read("M2")
    assert commands_in(told.value.hint) == ["mission expand M2 --anew"]  # which is typed above


@pytest.mark.parametrize("where", ["above", "beside", "below"])
def test_hints_can_be_typed_where_a_person_stands(
    tmp_path: Path, capsys: Capsys, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """The mission was named by a path that is not what is found from there."""
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "home"))
    (tmp_path / "it's there").mkdir()
    scratch = make(tmp_path / "it's there", ROWS)
    other = make(Path(subprocess.check_output(["mktemp", "-d", "-p", tmp_path], text=True).strip()),
                 [row("X")])  # fmt: skip
    here = {"above": tmp_path, "beside": other.top, "below": scratch.top / "plan"}[where]
    monkeypatch.chdir(here)
    path = os.path.relpath(scratch.task_file, here)

    page = asked(capsys, ["status", path])[1]
    hints = dict(re.findall(r"^(\w[\w ]*) \(\d+\)\s+(mission [^,\n]+)", page, re.MULTILINE))
    assert ("it'" in hints["Blocked"]) == (where != "below")
    typed(capsys, hints["Blocked"])
    (retry,) = commands_in(asked(capsys, ["unblock", path, "F"])[1].partition("are blocked")[2])
    typed(capsys, retry)
    assert {scratch.statuses()[task] for task in ("B", "C", "F")} == {"not-started"}
    typed(capsys, hints["Ready"] + " --dry-run")

    # Git is sent there, too, and to the files from any folder of it.
    step = scratch.top / "my step.sh"
    step.write_text("#!/bin/sh\n")
    step.chmod(0o755)
    with scratch.task_file.with_name("mission.yaml").open("a") as config:
        config.write("verify: [{name: tests, run: ['./my step.sh']}]\n")
    (add,) = commands_in(asked(capsys, ["check", path])[1].partition("in no commit")[2])
    typed(capsys, add)
    assert "my step.sh" in scratch.git.text("diff", "--cached", "--name-only")
    scratch.git.run("commit", "--quiet", "--message=A step")
    push, *_ = commands_in(asked(capsys, ["run", path])[1].partition("origin has not")[2])
    assert is_of(push, "git push X X") == (where == "below")
    typed(capsys, push)
    assert Git(scratch.remote).text("show", "main:my step.sh") == "#!/bin/sh"


def test_a_mission_begins_in_another_folder(
    tmp_path: Path, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`status` names `init`, and that what comes next: all of it can be typed from here."""
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "home"))
    there = tmp_path / "my project"
    there.mkdir()
    Git(there).run("init", "--quiet", "--initial-branch=main")
    for key, value in (("name", "Ann"), ("email", "ann@example.org")):
        Git(there).run("config", f"user.{key}", value)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    (begin,) = commands_in(asked(capsys, ["status", "../my project"])[1])
    said = typed(capsys, f"{begin} --yes")
    lines = [line.strip() for line in said.partition("Next:")[2].splitlines()]
    (check,) = commands_in(said.partition("Next:")[2])
    typed(capsys, check)
    for line in lines:
        found = re.match(r"(?:\d\. )?((?:git -C|mission run) .*?)(?:   .*)?$", line)
        if found is not None and "carries it out" not in line:
            typed(capsys, found[1])
    assert Git(there).text("ls-files") == "TASKS.md\nmission.yaml"


def test_what_agents_are_told_to_look_at(scratch: Scratch, capsys: Capsys) -> None:
    """In their briefs: after a session that cannot go on, and before a review."""
    looks = commands_in(sessions._ANEW)
    assert looks == ["git log", "git status", "git diff"]
    head = scratch.git.text("rev-parse", "HEAD")
    scratch.git.run("commit", "--quiet", "--allow-empty", "--message=Done")
    told = review._change("", head, scratch.git.text("rev-parse", "HEAD"))
    (change,) = commands_in(told)
    assert is_of(change, "git diff X X")
    # The server of tools ends as nobody talks to it any more.
    for command in (*looks, change, "mission mcp"):
        typed(capsys, command, folder=scratch.top)


@requires("openssl")
def test_who_may_read_a_gateway(
    tmp_path: Path, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mission.config.json").write_text('{"tier": "standalone"}')
    serve = ["gateway", "serve", "--host", "0.0.0.0"]  # noqa: S104 - it is refused
    (add,) = commands_in(asked(capsys, serve)[1])
    typed(capsys, add)
    assert "without TLS" in asked(capsys, serve)[1]
    typed(capsys, "mission gateway token revoke reader")
    # What it says as it starts, and answers only this user.
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(
            "tiers.gateway.serve.serve", lambda *_, on_ready, **__: on_ready("http://x", True)
        )
        (add,) = commands_in(asked(capsys, ["gateway", "serve"])[1])
    typed(capsys, add)


def test_what_notifications_name(
    tmp_path: Path, scratch: Scratch, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message names the command behind it; one who is told no more of it has another one."""
    monkeypatch.chdir(scratch.top)
    told = tmp_path / "told"
    writes = [sys.executable, "-S", "-c", f"open({str(told)!r}, 'w').write('told')"]
    receiver = {"type": "command", "name": "desk", "run": writes}
    with scratch.task_file.with_name("mission.yaml").open("a") as config:
        config.write(f"notify: {json.dumps({'to': [receiver]})}\n")
    typed(capsys, "mission notify test")
    assert told.read_text() == "told"
    assert "M1" in typed(capsys, "mission report")
    typed(capsys, "mission forecast")
    with on_terminal("notify", "watch", folder=scratch.top) as terminal:
        terminal.wait_for("Ctrl-C ends it")
        terminal.type(CTRL_C)
        assert terminal.end() == 130
