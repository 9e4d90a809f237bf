"""A mission from its first row to its last, with real git and real processes."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from watchfiles import watch

from errors import WriterBusyError
from mission.place import Place
from orchestrator.ports.display import RecordingDisplay
from orchestrator.run import apply_requests
from tasks_md.writer import StatusWriter
from tests.scratch import Scratch, make, row
from workspace.git import Git
from workspace.process import Stop

SAME_FILE = "import os, pathlib; pathlib.Path('same.txt').write_text(os.environ['MISSION_TASK'])"


def test_rows_are_merged_in_dependency_order(tmp_path: Path) -> None:
    scratch = make(
        tmp_path, [row("A"), row("B", after="A"), row("C", after="A"), row("D", after="B, C")]
    )
    end = scratch.run()
    assert end.exit_code == 0
    assert scratch.statuses() == dict.fromkeys("ABCD", "done")
    merged = scratch.merged()
    assert sorted(merged) == ["A", "B", "C", "D"]
    assert merged[0] == "A"
    assert merged[-1] == "D"


def test_the_checkout_follows_and_status_is_pushed(tmp_path: Path) -> None:
    scratch = make(tmp_path, [row("A")])
    scratch.run()
    assert (scratch.top / "A.txt").read_text() == "work of A\n"
    assert scratch.git.text("status", "--porcelain") == ""
    assert scratch.git.commit("main") == Git(scratch.remote).commit("main")
    on_remote = Git(scratch.remote).text("show", "main:plan/TASKS.md")
    assert "| A | done |" in on_remote


def test_a_second_run_finds_nothing_to_do(tmp_path: Path) -> None:
    scratch = make(tmp_path, [row("A")])
    scratch.run()
    tip = Git(scratch.remote).commit("main")
    assert scratch.run().exit_code == 0
    assert Git(scratch.remote).commit("main") == tip


def test_what_the_agent_says_is_no_proof(tmp_path: Path) -> None:
    worker = 'print(\'{"outcome": "success", "summary": "all done"}\')'
    scratch = make(tmp_path, [row("A"), row("B", after="A")], worker=worker)
    end = scratch.run()
    assert end.exit_code == 1
    assert scratch.statuses() == {"A": "failed", "B": "not-started"}
    assert "changed no file" in scratch.notes("A")
    assert end.waiting == {"B": ("A",)}


def test_a_branch_that_touches_the_task_file_does_not_merge(tmp_path: Path) -> None:
    worker = "import pathlib\np = pathlib.Path('plan/TASKS.md')\n"
    worker += "p.write_text(p.read_text().replace('not-started', 'done'))"
    scratch = make(tmp_path, [row("A")], worker=worker)
    assert scratch.run().blocked == ("A",)
    assert scratch.merged() == []
    assert "only the runner may write" in scratch.notes("A")
    with scratch.journal() as journal:
        assert len(journal.attempts("A")) == 2  # it was told once


def test_an_agent_that_is_told_to_leave_the_task_file_delivers_its_work(tmp_path: Path) -> None:
    worker = (
        "import pathlib, sys\n"
        "p = pathlib.Path('plan/TASKS.md')\n"
        "pathlib.Path('work.txt').write_text('work')\n"
        "if 'only the runner may write' not in sys.stdin.read():\n"
        "    p.write_text(p.read_text().replace('not-started', 'done'))\n"
    )
    scratch = make(tmp_path, [row("A"), row("B", after="A", status="blocked")], worker=worker)
    assert scratch.run().counts == {"done": 1, "blocked": 1}
    assert scratch.merged() == ["A"]


def test_a_failing_verify_step_stops_the_merge(tmp_path: Path) -> None:
    step = {
        "name": "check",
        "run": [sys.executable, "-S", "-c", "print('no good'); raise SystemExit(3)"],
    }
    scratch = make(tmp_path, [row("A")], config={"verify": [step]})
    scratch.run()
    assert scratch.statuses() == {"A": "failed"}
    assert "no good" in scratch.notes("A")
    assert scratch.merged() == []
    with scratch.journal() as journal:
        assert [one.outcome for one in journal.attempts("A")] == ["verification"] * 3


def test_a_red_verification_goes_back_to_its_agent_with_what_it_printed(tmp_path: Path) -> None:
    worker = (
        "import pathlib, sys\n"
        "mended = 'the door is open' in sys.stdin.read()\n"
        "pathlib.Path('door').write_text('closed' if mended else 'open')\n"
    )
    code = "import sys\nif open('door').read() == 'open': sys.exit('the door is ' + 'open')"
    step = {"name": "check", "run": [sys.executable, "-S", "-c", code]}
    scratch = make(tmp_path, [row("A")], worker=worker, config={"verify": [step]})
    assert scratch.run().exit_code == 0
    assert Git(scratch.remote).text("show", "main:door") == "closed"
    with scratch.journal() as journal:
        assert [one.outcome for one in journal.attempts("A")] == ["verification", "success"]


def test_a_gate_that_refuses_blocks_the_row(tmp_path: Path) -> None:
    gate = {
        "type": "script",
        "run": [sys.executable, "-S", "-c", "raise SystemExit(1)"],
        "timeout": "1s",
        "interval": "1s",
    }
    scratch = make(tmp_path, [row("A")], config={"gates": [gate]})
    end = scratch.run()
    assert end.blocked == ("A",)
    assert scratch.merged() == []
    assert Git(scratch.remote).commit("feat/a") is None


def test_every_push_and_merge_passes_the_gate(tmp_path: Path) -> None:
    seen = tmp_path / "seen.txt"
    code = "import sys; open(sys.argv[1], 'a').write(' '.join(sys.argv[2:]) + '\\n')"
    gate = {
        "type": "script",
        "run": [sys.executable, "-S", "-c", code, str(seen), "{purpose}", "{branch}"],
    }
    scratch = make(tmp_path, [row("A")], config={"gates": [gate]})
    assert scratch.run().exit_code == 0
    assert seen.read_text().splitlines() == ["push feat/a", "merge feat/a", "push main"]


def test_a_conflict_blocks_and_names_who_merged(tmp_path: Path) -> None:
    worker = SAME_FILE
    scratch = make(tmp_path, [row("A"), row("B")], worker=worker)
    end = scratch.run()
    statuses = scratch.statuses()
    assert sorted(statuses.values()) == ["blocked", "done"]
    blocked = end.blocked[0]
    other = "B" if blocked == "A" else "A"
    assert f"same.txt (merged by {other})" in scratch.notes(blocked)
    assert Git(scratch.remote).commit(f"feat/{blocked.lower()}") is not None


def test_a_person_s_changes_in_the_way_stay_and_only_the_checkout_waits(tmp_path: Path) -> None:
    scratch = make(tmp_path, [row("A")])
    (scratch.top / "A.txt").write_text("mine\n")
    end = scratch.run()
    assert (end.exit_code, end.stopped) == (0, "")
    assert "A.txt" in end.behind
    assert (scratch.top / "A.txt").read_text() == "mine\n"
    assert scratch.merged() == ["A"]
    (scratch.top / "A.txt").unlink()
    assert scratch.run().exit_code == 0
    assert (scratch.top / "A.txt").read_text() != "mine\n"
    with scratch.journal() as journal:
        assert len(journal.attempts("A")) == 1  # the agent did not run twice


def test_a_second_orchestrator_is_told_who_holds_the_mission(tmp_path: Path) -> None:
    scratch = make(tmp_path, [row("A")])
    lock_dir = Place.find(str(scratch.task_file)).state_dir
    with (
        StatusWriter(scratch.task_file, lock_dir=lock_dir),
        pytest.raises(WriterBusyError, match="held by"),
    ):
        scratch.run()


def test_a_row_without_a_branch_changes_nothing(tmp_path: Path) -> None:
    worker = "import pathlib; pathlib.Path('junk.txt').write_text('x'); print('looks good to me')"
    scratch = make(tmp_path, [row("A", branch="—")], worker=worker)
    assert scratch.run().exit_code == 0
    assert scratch.merged() == []
    assert "looks good to me" in scratch.notes("A")


def test_an_aggregate_row_closes_its_milestone(tmp_path: Path) -> None:
    scratch = make(tmp_path, [row("A"), row("Z", after="A", agent="—", branch="(aggregate)")])
    assert scratch.run().exit_code == 0
    assert "M1 closed" in scratch.notes("Z")


def test_an_edit_by_hand_during_the_run_is_taken_up(tmp_path: Path) -> None:
    adder = (
        "import os, pathlib\n"
        "task = os.environ['MISSION_TASK']\n"
        "pathlib.Path(f'{task}.txt').write_text(task)\n"
        f"plan = pathlib.Path({str(tmp_path / 'checkout/plan/TASKS.md')!r})\n"
        "if task == 'A':\n"
        f"    plan.write_text(plan.read_text() + {row('B')!r})\n"
    )
    scratch = make(tmp_path, [row("A")], worker=adder)
    display = RecordingDisplay()
    assert scratch.run(display=display).exit_code == 0
    assert scratch.statuses() == {"A": "done", "B": "done"}
    assert any("added B" in line for line in display.said)


def test_an_edit_pushed_by_somebody_else_is_kept(tmp_path: Path) -> None:
    scratch = make(tmp_path, [row("A"), row("B", after="A")])
    other = tmp_path / "other"
    Git(tmp_path).run("clone", "--quiet", str(scratch.remote), str(other))
    plan = other / "plan" / "TASKS.md"
    plan.write_text(plan.read_text().replace("Do B.", "Do B well."))
    Git(other).run(
        "-c", "user.name=P", "-c", "user.email=p@example.invalid", "commit", "-qam", "edit"
    )
    Git(other).run("push", "--quiet")
    assert scratch.run().exit_code == 0
    text = Git(scratch.remote).text("show", "main:plan/TASKS.md")
    assert "Do B well." in text
    assert text.count("| done |") == 2


ASKS = """
import json, os, pathlib
task = os.environ["MISSION_TASK"]
pathlib.Path(f"{task}.txt").write_text(task)
print(json.dumps({"outcome": "needs-qa", "summary": "please look"}))
"""


def test_an_approved_row_is_merged_and_a_rejected_one_starts_again(tmp_path: Path) -> None:
    scratch = make(tmp_path, [row("A"), row("B")], worker=ASKS)
    assert scratch.run().needs_qa == ("A", "B")
    assert scratch.merged() == []
    assert Git(scratch.remote).commit("feat/a") is not None
    with scratch.journal() as journal:
        approval = journal.submit_request("approve", "A", by="person")
        rejection = journal.submit_request("reject", "B", note="not like this", by="person")
    apply_requests(str(scratch.task_file), RecordingDisplay(), Stop())
    assert scratch.statuses() == {"A": "done", "B": "not-started"}
    assert scratch.merged() == ["A"]
    assert "not like this" in scratch.notes("B")
    with scratch.journal() as journal:
        assert journal.request(approval).error is None
        assert journal.request(rejection).error is None


def test_a_request_that_the_state_machine_forbids_is_refused(tmp_path: Path) -> None:
    scratch = make(tmp_path, [row("A")])
    with scratch.journal() as journal:
        asked = journal.submit_request("approve", "A", by="person")
        unknown = journal.submit_request("set", "X", status="done", by="person")
    apply_requests(str(scratch.task_file), RecordingDisplay(), Stop())
    with scratch.journal() as journal:
        assert "needs-qa" in (journal.request(asked).error or "")
        assert "no task 'X'" in (journal.request(unknown).error or "")
    assert scratch.statuses() == {"A": "not-started"}


SLOW = """
import os, pathlib, time
task = os.environ["MISSION_TASK"]
pathlib.Path(f"{task}.txt").write_text(task)
attempt = os.environ["MISSION_ATTEMPT"]
(pathlib.Path(%r) / f"{task}-{attempt}").touch()
if task == "A" and attempt == "1":
    time.sleep(600)
"""


def test_ctrl_c_leaves_everything_resumable(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    scratch = make(tmp_path, [row("A"), row("B", after="A")], worker=SLOW % str(marks))
    stop = Stop()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(scratch.run, stop=stop)
        for _ in watch(marks, raise_interrupt=False, rust_timeout=50, yield_on_timeout=True):
            if (marks / "A-1").exists():
                break
        stop.request("Ctrl-C")
        end = running.result()
    assert end.exit_code == 130
    assert scratch.statuses() == {"A": "not-started", "B": "not-started"}
    assert scratch.run().exit_code == 0
    assert scratch.merged() == ["A", "B"]


def test_work_that_a_gate_held_up_is_delivered_without_the_agent(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.touch()
    code = "import pathlib, sys; raise SystemExit(pathlib.Path(sys.argv[1]).exists())"
    gate = {
        "type": "script",
        "run": [sys.executable, "-S", "-c", code, str(closed)],
        "timeout": "1s",
        "interval": "1s",
    }
    scratch = make(tmp_path, [row("A")], config={"gates": [gate]})
    assert scratch.run().blocked == ("A",)
    closed.unlink()
    ask_for(scratch, "unblock", "A")
    assert scratch.run().exit_code == 0
    assert scratch.merged() == ["A"]
    with scratch.journal() as journal:
        assert len(journal.attempts("A")) == 1


def test_a_step_whose_command_was_changed_vouches_for_nothing(tmp_path: Path) -> None:
    closed = tmp_path / "merge"
    closed.touch()
    code = "import pathlib, sys; raise SystemExit(pathlib.Path(sys.argv[1]).exists())"
    gate = {
        "type": "script",
        "run": [sys.executable, "-S", "-c", code, str(tmp_path / "{purpose}")],
        "timeout": "1s",
        "interval": "1s",
    }
    step = {"name": "tests", "run": [sys.executable, "-S", "-c", ""], "on": ["merged"]}
    # A status commit would make another tree of it.
    config: dict[str, object] = {"gates": [gate], "verify": [step], "status": {"commit": "never"}}
    scratch = make(tmp_path, [row("A")], config=config)
    assert scratch.run().blocked == ("A",)  # verified as it would land, and not landed
    settings = scratch.task_file.with_name("mission.yaml")
    settings.write_text(settings.read_text().replace("- ''", "- raise SystemExit(1)"))
    closed.unlink()
    ask_for(scratch, "unblock", "A")
    assert scratch.run().failed == ("A",)
    assert scratch.merged() == []


def test_a_conflict_that_a_person_resolved_on_the_branch_is_merged(tmp_path: Path) -> None:
    worker = SAME_FILE
    scratch = make(tmp_path, [row("A"), row("B")], worker=worker)
    blocked = scratch.run().blocked[0]
    merge_main_into(
        scratch, tmp_path / "other", f"feat/{blocked.lower()}", "--strategy-option=ours"
    )
    ask_for(scratch, "unblock", blocked)
    assert scratch.run().exit_code == 0
    assert sorted(scratch.merged()) == ["A", "B"]
    assert (scratch.top / "same.txt").read_text() == blocked


def test_a_resolution_that_takes_back_the_task_file_does_not_merge(tmp_path: Path) -> None:
    worker = SAME_FILE
    scratch = make(tmp_path, [row("A"), row("B")], worker=worker)
    blocked = scratch.run().blocked[0]
    merge_main_into(scratch, tmp_path / "other", f"feat/{blocked.lower()}", "--strategy=ours")
    ask_for(scratch, "unblock", blocked)
    assert scratch.run().blocked == (blocked,)
    assert "only the runner may write" in scratch.notes(blocked)
    assert len(scratch.merged()) == 1


def merge_main_into(scratch: Scratch, clone: Path, branch: str, how: str) -> None:
    """A person resolves a conflict on the task's branch, elsewhere, and pushes it."""
    Git(clone.parent).run("clone", "--quiet", str(scratch.remote), str(clone))
    git = Git(clone)
    git.run("config", "user.name", "Person")
    git.run("config", "user.email", "person@example.invalid")
    git.run("checkout", "--quiet", branch)
    git.run("merge", "--quiet", how, "--no-edit", "origin/main")
    git.run("push", "--quiet")


def test_held_up_work_that_asked_for_a_person_still_does(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.touch()
    code = "import pathlib, sys; raise SystemExit(pathlib.Path(sys.argv[1]).exists())"
    gate = {
        "type": "script",
        "run": [sys.executable, "-S", "-c", code, str(closed)],
        "timeout": "1s",
        "interval": "1s",
    }
    scratch = make(tmp_path, [row("A")], worker=ASKS, config={"gates": [gate]})
    assert scratch.run().blocked == ("A",)
    closed.unlink()
    ask_for(scratch, "unblock", "A")
    assert scratch.run().needs_qa == ("A",)
    assert scratch.merged() == []


def ask_for(scratch: Scratch, kind: str, task: str) -> None:
    """A person's request, applied."""
    with scratch.journal() as journal:
        asked = journal.submit_request(kind, task, by="person")
    apply_requests(str(scratch.task_file), RecordingDisplay(), Stop())
    with scratch.journal() as journal:
        assert journal.request(asked).error is None
