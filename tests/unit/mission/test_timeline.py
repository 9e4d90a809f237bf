"""When each row was at what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mission.journal import Journal
from mission.journal.kinds import AgentEnded, GateAnswered, MergeAwaited, RowWaits, StatusSet
from mission.steps import End
from mission.timeline import RowTime, WorkTime, make_timeline, work_times

BEGIN = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


class Story:
    """A journal whose clock is told the time."""

    def __init__(self) -> None:
        self.now = BEGIN
        self.journal = Journal.in_memory(clock=lambda: self.now)
        run = self.journal.start_run(mission="m", host="h", pid=1, pid_started=1.0)
        self.journal = self.journal.in_run(run)

    def at(self, minutes: int) -> Journal:
        self.now = BEGIN + timedelta(minutes=minutes)
        return self.journal

    def status(self, minutes: int, task: str, new: str) -> None:
        self.at(minutes).record(StatusSet(old="", new=new, by="runner", reason=""), task=task)

    def start(self, minutes: int, task: str) -> int:
        self.status(minutes, task, "in-progress")
        return self.journal.start_attempt(
            run=self.journal.run, task=task, agent="haiku", branch=None, base_commit=None,
            worktree=None, log=None, route="",
        ).id  # fmt: skip

    def told(
        self, before: dict[str, tuple[str, ...]], *, now: int, worked_until: int | None = None
    ) -> list[list[tuple[str, int, int]]]:
        found = make_timeline(
            before, self.journal.attempts(), self.journal.events(),
            now=BEGIN + timedelta(minutes=now),
            worked_until=BEGIN + timedelta(minutes=now if worked_until is None else worked_until),
        )  # fmt: skip
        return [_minutes(row) for row in found]


def _minutes(row: RowTime) -> list[tuple[str, int, int]]:
    return [
        (one.phase.value, (one.begin - BEGIN).seconds // 60, (one.end - BEGIN).seconds // 60)
        for one in row.stretches
    ]


def test_a_row_from_its_wait_to_its_end() -> None:
    story = Story()
    story.status(2, "A", "done")
    attempt = story.start(5, "B")
    story.at(9).record(AgentEnded(outcome="success"), task="B", attempt=attempt)
    story.at(12).record(MergeAwaited(branch="b"), task="B", attempt=attempt)
    for minutes, state in ((13, "busy"), (15, "busy"), (18, "clear")):
        gate = GateAnswered(gate="queue", purpose="merge", state=state)
        story.at(minutes).record(gate, task="B", attempt=attempt)
    story.status(20, "B", "done")
    assert story.told({"A": (), "B": ("A",)}, now=60) == [
        [
            ("queued", 2, 5),
            ("working", 5, 9),
            ("verifying", 9, 12),
            ("merging", 12, 13),
            ("gate", 13, 18),
            ("merging", 18, 20),
        ]
    ]


def test_what_waits_for_a_person_waits_until_now_and_the_rest_to_the_last_sign() -> None:
    story = Story()
    first = story.start(0, "A")
    story.start(1, "B")
    story.at(4)
    story.journal.end_attempt(first, End.FAILED, "no")
    story.status(4, "A", "failed")
    assert story.told({"A": (), "B": ()}, now=50, worked_until=7) == [
        [("working", 0, 4), ("person", 4, 50)],
        [("working", 1, 7)],
    ]


def test_a_second_attempt_works_again_and_a_provider_s_rest_is_apart() -> None:
    story = Story()
    first = story.start(0, "A")
    story.at(3)
    story.journal.end_attempt(first, End.INTERRUPTED, "no")
    story.at(3).record(RowWaits(on="provider", who="anthropic"), task="A")
    story.start(8, "A")
    assert story.told({"A": ()}, now=9) == [
        [("working", 0, 3), ("waiting", 3, 8), ("working", 8, 9)]
    ]


def test_work_is_told_apart_from_waiting_for_gates_and_people() -> None:
    story = Story()
    attempt = story.start(0, "A")
    story.at(6).record(AgentEnded(outcome="success"), task="A", attempt=attempt)
    story.status(10, "A", "needs-qa")  # approved eight hours later, in the same attempt
    story.status(490, "A", "in-progress")
    gate = GateAnswered(gate="queue", purpose="merge", state="busy")
    story.at(490).record(gate, task="A", attempt=attempt)
    story.status(500, "A", "done")
    found = work_times(
        story.journal.attempts(), story.journal.events(), now=BEGIN + timedelta(minutes=900)
    )
    assert found == {attempt: WorkTime(worked=timedelta(minutes=10), waited=timedelta(minutes=490))}


def test_rows_that_nobody_began_have_none() -> None:
    story = Story()
    story.status(1, "A", "not-started")
    assert story.told({"A": (), "B": ()}, now=9) == []
