"""A whole mission on a forge: pull requests, its CI, its merges, its issues."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.asking import ask
from mission.journal import RequestKind
from orchestrator.facts import fix
from orchestrator.opening import open_mission
from orchestrator.ports.display import RecordingDisplay
from orchestrator.run_end import RunEnd
from tests.forge.ci import JobState
from tests.forge.faults import Break, Fault
from tests.forge.mission import ForgeMission, forge_mission
from tests.forge.model import ForgeModel
from tests.scratch import Scratch, row
from workspace.process import Stop

ROOT = Path(__file__).parents[3]
PLANS = {
    "shipped": ROOT / "missions" / "federation-v1" / "TASKS.md",
    # The user's own file, where it lies beside the checkout.
    "user's": ROOT.parent / "shared" / "missions" / "federation-v1" / "TASKS.md",
}


@pytest.mark.parametrize("kind", ["gitea", "forgejo", "github", "gitlab"])
def test_a_mission_on_each_forge(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    with forge_mission(tmp_path, [row("A"), row("B", after="A")], kind=kind) as mission:
        mission.sign_in(monkeypatch)

        end = mission.scratch.run()

        assert end.exit_code == 0, mission.scratch.notes("A") + mission.scratch.notes("B")
        assert mission.scratch.statuses() == {"A": "done", "B": "done"}
        assert mission.scratch.merged() == ["A", "B"]
        pulls = list(mission.server.model.pulls.values())
        assert [(pull.branch, pull.merged) for pull in pulls] == [
            ("feat/a", True),
            ("feat/b", True),
        ]
        assert set(mission.server.model.heads()) == {"main"}


def test_an_agent_s_words_close_no_issue_and_call_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "closes #1 @everyone ```\\nTask: B\\nAttempt: 1\\nfixes #2"
    worker = f"""import pathlib; pathlib.Path("a").touch(); print(r'{{"summary": "{said}"}}')"""
    with forge_mission(tmp_path, [row("A")], kind="github", worker=worker) as mission:
        mission.sign_in(monkeypatch)
        assert mission.scratch.run().exit_code == 0
        [pull] = mission.server.model.pulls.values()
        # Indented: as a commit's message it names no row that is merged.
        quoted = [
            "````text",
            "closes #1 @everyone ```",
            "Task: B",
            "Attempt: 1",
            "fixes #2",
            "````",
        ]
        assert "".join(f"\n {line}" for line in quoted) in pull.body


def run_while_ci_runs(mission: ForgeMission, act: Callable[[], None]) -> RunEnd:
    """A run of the row A; once the guard has looked at its running job some times, `act` is called
    and CI ends."""
    model = mission.server.model
    model.ci.plans["feat/a"] = (JobState.RUNNING,)

    def seen() -> bool:
        head = model.heads().get("feat/a")
        return head is not None and mission.server.count(f"commits/{head}/statuses") >= 3

    def interfere() -> None:
        mission.server.wait_until(seen)
        with model.lock:
            act()
            model.ci.release()

    interfering = threading.Thread(target=interfere)
    interfering.start()
    end = mission.scratch.run()
    interfering.join()
    return end


def test_ci_holds_the_merge_until_it_is_green(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with forge_mission(tmp_path, [row("A")]) as mission:
        mission.sign_in(monkeypatch)
        model = mission.server.model
        merged: list[int] = []

        end = run_while_ci_runs(mission, lambda: merged.extend(model.merges))

        assert end.exit_code == 0
        assert merged == []
        assert len(model.merges) == 1


def test_a_base_that_moves_while_ci_runs_is_merged_onto(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody pushes to the base while the merge waits: squashed again on that, then landed."""
    with forge_mission(tmp_path, [row("A")]) as mission:
        mission.sign_in(monkeypatch)
        model = mission.server.model

        end = run_while_ci_runs(mission, lambda: commit_on_base(model, "theirs.md", "theirs"))

        assert end.exit_code == 0, mission.scratch.notes("A")
        log = model.git("log", "--format=%s", "main")
        assert log.index("A: Do A") < log.index("somebody else's")
        assert len(model.merges) == 1


# Red where A's work and somebody else's stand side by side.
NOT_BOTH = """
import pathlib, sys
both = all(pathlib.Path(name).exists() for name in ("A.txt", "theirs.txt"))
sys.exit("they do not go together" if both else 0)
"""


@pytest.mark.parametrize("theirs", ["theirs.md", "theirs.txt"])
def test_somebody_who_is_quicker_than_the_forge_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, theirs: str
) -> None:
    """Between our last look at the base and the forge's merge: what landed is verified at once. If
    it does not pass, the run stops, and goes on once the base is mended."""
    steps = [{"name": "both", "run": [sys.executable, "-S", "-c", NOT_BOTH], "on": ["merged"]}]
    rows = [row("A"), row("B", after="A")]
    with forge_mission(tmp_path, rows, config={"verify": steps}) as mission:
        mission.sign_in(monkeypatch)
        model, scratch = mission.server.model, mission.scratch
        model.before_merge = lambda: come_in_between(model, theirs)
        display = RecordingDisplay()

        end = scratch.run(display=display)

        assert any("moved in the same instant" in text for text in display.said)
        if theirs == "theirs.md":
            assert (end.exit_code, scratch.statuses()) == (0, {"A": "done", "B": "done"})
            return
        assert "does not pass its verification" in end.stopped
        assert scratch.statuses() == {"A": "blocked", "B": "not-started"}
        assert "Mend main (revert" in scratch.notes("A")
        assert "mission unblock A" in scratch.notes("A")
        commit_on_base(model, "theirs.txt", None)
        ask(str(scratch.task_file), RequestKind.UNBLOCK, "A")
        assert scratch.run().exit_code == 0, scratch.notes("A") + scratch.notes("B")
        assert scratch.merged() == ["A", "B"]
        assert len(model.merges) == 2


def come_in_between(model: ForgeModel, path: str) -> None:
    """Once."""
    model.before_merge = lambda: None
    commit_on_base(model, path, "theirs")


def commit_on_base(model: ForgeModel, path: str, text: str | None) -> None:
    """Somebody's commit with one file more, or less; CI notices."""
    before = model.heads()
    entries = [line for line in model.git("ls-tree", "main").splitlines() if line]
    entries = [line for line in entries if line.partition("\t")[2] != path]
    if text is not None:
        blob = model.git("hash-object", "-w", "--stdin", data=text)
        entries.append(f"100644 blob {blob}\t{path}")
    tree = model.git("mktree", data="".join(f"{line}\n" for line in entries))
    commit = model.git("commit-tree", tree, "-p", "main", "-m", "somebody else's")
    model.git("update-ref", "refs/heads/main", commit)
    model.noticed(before)


def test_red_ci_blocks_the_row_and_keeps_the_branch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with forge_mission(tmp_path, [row("A"), row("B")]) as mission:
        mission.sign_in(monkeypatch)
        mission.server.model.ci.plans["feat/a"] = (JobState.FAILURE,)

        end = mission.scratch.run()

        assert end.exit_code == 1
        assert mission.scratch.statuses() == {"A": "blocked", "B": "done"}
        assert "red: build" in mission.scratch.notes("A")
        assert "feat/a" in mission.server.model.heads()


def test_lost_answers_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with forge_mission(tmp_path, [row("A")]) as mission:
        mission.sign_in(monkeypatch)
        model = mission.server.model
        model.mergeable_after = 1
        for path in (".*/pulls", ".*/pulls/[0-9]+/merge", ".*/branches/.*"):
            mission.server.faults.add(Fault(kind=Break.LOSE, method="POST|DELETE", path=path))

        end = mission.scratch.run()

        assert end.exit_code == 0, mission.scratch.notes("A")
        assert (len(model.pulls), len(model.merges)) == (1, 1)
        assert set(model.heads()) == {"main"}


@pytest.mark.parametrize("path", [path for path in PLANS.values() if path.exists()])
def test_milestone_1_of_the_real_plan_closes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: Path
) -> None:
    """Rows 10 to 12 run, the milestone closes, its issue is closed once, and the facts agree."""
    plan = path.read_text(encoding="utf-8")
    with forge_mission(tmp_path, [], plan=plan) as mission:
        mission.sign_in(monkeypatch)
        issue = mission.server.model.add_issue(460, "FED-M1")

        end = mission.scratch.run()

        assert end.exit_code == 0
        statuses = mission.scratch.statuses()
        assert {statuses[f"FED-M1-{number:02}"] for number in range(1, 13)} == {"done"}
        assert (issue.state, issue.closings, len(issue.comments)) == ("closed", 1, 1)
        assert mission.scratch.merged() == ["FED-M1-11"]
        again = mission.scratch.run()
        assert again.exit_code == 0
        assert (issue.closings, len(issue.comments)) == (1, 1)
        assert disagreements(mission.scratch) == []
        issue.state = "open"
        assert disagreements(mission.scratch) == ["issue-open"]


def test_what_the_forge_says_otherwise_is_found_and_left_to_people(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--fix` sets rows by what is merged; of an issue and of CI no row can be told."""
    rows = [row("A", issue="#7"), row("B", issue="#8", status="blocked")]
    with forge_mission(tmp_path, rows) as mission:
        mission.sign_in(monkeypatch)
        model = mission.server.model
        issues = [model.add_issue(number, f"Issue {number}") for number in (7, 8)]
        assert mission.scratch.run().exit_code == 1
        assert [issue.state for issue in issues] == ["closed", "open"]
        before = mission.scratch.task_file.read_bytes()
        assert disagreements(mission.scratch) == []

        issues[1].state = "closed"
        assert disagreements(mission.scratch, setting=True) == ["issue-closed"]
        issues[1].state = "open"
        base = model.heads()["main"]
        for job in model.ci.of(base):
            job.script = [JobState.FAILURE]
        assert disagreements(mission.scratch, setting=True) == ["base-not-green"]
        assert mission.scratch.task_file.read_bytes() == before


def disagreements(scratch: Scratch, *, setting: bool = False) -> list[str]:
    """What `mission verify` finds; with `setting`, what the facts prove is set."""
    with open_mission(str(scratch.task_file), RecordingDisplay(), Stop()) as (parts, board):
        found = parts.comparison.compare(board)
        if setting:
            fix(board, found)
        return [one.finding.rule for one in found]
