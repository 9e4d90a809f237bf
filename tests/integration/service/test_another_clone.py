"""A run that lives in another clone of the same remote: seen and asked from here."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from cli import status
from errors import ClaimHeldError, RequestLeftError
from gates.pause import PauseFiles
from mission.clock import utc_now
from mission.elsewhere import Claimed, read_elsewhere
from mission.journal.kinds import LetterAnswered, LetterCame
from mission.letter import Letter, letter_bytes
from mission.place import Place
from orchestrator.letters.there import Asking
from orchestrator.run_end import RunEnd
from service import posting
from service.builder import Standings
from service.standing import Standing
from tests.command import run
from tests.scratch import Scratch, make, row
from workspace.git import Git
from workspace.process import Stop

# B says that it has begun, and works until it is told to end.
WORKER = """
import os, pathlib
task = os.environ["MISSION_TASK"]
if task == "C" and os.environ["MISSION_ATTEMPT"] == "1":
    raise SystemExit(1)
if task == "B":
    pathlib.Path({begun!r}).write_text("begun")
    pathlib.Path({goes_on!r}).read_text()
pathlib.Path(task + ".txt").write_text("work of " + task)
"""


class Runs:
    """Runs on threads, which end with the test."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool
        self.stop = Stop()

    def begin(self, scratch: Scratch) -> Future[RunEnd]:
        return self._pool.submit(scratch.run, stop=self.stop)


@pytest.fixture
def runs() -> Iterator[Runs]:
    with ThreadPoolExecutor(1) as threads:
        made = Runs(threads)
        yield made
        made.stop.request("the test is over")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "_POLL", 0.2)


def pipe(path: Path) -> Path:
    os.mkfifo(path)
    return path


def mission(folder: Path, *rows: str, **config: object) -> tuple[Scratch, Path, Path]:
    """A mission of A, which waits for a person, and B, with the pipes by which B talks."""
    begun, goes_on = pipe(folder / "begun"), pipe(folder / "goes_on")
    worker = WORKER.format(begun=str(begun), goes_on=str(goes_on))
    settings = {"qa": [{"match": {"id": "A"}}], "requests": {"look": "0.2s"}, **config}
    return make(folder, [row("A"), row("B"), *rows], worker=worker, config=settings), begun, goes_on


def clone(scratch: Scratch, folder: Path) -> Scratch:
    """Another person's clone of the remote."""
    subprocess.run(["git", "clone", "--quiet", scratch.remote, folder], check=True)
    other = Scratch(top=folder, remote=scratch.remote)
    other.git.run("config", "user.name", "Ann Lee")
    other.git.run("config", "user.email", "ann@example.org")
    return other


def standing_once(scratch: Scratch, holds: Callable[[Standing], bool]) -> Standing:
    """The first standing of which it holds."""
    stop = Stop()
    for standing in Standings(Place.find(str(scratch.task_file))).follow(over=stop.wait):
        if holds(standing):
            return standing
    raise AssertionError("it never held")


def there_once(scratch: Scratch, task: str, status: str) -> None:
    """Return once another clone shows the row so."""
    place, stop = Place.find(str(scratch.task_file)), Stop()
    while True:
        found = posting.look_there(place)
        row = None if found is None else found.row(task)
        if row is not None and row.status == status:
            return
        stop.wait(0.1)


def statuses(standing: Standing) -> dict[str, str]:
    return {view.task.id: view.task.status for view in standing.overview.tasks}


def refs(scratch: Scratch) -> list[str]:
    """The runner's own on the remote, without the names of missions."""
    listed = Git(scratch.remote).text("for-each-ref", "--format=%(refname)", "refs/mission-runner")
    return [line.split("/", 3)[3] for line in listed.split("\n") if line]


def test_a_run_is_seen_and_asked_from_another_clone(
    tmp_path: Path, runs: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    scratch, begun, _ = mission(tmp_path)
    there = clone(scratch, tmp_path / "there")
    path = str(there.task_file)
    going: Future[RunEnd] = runs.begin(scratch)
    assert begun.read_text() == "begun"
    standing_once(scratch, lambda now: statuses(now)["A"] == "needs-qa")
    # Whoever is refused has looked.
    with pytest.raises(ClaimHeldError, match="Orchestrator"):
        there.run()
    assert json.loads(run(capsys, "status", path, "--json"))["elsewhere"]["run"]["pid"]
    there_once(there, "A", "needs-qa")

    seen = json.loads(run(capsys, "status", path, "--json", "--fetch"))
    assert seen["elsewhere"]["run"]["who"].startswith("Orchestrator")
    assert {one["task"]: one["status"] for one in seen["elsewhere"]["rows"]}["B"] == "in-progress"

    assert "A is" in run(capsys, "approve", path, "--all", "--note", "looks good")
    standing_once(scratch, lambda now: statuses(now)["A"] == "done")
    page = run(capsys, "status", path, "--fetch")
    assert "carries it out in another clone" in page
    assert "B  in-progress" in page
    assert "approve by Ann Lee <ann@example.org>: A is" in page

    # The run says no in the same words as to somebody beside it.
    refused = run(capsys, "approve", path, "A", code=1)
    assert "approve is for rows that are needs-qa" in refused
    assert "paused" in run(capsys, "pause", path, "--reason", "lunch")
    pauses = PauseFiles.of(
        state_dir=Place.find(str(scratch.task_file)).state_dir, folder=scratch.task_file.parent
    )
    paused = pauses.read()
    assert paused is not None
    assert (paused.by, paused.reason) == ("Ann Lee <ann@example.org>", "lunch")
    run(capsys, "unpause", path)
    assert pauses.read() is None
    assert "at most 7 rows" in run(capsys, "limit", path, "7")
    standing_once(scratch, lambda now: now.run is not None and now.run.slots == 7)
    assert "at most 6 rows" in run(capsys, "limit", str(scratch.task_file), "6")
    standing_once(scratch, lambda now: now.run is not None and now.run.slots == 6)
    assert ", at most 6 at" in run(capsys, "status", str(scratch.task_file)).replace("\n", " ")
    assert "B is blocked: [mission: stopped by Ann Lee;" in run(capsys, "stop", path, "B")

    end = going.result(timeout=60)
    assert end.blocked == ("B",)
    # Nobody carries it out any more: who asks becomes the writer.
    assert "B is not-started." in run(capsys, "unblock", path, "B")
    assert json.loads(run(capsys, "status", path, "--json"))["elsewhere"] is None
    assert refs(scratch) == ["claim"]
    with scratch.journal() as journal:
        came = [event.what for event in journal.events(LetterCame)]
        assert {one.by for one in came} == {"Ann Lee <ann@example.org>"}
        assert len(journal.events(LetterAnswered)) == 6
        assert [one.note for one in journal.requests("A")] == ["looks good", None]
    # Nothing of it is to be seen by whoever looks at their repository.
    for one in (scratch, there):
        listed = one.git.text("for-each-ref")
        assert "requests/" not in listed
        assert "/claim" not in listed
        assert "request" not in one.git.text("log", "--all", "--format=%s")


REFUSES_HIDDEN = """#!/bin/sh
while read old new ref; do
  case "$ref" in refs/mission-runner/*) exit 1;; esac
done
"""


@pytest.mark.parametrize("hidden", [True, False], ids=["refs", "branches"])
def test_whatever_a_person_may_do_to_a_row_works_from_another_clone(
    tmp_path: Path, runs: Runs, capsys: pytest.CaptureFixture[str], hidden: bool
) -> None:
    """... and where the remote takes branches alone."""
    once_only = {"tasks": {"C": {"max_attempts": 1}}}
    scratch, begun, _ = mission(tmp_path, row("C"), **once_only)
    if not hidden:
        hook = scratch.remote / "hooks" / "pre-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(REFUSES_HIDDEN)
        hook.chmod(0o755)
    there = clone(scratch, tmp_path / "there")
    path = str(there.task_file)
    going: Future[RunEnd] = runs.begin(scratch)
    assert begun.read_text() == "begun"

    def once(status: str, task: str = "A") -> None:
        standing_once(scratch, lambda now: statuses(now)[task] == status)

    once("needs-qa")
    run(capsys, "reject", path, "A", "--note", "shorter")
    once("needs-qa")  # by a second attempt
    assert "A is blocked" in run(capsys, "set", path, "A", "blocked")
    run(capsys, "unblock", path, "A")
    once("needs-qa")
    once("failed", "C")
    run(capsys, "retry", path, "C")
    once("done", "C")
    run(capsys, "approve", path, "A")
    once("done")
    run(capsys, "stop", path, "B")
    assert going.result(timeout=60).blocked == ("B",)
    with scratch.journal() as journal:
        asked = journal.requests("A")
        assert [one.kind for one in asked] == [*("reject", "set", "unblock", "approve")]
        asked += journal.requests("C")
        assert asked[-1].kind == "retry"
        assert {(one.by, one.error) for one in asked} == {("Ann Lee <ann@example.org>", None)}
        assert len(journal.events(LetterAnswered)) == 6
    if not hidden:
        assert refs(scratch) == []


def test_what_was_left_while_no_run_lived_is_applied_when_one_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [row("A", status="done", notes="a word"), row("B", status="blocked")]
    scratch = make(tmp_path, rows, config={"status": {"commit": "never"}})
    key = Place.find(str(scratch.task_file)).state_dir.name
    made = Letter(id="a" * 32, mission=key, kind="unblock", tasks=("B",), at=utc_now(), note=None)
    push(scratch, key, "a" * 32, {"request.json": letter_bytes(made)})
    push(scratch, key, "b" * 32, {"request.json": b"{"})
    push(scratch, key, "c" * 32, {"request.json": letter_bytes(made), "more": b""})
    noted = replace(made, id="d" * 32, kind="set", tasks=("A",), status="blocked")
    push(scratch, key, "d" * 32, {"request.json": letter_bytes(noted)})
    # What a person wrote here and did not push, and what was journalled before it was a secret.
    with scratch.journal() as journal:
        old = journal.submit_request("approve", "A", by="ann", note="open-sesame-open-sesame")
        journal.finish_request(old)
    monkeypatch.setenv("SOME_TOKEN", "open-sesame-open-sesame")
    scratch.edit("a word", "open-sesame-open-sesame")
    assert scratch.run().exit_code == 0
    shown = Git(scratch.remote).text("log", "--patch", f"refs/mission-runner/{key}/claim")
    assert "[secret]" in shown
    assert "sesame" not in shown
    assert scratch.statuses()["B"] == "done"
    assert refs(scratch) == ["claim"]
    with scratch.journal() as journal:
        told = {one.what.letter[0]: one.what.answer for one in journal.events(LetterAnswered)}
    assert "cannot be read" in told["b"]
    assert "request.json alone" in told["c"]
    # The same commit, pushed once more, is none that asks again.
    push(scratch, key, "a" * 32, {"request.json": letter_bytes(made)})
    scratch.edit("| B | done |", "| B | blocked |")
    scratch.run()
    with scratch.journal() as journal:
        assert len(journal.requests("B")) == 1


def test_status_asks_by_itself_once_what_is_known_is_old(
    tmp_path: Path,
    runs: Runs,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scratch, begun, _ = mission(tmp_path, status={"fetch": "60s"})
    there = clone(scratch, tmp_path / "there")
    place = Place.find(str(there.task_file))

    def elsewhere(age: int) -> object:
        """The run's process by plain `mission status`, so many seconds after the last look."""
        known = read_elsewhere(place)
        now = utc_now() if known is None else known.looked + timedelta(seconds=age)
        monkeypatch.setattr(status, "utc_now", lambda: now)
        told = json.loads(run(capsys, "status", str(there.task_file), "--json"))["elsewhere"]
        return None if told is None else told["run"]["pid"]

    assert elsewhere(0) is None  # nobody had looked: it asks, and nobody is at work
    runs.begin(scratch)
    assert begun.read_text() == "begun"
    assert elsewhere(59) is None
    assert elsewhere(61) == os.getpid()


def push(scratch: Scratch, key: str, letter: str, files: dict[str, bytes]) -> None:
    """Push a commit as somebody might make it by hand."""
    git = scratch.git
    blobs = {
        name: git.run("hash-object", "-w", "--stdin", input=raw or b"x").text
        for name, raw in files.items()
    }
    lines = "".join(f"100644 blob {oid}\t{name}\n" for name, oid in blobs.items())
    commit = git.text("commit-tree", "-m", "x", git.run("mktree", input=lines).text)
    git.run("push", "--quiet", "origin", f"{commit}:refs/mission-runner/{key}/requests/{letter}")


def test_a_request_that_nobody_answers_is_left_there(
    tmp_path: Path,
    runs: Runs,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scratch, begun, goes_on = mission(tmp_path, requests={"look": "1h"})
    there = clone(scratch, tmp_path / "there")
    going = runs.begin(scratch)
    begun.read_text()
    standing_once(scratch, lambda now: statuses(now)["A"] == "needs-qa")
    monkeypatch.setattr(posting, "PATIENCE", timedelta())
    told = run(capsys, "approve", str(there.task_file), "A", code=75)
    assert "the request is left there" in told
    assert len(refs(scratch)) == 2
    away = scratch.remote.with_name("away")
    place, asking = Place.find(str(there.task_file)), Asking(kind="approve", tasks=("A",))

    def lose(_: Claimed) -> None:
        scratch.remote.rename(away)

    with pytest.raises(RequestLeftError, match=r"ls-remote.*; the request is left there"):
        posting.ask_there(place, asking, stop=Stop(), on_left=lose)
    away.rename(scratch.remote)
    assert len(refs(scratch)) == 3
    goes_on.write_text("on")
    assert going.result(timeout=60).needs_qa == ("A",)
    # Who ends while a request waits answers those that it has taken in; this one it never saw.
