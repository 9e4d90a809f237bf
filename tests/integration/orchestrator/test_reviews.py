"""Review of an agent's work by another, in rounds, and what waits for a person."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from mission.journal.kinds import ReviewMade
from orchestrator.ports.display import RecordingDisplay
from orchestrator.run import apply_requests
from tests.scratch import Scratch, make, row
from workspace.git import Git
from workspace.process import Stop

# Writes what the findings of the last round ask for, else a first draft.
AUTHOR = """
import os, pathlib, sys
brief = sys.stdin.read()
text = "settled" if "say settled" in brief else "draft"
pathlib.Path("work.txt").write_text(text + os.environ["MISSION_ATTEMPT"])
"""
# Approves only what is settled.
REVIEWER = """
import json, pathlib, sys
sys.stdin.read()
text = pathlib.Path("work.txt").read_text()
pathlib.Path("junk.txt").write_text("a reviewer changes nothing")
finding = {{"file": "work.txt", "line": 1, "severity": "major", "message": "say settled"}}
passed = text.startswith({wanted!r})
review = {{
    "verdict": "approve" if passed else "request-changes",
    "summary": "fine" if passed else "not yet",
    "findings": [] if passed else [finding],
}}
print(json.dumps({{"outcome": "success", "summary": json.dumps(review), "input_tokens": 7}}))
"""


def reviewed(folder: Path, wanted: str, **more: object) -> Scratch:
    """A mission of one row, whose work `critic` reviews; it approves text that starts so."""
    script = folder / "reviewer.py"
    script.write_text(REVIEWER.format(wanted=wanted))
    worker = [sys.executable, "-S", str(folder / "worker.py")]
    agents = {
        "worker": {"type": "command", "run": worker, "model": "one"},
        "other": {"type": "command", "run": worker, "model": "one"},
        "critic": {"type": "command", "run": [sys.executable, "-S", str(script)], "model": "two"},
    }
    rule = {"match": {"id": "^A$"}, "by": ["other", "critic"], "rounds": 2}
    config = {"agents": agents, "review": [rule], **more}
    return make(folder, [row("A")], worker=AUTHOR, config=config)


def test_findings_go_back_to_the_author_until_they_are_settled(tmp_path: Path) -> None:
    scratch = reviewed(tmp_path, "settled")
    assert scratch.run().exit_code == 0
    assert Git(scratch.remote).text("show", "main:work.txt") == "settled2"
    assert "junk.txt" not in Git(scratch.remote).text("ls-tree", "-r", "--name-only", "main")
    with scratch.journal() as journal:
        verdicts = [event.what.verdict for event in journal.events(ReviewMade)]
        reviewers = {event.what.reviewer for event in journal.events(ReviewMade)}
        assert journal.spent("A").tokens == 14
    assert verdicts == ["request-changes", "approve"]
    assert reviewers == {"critic"}  # `other` has the author's model


def test_when_the_rounds_run_out_a_person_decides(tmp_path: Path) -> None:
    scratch = reviewed(tmp_path, "never")
    assert scratch.run().needs_qa == ("A",)
    assert scratch.merged() == []
    assert "say settled" in scratch.notes("A")
    with scratch.journal() as journal:
        journal.submit_request("approve", "A", by="person")
    apply_requests(str(scratch.task_file), RecordingDisplay(), Stop())
    assert scratch.merged() == ["A"]


def test_a_reviewer_that_gives_no_review_blocks_and_costs_no_second_author(tmp_path: Path) -> None:
    scratch = reviewed(tmp_path, "settled")
    (tmp_path / "reviewer.py").write_text("print('looks good')")
    assert scratch.run().blocked == ("A",)
    (tmp_path / "reviewer.py").write_text(REVIEWER.format(wanted="draft"))
    with scratch.journal() as journal:
        journal.submit_request("unblock", "A", by="person")
    apply_requests(str(scratch.task_file), RecordingDisplay(), Stop())
    assert scratch.run().exit_code == 0
    assert Git(scratch.remote).text("show", "main:work.txt") == "draft1"


# Keeps its first draft, whatever is found, and says why; counts how often it was asked.
STUBBORN = """
import json, os, pathlib, sys
brief = sys.stdin.read()
with open({asked!r}, "a") as asked:
    asked.write("x")
work = pathlib.Path("work.txt")
if not work.exists():
    work.write_text("draft")
summary = "say settled is wrong: the old name is public"
print(json.dumps({{"outcome": "success", "summary": summary}}))
"""
# Gives in once the author has said that.
YIELDING = REVIEWER.replace("sys.stdin.read()", "brief = sys.stdin.read()").replace(
    "passed =", "passed = 'the old name is public' in brief.partition('after that review')[2] or"
)


def stubborn(folder: Path, reviewer: str, rounds: int) -> Scratch:
    scratch = reviewed(folder, "never")
    (folder / "worker.py").write_text(STUBBORN.format(asked=str(folder / "asked")))
    (folder / "reviewer.py").write_text(reviewer.format(wanted="never"))
    config = scratch.task_file.with_name("mission.yaml")
    config.write_text(config.read_text().replace("rounds: 2", f"rounds: {rounds}"))
    return scratch


def reviews(scratch: Scratch) -> int:
    with scratch.journal() as journal:
        return len(journal.events(ReviewMade))


def test_an_author_that_changes_nothing_uses_the_rounds_up(tmp_path: Path) -> None:
    scratch = stubborn(tmp_path, REVIEWER, rounds=2)
    assert scratch.run().needs_qa == ("A",)
    assert (tmp_path / "asked").read_text() == "xx"
    assert reviews(scratch) == 2


def test_an_author_that_changes_nothing_twice_is_a_person_s_affair(tmp_path: Path) -> None:
    scratch = stubborn(tmp_path, REVIEWER, rounds=9)
    assert scratch.run().needs_qa == ("A",)
    assert (tmp_path / "asked").read_text() == "xxx"
    assert reviews(scratch) == 2
    assert "changed nothing twice" in scratch.notes("A")
    assert "the old name is public" in scratch.notes("A")


def test_the_reviewer_sees_why_an_author_disagrees(tmp_path: Path) -> None:
    scratch = stubborn(tmp_path, YIELDING, rounds=9)
    assert scratch.run().exit_code == 0
    assert (tmp_path / "asked").read_text() == "xx"
    assert Git(scratch.remote).text("show", "main:work.txt") == "draft"


class StoppingInReview(RecordingDisplay):
    """Stops the run as a review begins, as often as there are runs."""

    def __init__(self, stop: Stop) -> None:
        super().__init__()
        self._stop = stop

    def doing(self, task: str, phase: str, detail: str = "") -> None:
        super().doing(task, phase, detail)
        if phase == "critic reviews":
            self._stop.request("a person stopped it")


def test_rounds_count_over_runs_that_were_stopped(tmp_path: Path) -> None:
    scratch = stubborn(tmp_path, REVIEWER, rounds=9)
    for _ in range(2):
        stop = Stop()
        scratch.run(stop=stop, display=StoppingInReview(stop))
    assert reviews(scratch) == 0
    assert scratch.run().needs_qa == ("A",)
    assert (tmp_path / "asked").read_text() == "xxx"
    assert reviews(scratch) == 2


def test_what_a_person_writes_with_a_rejection_reaches_the_next_brief(tmp_path: Path) -> None:
    scratch = reviewed(tmp_path, "never")
    assert scratch.run().needs_qa == ("A",)
    (tmp_path / "reviewer.py").write_text(REVIEWER.format(wanted="as ada wants"))
    author = AUTHOR.replace('"say settled" in brief', '"use the old parser" in brief')
    author = author.replace('"settled"', '"as ada wants"')
    (tmp_path / "worker.py").write_text(author)
    with scratch.journal() as journal:
        journal.submit_request("reject", "A", by="ada", note="use the old parser")
    assert scratch.run().exit_code == 0
    assert Git(scratch.remote).text("show", "main:work.txt").startswith("as ada wants")


def test_a_rule_makes_work_wait_for_a_person(tmp_path: Path) -> None:
    scratch = reviewed(tmp_path, "draft", qa=[{"match": {"description": "do a"}}])
    assert scratch.run().needs_qa == ("A",)
    assert scratch.merged() == []


def test_the_report_of_a_row_without_a_branch_is_kept_and_linked(tmp_path: Path) -> None:
    worker = f"print({json.dumps(json.dumps({'summary': 'No secret is printed.'}))})"
    scratch = make(tmp_path, [row("A", branch="—")], worker=worker)
    assert scratch.run().exit_code == 0
    assert "reports/A.md" in scratch.notes("A")
    report = Git(scratch.remote).text("show", "main:plan/reports/A.md")
    assert "No secret is printed." in report
    assert scratch.git.text("status", "--porcelain") == ""


def test_a_rule_on_the_agent_holds_for_a_row_that_the_routing_gave_it(tmp_path: Path) -> None:
    config = {
        "routing": [{"match": {}, "agent": "worker"}],
        "qa": [{"match": {"agent": "^worker$"}}],
    }
    scratch = make(tmp_path, [row("A", agent="—")], worker=AUTHOR, config=config)
    assert scratch.run().needs_qa == ("A",)
    assert scratch.merged() == []
