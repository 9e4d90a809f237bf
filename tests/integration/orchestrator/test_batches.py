"""Branches that wait together are verified and landed together, and only the culprits go back."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from mission.journal import Attempt
from mission.journal.kinds import GateAnswered, Merged, Verified
from tests.integration.orchestrator.together import VERIFY, WORKER, Marking
from tests.scratch import Scratch, make, row
from workspace.git import Git

NAMES = ("A", "B", "C", "D", "E")

# The merge gate may refuse, may stand in for a person who pushes to the base, may wait until what
# comes next is being verified, and may close again once it was clear for all.
GATE = """
import pathlib, subprocess, sys, time
purpose, branch = sys.argv[1:]
marks, refused, pushes = pathlib.Path({marks!r}), {refused!r}, {pushes!r}
while {overlap} and purpose == "merge" and (marks / "verified").read_text().count("\\n") < 2:
    time.sleep(0.01)
if purpose == "merge" and branch == refused:
    sys.exit(2)
if {closes} and purpose == "merge":
    with open(marks / "asked", "a") as file:
        file.write(branch + "\\n")
    asked = (marks / "asked").read_text().split()
    again = asked.index(branch) < len(asked) - 1
    if len(set(asked)) == {closes} and again and not (marks / "closed").exists():
        (marks / "closed").touch()
        sys.exit(75)
other = marks / "other"
if purpose == "merge" and pushes and not other.exists():
    subprocess.run(["git", "clone", "-q", pushes, str(other)], check=True)
    (other / "theirs.txt").write_text("theirs")
    git = ["git", "-C", str(other), "-c", "user.name=P", "-c", "user.email=p@x.invalid"]
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "theirs"], check=True)
    subprocess.run([*git, "push", "-q"], check=True)
"""


class Batch:
    """A mission whose rows come to the merge queue together."""

    def __init__(
        self,
        folder: Path,
        names: Sequence[str] = NAMES,
        *,
        bad: Sequence[str] = (),
        same: Sequence[str] = (),
        refused: str = "",
        flaky: bool = False,
        pushes: bool = False,
        overlap: bool = False,
        closes: bool = False,
        merge: dict[str, object] | None = None,
    ) -> None:
        self.names = names
        self.marks = folder / "marks"
        self.marks.mkdir()
        facts = {"marks": str(self.marks)}
        scripts = {
            "verify": VERIFY.format(bad=tuple(bad), flaky=flaky, together=len(names), **facts),
            "gate": GATE.format(
                marks=facts["marks"],
                refused=refused,
                overlap=overlap,
                closes=len(names) if closes else 0,
                pushes=str(folder / "remote.git") if pushes else "",
            ),
        }
        for name, text in scripts.items():
            (folder / f"{name}.py").write_text(text)
        verify = [sys.executable, "-S", str(folder / "verify.py")]
        gate = [sys.executable, "-S", str(folder / "gate.py"), "{purpose}", "{branch}"]
        self.scratch: Scratch = make(
            folder,
            [row(name) for name in names],
            worker=WORKER.format(same=tuple(same), first=names[0], **facts),
            config={
                "merge": {"strategy": "batch"} | (merge or {}),
                "verify": [{"name": "whole", "run": verify, "on": ["merged"]}],
                "gates": [{"type": "script", "run": gate, "interval": "0.1s"}],
                "status": {"commit": "never"},
            },
        )
        self.display = Marking(self.marks)

    def run(self) -> None:
        """Until nothing is left to do; every tree that was on the base must have been verified."""
        self.scratch.run(slots=len(self.names), display=self.display)
        assert self.scratch.git.text("status", "--porcelain", "--untracked-files=no") == (
            "M plan/TASKS.md"
        )
        with self.scratch.journal() as journal:
            assert journal.open_attempts() == []
            green = {event.what.tree for event in journal.events(Verified) if event.what.ok}
        tip = Git(self.scratch.remote).text("rev-parse", "main^{tree}")
        assert tip in green, "what landed last was not verified as a whole"

    def verified(self) -> list[str]:
        """What each verification saw, in their order."""
        return (self.marks / "verified").read_text().splitlines()

    def last(self, task: str) -> Attempt:
        with self.scratch.journal() as journal:
            attempt = journal.last_attempt(task)
        assert attempt is not None
        return attempt


def test_what_waits_together_lands_together(tmp_path: Path) -> None:
    batch = Batch(tmp_path)
    batch.run()
    assert set(batch.scratch.statuses().values()) == {"done"}
    assert sorted(batch.scratch.merged()) == list(NAMES)
    # The first one leads alone; meanwhile the others come together.
    assert len(batch.verified()) == 2
    assert batch.verified()[-1] == "A,B,C,D,E"
    assert not list(tmp_path.glob("home/worktrees/*/*/*"))


@pytest.mark.parametrize("bad", [("C",), ("A", "C", "E")])
def test_only_the_culprits_go_back(tmp_path: Path, bad: tuple[str, ...]) -> None:
    batch = Batch(tmp_path, bad=bad)
    batch.run()
    good = [name for name in NAMES if name not in bad]
    assert sorted(batch.scratch.merged()) == good
    assert batch.scratch.statuses() == {name: "failed" if name in bad else "done" for name in NAMES}
    for name in bad:
        assert f"red because of ['{name}']" in batch.last(name).reason
        assert batch.last(name).outcome == "verification"


def test_a_flaky_verification_is_repeated_once(tmp_path: Path) -> None:
    batch = Batch(tmp_path, flaky=True, merge={"repeat_red": True})
    batch.run()
    assert set(batch.scratch.statuses().values()) == {"done"}
    assert sum("verifying once more" in text for text in batch.display.said) == 1


def test_a_flaky_verification_is_repeated_once_in_the_serial_queue_too(tmp_path: Path) -> None:
    batch = Batch(tmp_path, ("A",), flaky=True, merge={"strategy": "serial", "repeat_red": True})
    batch.run()
    assert batch.scratch.statuses() == {"A": "done"}
    assert batch.verified() == ["A", "A"]


def test_a_conflict_within_a_batch_blocks_the_later_one(tmp_path: Path) -> None:
    batch = Batch(tmp_path, same=("B", "D"))
    batch.run()
    blocked = [name for name, status in batch.scratch.statuses().items() if status == "blocked"]
    assert len(blocked) == 1
    (other,) = {"B", "D"} - set(blocked)
    assert batch.last(blocked[0]).reason.startswith(
        f"feat/{blocked[0].lower()} conflicts with main in same.txt (merged by {other})"
    )
    assert sorted(batch.scratch.merged()) == sorted(set(NAMES) - set(blocked))


def test_a_gate_that_refuses_one_branch_takes_out_only_that_one(tmp_path: Path) -> None:
    batch = Batch(tmp_path, refused="feat/c")
    batch.run()
    assert sorted(batch.scratch.merged()) == ["A", "B", "D", "E"]
    assert batch.scratch.statuses()["C"] == "blocked"
    assert "Gate script refuses the merge" in batch.last("C").reason


def test_every_gate_is_asked_again_right_before_a_batch_is_pushed(tmp_path: Path) -> None:
    """One that was clear closes again while others were asked: nothing lands until all are clear
    in one go."""
    batch = Batch(tmp_path, closes=True)
    batch.run()
    assert set(batch.scratch.statuses().values()) == {"done"}
    with batch.scratch.journal() as journal:
        gates = journal.events(GateAnswered)
        asked = [one for one in gates if (one.what.gate, one.what.purpose) == ("script", "merge")]
        merged = journal.events(Merged)
    states = [one.what.state for one in asked]
    assert states.count("busy") == 1
    last = merged[-1]  # of one batch, or the second where one row was quicker than the others
    together = list(last.what.together) or [str(last.task)]
    # After that answer all of them were waited for, and then asked once more.
    assert states[states.index("busy") + 1 :] == ["clear"] * (2 * len(together))
    assert [one.task for one in asked[-len(together) :]] == together
    assert asked[-1].id < merged[-len(together)].id


def test_a_base_that_a_person_moves_is_merged_on_again(tmp_path: Path) -> None:
    batch = Batch(tmp_path, pushes=True)
    batch.run()
    assert set(batch.scratch.statuses().values()) == {"done"}
    assert sorted(batch.scratch.merged()) == list(NAMES)
    assert any("the base moved, merging again on" in text for text in batch.display.said)
    assert batch.verified()[-1] == "A,B,C,D,E,theirs"


def test_a_batch_is_no_larger_than_its_size(tmp_path: Path) -> None:
    batch = Batch(tmp_path, merge={"size": 2})
    batch.run()
    assert set(batch.scratch.statuses().values()) == {"done"}
    sizes = [len(seen.split(",")) for seen in batch.verified()]
    assert sizes == [1, 3, 5]


@pytest.mark.parametrize(("strategy", "sizes"), [("batch", [1, 5]), ("serial", [1, 2, 3, 4, 5])])
def test_the_next_candidate_is_verified_while_the_one_before_it_lands(
    tmp_path: Path, strategy: str, sizes: list[int]
) -> None:
    """The first one's gate waits for that."""
    batch = Batch(tmp_path, overlap=True, merge={"strategy": strategy})
    batch.run()
    assert sorted(batch.scratch.merged()) == list(NAMES)
    assert [len(seen.split(",")) for seen in batch.verified()] == sizes
