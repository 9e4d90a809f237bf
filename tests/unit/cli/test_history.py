"""`mission history`."""

from __future__ import annotations

import json
import re

import pytest

from mission.journal import End, Journal, Step
from mission.journal.kinds import (
    GateAnswered,
    MergeAwaited,
    Other,
    Pushed,
    RowWaits,
    StatusSet,
    Verified,
)
from mission.place import Place
from tests.command import run


@pytest.fixture
def lived(place: Place) -> Place:
    with Journal.open(place.journal_file) as journal:
        run = journal.start_run(mission="M", host="here", pid=1, pid_started=1)
        for task, agent in (("A-1", "codex"), ("A-2", "sonnet")):
            attempt = journal.start_attempt(
                run=run,
                task=task,
                agent=agent,
                branch=f"feat/{task}",
                base_commit="b",
                worktree="/w",
                log="/logs/1.log",
                route="named in the row",
            )
            answered = GateAnswered(gate="guard", purpose="push", state="clear")
            journal.record(answered, run=run, task=task, attempt=attempt.id)
        status = StatusSet(old="not-started", new="in-progress", by="runner", reason="")
        journal.record(status, task="A-2")
        theirs = Other(kind="theirs", data={"commit": "b" * 40, "files": ["a", "b"], "why": ""})
        journal.record(theirs, task="A-2")
        journal.end_attempt(attempt.id, End.FAILED, "tests\x1b[2J fail", input_tokens=4200)
        journal.submit_request("retry", "A-2", by="ann@here")
        journal.advance_attempt(1, Step.ANSWERED)
        journal.advance_attempt(1, Step.WORKED)
    return place


def test_without_a_journal_nothing_has_happened(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, "history", str(place.task_file)) == ""
    assert not place.state_dir.exists()


def test_a_task_that_never_was_is_refused_and_one_that_is_gone_is_not(
    lived: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, "history", str(lived.task_file), "A-3") == ""
    assert "no task 'A-9'" in run(capsys, "history", str(lived.task_file), "A-9", code=2)
    lived.task_file.write_text("# All gone")
    assert "sonnet" in run(capsys, "history", str(lived.task_file), "A-2")


def test_attempts_of_all_tasks(lived: Place, capsys: pytest.CaptureFixture[str]) -> None:
    out = run(capsys, "history", str(lived.task_file))
    head, first, second, *_ = out.splitlines()
    assert head.split() == ["STARTED", "TASK", "TRY", "AGENT", "OUTCOME", "TOOK"]
    assert first.split()[2:6] == ["A-1", "1", "codex", "(worked)"]
    assert "failed" in second
    assert "tests\\x1b[2J" in out
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 80


def test_everything_about_one_task(lived: Place, capsys: pytest.CaptureFixture[str]) -> None:
    out = run(capsys, "history", str(lived.task_file), "A-2")
    assert "sonnet (named in the row) feat/A-2" in out
    assert "guard: clear for the push" in out
    assert "not-started → in-progress, by runner" in " ".join(out.split())
    assert "theirs commit bbbbbbbbbb, files a b" in " ".join(out.split())
    assert "4.2K tokens" in out
    assert "A-1" not in out


def test_the_kinds_that_people_read_most_are_told_in_words(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    with Journal.open(place.journal_file) as journal:
        answered = GateAnswered(
            gate="guard", state="clear", purpose="push", commit="c" * 40, detail="idle"
        )
        journal.record(answered, task="A-1")
        red = Verified(step="tests", ok=False, exit_code=1, tree="t")
        journal.record(red, task="A-1")
        number = journal.submit_request("retry", "A-1", by="ann@here")
        journal.finish_request(number, "done")
        rest = RowWaits(on="provider", why="glm takes no work", who="glm", until="2026-01-01")
        journal.record(rest, task="A-1")
        journal.record(RowWaits(on=""), task="A-1")
        journal.record(MergeAwaited(branch="feat/1"), task="A-1")
        journal.record(Other(kind="other", data={"gate": "guard"}), task="A-1")
    lines = run(capsys, "history", str(place.task_file), "A-1").splitlines()[1:]
    assert [" ".join(line.split()[2:]) for line in lines] == [
        "gate guard: clear for the push, detail idle",
        "verify tests: failed, exit_code 1",
        "request retry by ann@here (request 1), error done",
        "waits glm takes no work, until 2026-01-01",
        "waits no more",
        "queued its turn to merge",
        "other gate guard",
    ]


def test_a_gate_that_is_asked_again_and_again_is_told_once(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    with Journal.open(place.journal_file) as journal:
        for state in ("busy", "busy", "busy", "clear"):
            for gate, said in (("pause", "clear"), ("guard", state)):
                answered = GateAnswered(gate=gate, state=said, purpose="push")
                journal.record(answered, task="A-1")
        journal.record(Pushed(branch="feat/1", commit="c" * 40), task="A-1")
        last = GateAnswered(gate="guard", state="clear", purpose="merge")
        journal.record(last, task="A-1")
    lines = run(capsys, "history", str(place.task_file), "A-1").splitlines()[1:]
    told = [re.sub(r" until [\d:]+", "", " ".join(line.split()[2:])) for line in lines]
    assert told == [
        "gate pause: clear for the push, 4×",
        "gate guard: busy for the push, 3×",
        "gate guard: clear for the push",
        "push branch feat/1, commit cccccccccc",
        "gate guard: clear for the merge",
    ]


def test_json_holds_runs_attempts_and_events(
    lived: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    told = json.loads(run(capsys, "history", str(lived.task_file), "A-2", "--json"))
    assert told["mission"] == "trial"
    assert told["task"] == "A-2"
    assert [attempt["agent"] for attempt in told["attempts"]] == ["sonnet"]
    assert told["attempts"][0]["reason"] == "tests\x1b[2J fail"
    assert [event["kind"] for event in told["events"]] == ["gate", "status", "theirs"]
    assert told["runs"][0]["host"] == "here"
