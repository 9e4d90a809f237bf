"""What must hold when people, remotes and other orchestrators get in the way of a run."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from watchfiles import Change, watch

from errors import MissionError, RowConflictError, TaskFileError
from mission.journal.kinds import WillConflict
from orchestrator.ports.display import Progress, RecordingDisplay
from tests.scratch import Scratch, make, row
from workspace.git import Git
from workspace.process import Stop

# Waits in its worktree until a file appears, so that a test can act while a row is under way.
WAITS = """
import os, pathlib, time
task = os.environ["MISSION_TASK"]
marks = pathlib.Path({marks!r})
(marks / f"started-{{task}}").touch()
while not (marks / "go").exists():
    time.sleep(0.01)
pathlib.Path(f"{{task}}.txt").write_text(task)
"""


def started(marks: Path, task: str) -> None:
    """Wait until the agent of `task` runs."""
    if (marks / f"started-{task}").exists():
        return
    for _ in watch(marks, raise_interrupt=False, rust_timeout=100, yield_on_timeout=True):
        if (marks / f"started-{task}").exists():
            return


def under_way(scratch: Scratch, marks: Path, task: str) -> None:
    """Wait until the agent of `task` runs, and the file says so: it follows the run."""
    started(marks, task)
    folder = scratch.task_file.parent
    for _ in watch(folder, raise_interrupt=False, rust_timeout=50, yield_on_timeout=True):
        if scratch.statuses()[task] == "in-progress":
            return


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    folder = tmp_path / "marks"
    folder.mkdir()
    return folder


def test_two_orchestrators_one_works_and_one_leaves(tmp_path: Path, marks: Path) -> None:
    scratch = make(tmp_path, [row("A")], worker=WAITS.format(marks=str(marks)))
    command = [sys.executable, "-m", "tests.crash.runner", str(scratch.task_file)]
    root = Path(__file__).parents[3]
    with subprocess.Popen(command, cwd=root, stderr=subprocess.DEVNULL) as first:
        started(marks, "A")
        second = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        assert second.returncode != 0
        assert f"held by process {first.pid}" in second.stderr
        (marks / "go").touch()
        assert first.wait() == 0
    assert scratch.merged() == ["A"]


def test_a_row_set_by_hand_while_it_is_under_way_stops_the_run(tmp_path: Path, marks: Path) -> None:
    scratch = make(tmp_path, [row("A")], worker=WAITS.format(marks=str(marks)))
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(scratch.run)
        under_way(scratch, marks, "A")
        scratch.edit("| in-progress |", "| blocked |")
        with pytest.raises(
            RowConflictError, match="A is under way, but its row was set to blocked"
        ):
            running.result()
    assert scratch.statuses() == {"A": "blocked"}
    assert scratch.merged() == []


def test_a_note_written_by_hand_while_a_row_is_under_way_is_kept(
    tmp_path: Path, marks: Path
) -> None:
    scratch = make(tmp_path, [row("A", notes="old")], worker=WAITS.format(marks=str(marks)))
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(scratch.run)
        under_way(scratch, marks, "A")
        scratch.edit("| old |", "| a person's word |")
        (marks / "go").touch()
        assert running.result().exit_code == 0
    assert scratch.notes("A").startswith("a person's word [mission: merged as")


def test_a_request_during_a_run_is_applied_by_the_run(tmp_path: Path, marks: Path) -> None:
    rows = [row("A"), row("B", status="failed", agent="other")]
    scratch = make(tmp_path, rows, worker=WAITS.format(marks=str(marks)))
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(scratch.run)
        started(marks, "A")
        with scratch.journal() as journal:
            asked = journal.submit_request("retry", "B", by="person")
        wake = next(scratch.top.glob(".git/mission-runner/*/journal.sqlite")).parent / "wake"
        wake.touch()
        started(marks, "B")
        (marks / "go").touch()
        assert running.result().exit_code == 0
    with scratch.journal() as journal:
        assert journal.request(asked).error is None
    assert scratch.statuses() == {"A": "done", "B": "done"}


def test_a_base_that_moves_before_the_merge_is_merged_on_and_verified_again(
    tmp_path: Path,
) -> None:
    other = tmp_path / "other"
    verified = tmp_path / "verified.txt"
    step = {
        "name": "count",
        "run": [
            sys.executable,
            "-S",
            "-c",
            "import os, sys; open(sys.argv[1], 'a').write(','.join(os.listdir('.')) + '\\n')",
            str(verified),
        ],
    }
    # The gate stands in for a person who pushes to the base just before the merge.
    pusher = tmp_path / "pusher.py"
    pusher.write_text(
        "import pathlib, subprocess, sys\n"
        f"other, remote = pathlib.Path({str(other)!r}), {str(tmp_path / 'remote.git')!r}\n"
        "if sys.argv[1] == 'merge' and not other.exists():\n"
        "    subprocess.run(['git', 'clone', '-q', remote, str(other)], check=True)\n"
        "    (other / 'theirs.txt').write_text('theirs')\n"
        "    git = ['git', '-C', str(other), '-c', 'user.name=P', '-c', 'user.email=p@x.invalid']\n"
        "    subprocess.run([*git, 'add', '.'], check=True)\n"
        "    subprocess.run([*git, 'commit', '-qm', 'theirs'], check=True)\n"
        "    subprocess.run([*git, 'push', '-q'], check=True)\n"
    )
    gate = {"type": "script", "run": [sys.executable, "-S", str(pusher), "{purpose}"]}
    scratch = make(tmp_path, [row("A")], config={"verify": [step], "gates": [gate]})
    assert scratch.run().exit_code == 0
    assert scratch.merged() == ["A"]
    looked_at = verified.read_text().splitlines()
    assert len(looked_at) == 2
    assert "theirs.txt" not in looked_at[0]
    assert {"A.txt", "theirs.txt"} <= set(looked_at[1].split(","))
    assert (scratch.top / "theirs.txt").exists()


def test_what_the_merge_breaks_is_found_on_the_squashed_result(tmp_path: Path) -> None:
    code = "import os; raise SystemExit(os.path.exists('A.txt') and os.path.exists('B.txt'))"
    step = {"name": "not both", "run": [sys.executable, "-S", "-c", code]}
    scratch = make(tmp_path, [row("A"), row("B")], config={"verify": [step]})
    end = scratch.run()
    assert len(end.failed) == 1
    assert len(scratch.merged()) == 1


def test_branches_that_will_conflict_are_told_apart_before_they_do(
    tmp_path: Path, marks: Path
) -> None:
    worker = WAITS.format(marks=str(marks)).replace('f"{task}.txt"', '"same.txt"')
    scratch = make(tmp_path, [row("A"), row("B")], worker=worker)
    display = RecordingDisplay()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(lambda: scratch.run(display=display))
        started(marks, "A")
        started(marks, "B")
        (marks / "go").touch()
        running.result()
    with scratch.journal() as journal:
        warnings = journal.events(WillConflict)
        attempts = {attempt.task: attempt for attempt in journal.attempts()}
    # Whoever finished first was merged or still live when the other one was looked at.
    assert attempts.keys() == {"A", "B"}
    assert all(event.what.files == ("same.txt",) for event in warnings)


def test_status_is_published_after_each_change_where_asked(tmp_path: Path) -> None:
    config: dict[str, object] = {"status": {"commit": "each"}}
    scratch = make(tmp_path, [row("A"), row("B", after="A")], config=config)
    assert scratch.run().exit_code == 0
    commits = Git(scratch.remote).text("log", "--format=%s", "main", "--", "plan/TASKS.md")
    assert commits.count("Update the status") >= 2
    assert "| B | done |" in Git(scratch.remote).text("show", "main:plan/TASKS.md")


class Stepping(RecordingDisplay):
    """Says when the loop has looked at everything once."""

    def __init__(self) -> None:
        super().__init__()
        self.looked = threading.Event()

    def progress(self, progress: Progress) -> None:
        super().progress(progress)
        self.looked.set()


def test_a_paused_mission_dispatches_nothing_until_it_goes_on(tmp_path: Path) -> None:
    scratch = make(tmp_path, [row("A")])
    paused = scratch.task_file.parent / "PAUSED"
    paused.touch()
    with ThreadPoolExecutor(1) as pool:
        display = Stepping()
        running = pool.submit(lambda: scratch.run(display=display))
        running.add_done_callback(lambda _: display.looked.set())
        display.looked.wait()
        assert not running.done()
        assert scratch.statuses() == {"A": "not-started"}
        paused.unlink()
        assert running.result().exit_code == 0
    assert scratch.statuses() == {"A": "done"}


class Unpausing(RecordingDisplay):
    """Ends the pause on the loop's own thread: after it looked for rows, before it sleeps."""

    def __init__(self, paused: Path) -> None:
        super().__init__()
        self._paused = paused

    def progress(self, progress: Progress) -> None:
        super().progress(progress)
        self._paused.unlink(missing_ok=True)


def test_a_pause_that_ends_just_before_the_loop_sleeps_does_not_end_the_run(tmp_path: Path) -> None:
    scratch = make(tmp_path, [row("A")])
    paused = scratch.task_file.parent / "PAUSED"
    paused.touch()
    assert scratch.run(display=Unpausing(paused)).exit_code == 0
    assert scratch.statuses() == {"A": "done"}


def test_what_happened_before_the_watch_was_on_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = make(tmp_path, [row("A"), row("B", status="failed")])
    paused = scratch.task_file.parent / "PAUSED"
    paused.touch()
    display = Stepping()

    def late(*folders: Path, **options: Any) -> Iterator[set[tuple[Change, str]]]:
        display.looked.wait()
        with scratch.journal() as journal:
            journal.submit_request("retry", "B", by="person")
        paused.unlink()
        yield from watch(*folders, **options)

    monkeypatch.setattr("orchestrator.loop.watch.watch", late)
    assert scratch.run(display=display).exit_code == 0
    assert scratch.statuses() == {"A": "done", "B": "done"}


@pytest.mark.parametrize(
    "branch",
    ["-rf", "feat/$(touch pwned)", "../../escape", "feat/;touch pwned", "a..b", "main", "HEAD"],
)
def test_hostile_branch_names_reach_no_shell_and_no_git(tmp_path: Path, branch: str) -> None:
    scratch = make(tmp_path, [row("A", branch=branch), row("B")])
    outcome = run_or_refuse(scratch)
    assert scratch.statuses()["A"] in ("not-started", "blocked", "done")
    assert not list(tmp_path.rglob("pwned"))
    assert Git(scratch.remote).text("rev-parse", "main")
    assert outcome


def test_hostile_cells_are_data(tmp_path: Path) -> None:
    hostile = "`;touch pwned` $(touch pwned) '\"; --upload-pack=x ../../x " + "x" * 1_000_000
    line = f"| A | not-started | {hostile} | — | worker | feat/a | — | 1K | {hostile} |\n"
    scratch = make(tmp_path, [line])
    assert scratch.run().exit_code == 0
    assert not list(tmp_path.rglob("pwned"))
    assert scratch.notes("A").startswith(hostile[:100])
    subject = Git(scratch.remote).text("log", "-1", "--format=%s", "main~1")
    assert len(subject) < 100


def run_or_refuse(scratch: Scratch) -> str:
    """How the run ended: refused because of the plan's errors, or with its counts."""
    try:
        return str(scratch.run(stop=Stop()).counts)
    except MissionError as error:
        return error.message


def test_a_task_file_that_goes_away_stops_the_run_and_loses_nothing(
    tmp_path: Path, marks: Path
) -> None:
    scratch = make(tmp_path, [row("A")], worker=WAITS.format(marks=str(marks)))
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(scratch.run)
        under_way(scratch, marks, "A")
        aside = scratch.task_file.rename(tmp_path / "aside.md")
        with pytest.raises(TaskFileError):
            running.result()
    aside.rename(scratch.task_file)
    (marks / "go").touch()
    assert scratch.run().exit_code == 0
    assert scratch.merged() == ["A"]


def test_ignored_files_that_an_agent_left_vouch_for_nothing(tmp_path: Path) -> None:
    worker = (
        "import pathlib\n"
        "pathlib.Path('.gitignore').write_text('built\\n')\n"
        "pathlib.Path('built').write_text('what the step looks for')\n"
        "pathlib.Path('work.txt').write_text('work')\n"
    )
    code = "import os; raise SystemExit(not os.path.exists('built'))"
    step = {"name": "looks", "run": [sys.executable, "-S", "-c", code]}
    scratch = make(tmp_path, [row("A")], worker=worker, config={"verify": [step]})
    assert scratch.run().failed == ("A",)
    assert scratch.merged() == []
