"""A mission that has something of everything to show, with the journal that a run has left."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mission.journal import Journal
from mission.journal.kinds import (
    AgentEnded,
    DispatchBegan,
    GateAnswered,
    MergeAwaited,
    Merged,
    Pushed,
    ReviewMade,
    RowWaits,
    StatusSet,
    Verified,
)
from mission.outcome import Outcome
from mission.place import Place
from mission.steps import End, Step
from tasks_md.writer import StatusWriter

BEGAN = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=95)
BASE, HEAD = "1" * 40, "2" * 40  # of the work: commits that are nowhere
#: Cell text of somebody who means no good.
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)> &amp; \"'"

_PLAN = Path(__file__).with_name("fixtures") / "payments.md"
_LAST = "## Milestone 4"


def plan(*, more: int = 0) -> str:
    """The task file; with `more` rows behind all others."""
    text = _PLAN.read_text(encoding="utf-8")
    assert HOSTILE in text
    if not more:
        return text
    table = [line for line in text.splitlines() if line.startswith(("| id ", "| ---"))][:2]
    rows = [*table, *map(_tail, range(more))]
    added = "## Milestone 5 — Long tail (PAY-M5)\n\n" + "\n".join(rows)
    return text.replace(_LAST, f"{added}\n\n{_LAST}")


def _tail(at: int) -> str:
    before = "PAY-17" if at < 10 else f"TAIL-{at - 10:05}"
    text = f"Part {at} of the long tail, with a description as long as they are."
    cells = (f"TAIL-{at:05}", "not-started", text, "#8", "sonnet", f"feat/tail-{at}", before, "3K")
    return f"| {' | '.join(cells)} |  |"


class _Clock:
    """Told what time it is."""

    def __init__(self) -> None:
        self.now = BEGAN

    def __call__(self) -> datetime:
        return self.now

    def at(self, minutes: float) -> None:
        """So many minutes after the run began."""
        self.now = BEGAN + timedelta(minutes=minutes)


def make(folder: Path, *, more: int = 0) -> Place:
    """The mission in a folder without git."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "TASKS.md").write_text(plan(more=more), encoding="utf-8")
    place = Place.find(str(folder))
    clock = _Clock()
    place.keep_state()
    place.logs.mkdir(exist_ok=True)
    with Journal.open(place.journal_file, clock=clock) as journal:
        run = journal.start_run(
            mission="payments", host=os.uname().nodename, pid=os.getpid(), pid_started=1.0
        )
        story = _Story(place, journal.in_run(run), clock)
        journal.in_run(run).record(DispatchBegan(slots=4, all=True))
        story.landed("PAY-05", begins=1, takes=26, agent="sonnet", tokens=13_100)
        story.under_way("PAY-06", begins=40, agent="codex", tokens=2_300)
        story.held_by_gate("PAY-07", begins=41, agent="sonnet", tokens=8_800)
        story.needs_qa("PAY-08", begins=42, agent="opus", tokens=21_400)
        story.queued("PAY-09", begins=43, agent="sonnet", tokens=9_900)
        story.failed("PAY-10", begins=44, agent="haiku", tokens=6_100)
        clock.at(75)
        story.set("PAY-13", "not-started", "blocked", "the sandbox key has expired")
        journal.in_run(run).record(
            RowWaits(on="provider", why="anthropic rests after a limit", who="anthropic",
                     until=(BEGAN + timedelta(days=4000)).isoformat()),
            task="PAY-16",
        )  # fmt: skip
    return place


@contextmanager
def held(place: Place) -> Iterator[None]:
    """As if this process were the run that the journal tells of."""
    with StatusWriter(place.task_file, lock_dir=place.state_dir):
        yield


class _Story:
    """Writes what happens to rows."""

    def __init__(self, place: Place, journal: Journal, clock: _Clock) -> None:
        self._place = place
        self._journal = journal
        self._clock = clock

    def set(self, task: str, old: str, new: str, reason: str = "", by: str = "runner") -> None:
        self._journal.record(StatusSet(old=old, new=new, by=by, reason=reason), task=task)

    def _begin(self, task: str, begins: float, agent: str) -> int:
        self._clock.at(begins)
        self.set(task, "not-started", "in-progress")
        log = self._place.logs / f"{task}-1.log"
        log.write_text(f"{agent} reads the task {task}\nwrites a test\nmakes it pass\n")
        return self._journal.start_attempt(
            run=self._journal.run, task=task, agent=agent, branch=f"feat/{task.lower()}",
            base_commit=BASE, worktree=None, log=str(log), route=f"the row names {agent}",
        ).id  # fmt: skip

    def _worked(self, task: str, begins: float, takes: float, agent: str, tokens: int) -> int:
        attempt = self._begin(task, begins, agent)
        self._clock.at(begins + takes)
        self._journal.record(AgentEnded(outcome="success"), task=task, attempt=attempt)
        self._journal.advance_attempt(
            attempt, Step.ANSWERED, said=Outcome.SUCCESS, head=HEAD, cost_usd=tokens / 90_000,
            input_tokens=tokens - 1000, output_tokens=1000,
            summary=f"Did {task}.\nTests first; all of them pass.",
        )  # fmt: skip
        self._journal.advance_attempt(attempt, Step.WORKED)
        self._clock.at(begins + takes + 3)
        for step in ("lint", "tests"):
            self._journal.record(
                Verified(step=step, ok=True, tree="3" * 40, seconds=41.5),
                task=task, attempt=attempt,
            )  # fmt: skip
        return attempt

    def _verified(self, task: str, begins: float, agent: str, tokens: int) -> int:
        attempt = self._worked(task, begins, 12, agent, tokens)
        self._journal.advance_attempt(attempt, Step.VERIFIED)
        self._clock.at(begins + 16)
        self._journal.record(
            ReviewMade(chain=1, head=HEAD, reviewer="opus", verdict="approve", passed=True,
                       text="Sound. The back-off is capped.", answer="{}", tokens=900),
            task=task, attempt=attempt,
        )  # fmt: skip
        self._journal.record(
            Pushed(branch=f"feat/{task.lower()}", commit=HEAD), task=task, attempt=attempt
        )
        self._journal.advance_attempt(attempt, Step.PUSHED)
        self._journal.record(
            MergeAwaited(branch=f"feat/{task.lower()}"), task=task, attempt=attempt
        )
        return attempt

    def under_way(self, task: str, *, begins: float, agent: str, tokens: int) -> None:
        attempt = self._begin(task, begins, agent)
        self._journal.update_attempt(attempt, input_tokens=tokens)

    def queued(self, task: str, *, begins: float, agent: str, tokens: int) -> None:
        self._verified(task, begins, agent, tokens)

    def held_by_gate(self, task: str, *, begins: float, agent: str, tokens: int) -> None:
        attempt = self._verified(task, begins, agent, tokens)
        self._clock.at(begins + 17)
        for _ in range(3):
            self._journal.record(
                GateAnswered(gate="queue guard", purpose="merge", state="busy",
                             detail="CI run main-8e755201 goes on"),
                task=task, attempt=attempt,
            )  # fmt: skip

    def needs_qa(self, task: str, *, begins: float, agent: str, tokens: int) -> None:
        attempt = self._worked(task, begins, 15, agent, tokens)
        self._journal.end_attempt(attempt, End.NEEDS_QA, "touches the signing of requests")
        self.set(task, "in-progress", "needs-qa", "finished")

    def failed(self, task: str, *, begins: float, agent: str, tokens: int) -> None:
        for turn in (0, 14):
            attempt = self._worked(task, begins + turn, 9, agent, tokens)
            self._journal.record(
                Verified(step="load", ok=False, tree="3" * 40, reason="p99 was 840 ms",
                         seconds=66.0, exit_code=1),
                task=task, attempt=attempt,
            )  # fmt: skip
            self._journal.end_attempt(attempt, End.VERIFICATION, "load did not pass")
        self.set(task, "in-progress", "failed", "load did not pass")

    def landed(self, task: str, *, begins: float, takes: float, agent: str, tokens: int) -> None:
        attempt = self._verified(task, begins, agent, tokens)
        for later, state in ((0, "busy"), (1, "clear")):
            self._clock.at(begins + takes + later)
            self._journal.record(
                GateAnswered(gate="queue guard", purpose="merge", state=state),
                task=task, attempt=attempt,
            )  # fmt: skip
        self._clock.at(begins + takes + 2)
        self._journal.advance_attempt(attempt, Step.MERGING, squash="4" * 40, merge_base=BASE)
        self._journal.record(Merged(commit="4" * 40), task=task, attempt=attempt)
        self._journal.advance_attempt(attempt, Step.MERGED)
        self._journal.advance_attempt(attempt, Step.CONFIRMED)
        self._journal.end_attempt(attempt, End.SUCCESS, "merged as 4444444444")
        self.set(task, "in-progress", "done", "merged")
