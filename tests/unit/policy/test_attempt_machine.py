"""A row's attempts through random ends, crashes and people's words, held against a model.

What is driven is the real journal, with the pure decisions that run, recovery and inbox ask. The
model knows nothing of steps and ends: it has what a person would keep in mind of the row.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mission.journal import Attempt, End, Journal, Step
from mission.outcome import Outcome
from mission.state import Status
from mission.steps import StepError
from policy.attempt import (
    Turn,
    after_crash,
    by_person,
    is_delivered,
    is_left_behind_the_agent,
    is_resumed,
    keeps_approval,
    may_be_approved,
)

WAY = (Step.ANSWERED, Step.WORKED, Step.VERIFIED, Step.PUSHED, Step.MERGING, Step.MERGED)
WORDS = st.sampled_from([Outcome.CRASHED, Outcome.QUOTA, Outcome.BLOCKED, Outcome.SILENT])
PASSING = {Outcome.QUOTA, Outcome.SILENT}  # the session is good, only the moment was not
#: Where a crash comes as a job ends: not at all, before the row is written, or right after that.
KILLS = st.sampled_from(["no", "no", "before", "after"])


@dataclass
class Model:
    """What a person would remember."""

    row: Status = Status.NOT_STARTED
    agent: str = "idle"  # or at work, gave up, finished
    committed: bool = False  # what it finished is on the branch
    asks: bool = False  # it wants a person to look
    deliver: bool = False  # its work is to be brought to the base, without asking it again
    approved: bool = False  # a person has looked, and the row waits for nothing else
    journalled: bool = True  # the journal has the end of the last attempt
    resume: bool = False  # the next attempt goes on in the agent's session
    crashed: bool = False  # the next run has to look what was left
    merged: bool = False  # the base holds its work


class Attempts(RuleBasedStateMachine):
    """One row after the other, each from its first attempt until it is done."""

    def __init__(self) -> None:
        super().__init__()
        self.journal = Journal.in_memory()
        self.run_id = self.journal.start_run(mission="M", host="h", pid=1, pid_started=1.0)
        self.number = 0
        self.model = Model()
        self.job: Attempt | None = None

    def teardown(self) -> None:
        self.journal.close()

    @property
    def task(self) -> str:
        return f"T-{self.number}"

    def at(self, *steps: Step) -> bool:
        return self.job is not None and self.job.step in steps

    def idle(self) -> bool:
        return self.job is None and not self.model.crashed

    # A run.

    @precondition(
        lambda self: self.idle() and self.model.row in (Status.NOT_STARTED, Status.IN_PROGRESS)
    )
    @rule()
    def its_turn_comes(self) -> None:
        model, last = self.model, self.journal.last_attempt(self.task)
        delivers = last is not None and is_delivered(last, "branch", "worker")
        assert delivers == model.deliver
        if last is not None and delivers:
            last = self.journal.withdraw_approval(last.id)
            step = Step.MERGED if model.merged else Step.WORKED
            assert is_left_behind_the_agent(last) == (
                last.step is Step.ENDED and not model.committed
            )
            if not model.committed:
                step = Step.ANSWERED
            ended = last.step is Step.ENDED
            self.job = self.journal.take_up_attempt(last.id, step=step) if ended else last
        else:
            assert last is None or is_resumed(last) == model.resume
            self.job = self.journal.start_attempt(
                run=self.run_id, task=self.task, agent="worker", branch="branch",
                base_commit="b", worktree="w", log=None, route="",
            )  # fmt: skip
            model.agent, model.committed, model.asks = "at work", False, False
        model.row, model.approved, model.journalled = Status.IN_PROGRESS, False, False

    @precondition(lambda self: self.at(Step.STARTED))
    @rule(asks=st.booleans())
    def agent_finishes(self, asks: bool) -> None:
        assert self.job is not None
        said = Outcome.NEEDS_QA if asks else Outcome.SUCCESS
        self.job = self.journal.advance_attempt(self.job.id, Step.ANSWERED, said=said)
        self.model.agent, self.model.asks, self.model.deliver = "finished", asks, True

    @precondition(lambda self: self.at(Step.STARTED))
    @rule(word=WORDS)
    def agent_gives_up(self, word: Outcome) -> None:
        assert self.job is not None
        self.job = self.journal.advance_attempt(self.job.id, Step.UNFINISHED, said=word)
        self.model.agent, self.model.resume = "gave up", word in PASSING

    @precondition(lambda self: self.at(Step.UNFINISHED))
    @rule(
        kill=KILLS,
        row=st.sampled_from(
            [Status.IN_PROGRESS, Status.FAILED, Status.BLOCKED, Status.NOT_STARTED]
        ),
    )
    def what_follows_is_decided(self, kill: str, row: Status) -> None:
        self.end(End.AS_SAID, row, kill)

    def waits_for_a_person(self) -> bool:
        """What the job decides before it merges, and what the model says of that."""
        assert self.job is not None
        waits = self.job.said is Outcome.NEEDS_QA and not self.job.approved
        assert waits == (self.model.asks and not self.model.approved)
        return waits

    @precondition(lambda self: self.at(*WAY[:-1]))
    @rule()
    def goes_on(self) -> None:
        assert self.job is not None
        if self.job.step is Step.PUSHED and self.waits_for_a_person():
            return
        step = WAY[WAY.index(self.job.step) + 1]
        self.job = self.journal.advance_attempt(self.job.id, step, head="h")
        self.model.committed = True
        if step is Step.MERGED:
            assert self.model.deliver, "merged what nobody wants"
            assert self.model.approved or not self.model.asks, "merged what nobody has looked at"
            self.model.merged = True

    @precondition(lambda self: self.at(Step.MERGED))
    @rule(kill=KILLS)
    def it_is_confirmed(self, kill: str) -> None:
        assert self.job is not None
        self.job = self.journal.advance_attempt(self.job.id, Step.CONFIRMED)
        self.end(End.SUCCESS, Status.DONE, kill)

    @precondition(lambda self: self.at(Step.CONFIRMED))
    @rule(kill=KILLS)
    def its_row_is_written(self, kill: str) -> None:
        self.end(End.SUCCESS, Status.DONE, kill)

    @precondition(lambda self: self.at(Step.PUSHED) and self.waits_for_a_person())
    @rule(kill=KILLS)
    def it_is_handed_over(self, kill: str) -> None:
        self.end(End.NEEDS_QA, Status.NEEDS_QA, kill)

    @precondition(lambda self: self.at(Step.WORKED, Step.PUSHED))
    @rule(kill=KILLS, again=st.booleans())
    def it_does_not_pass(self, kill: str, again: bool) -> None:
        row = Status.IN_PROGRESS if again else Status.FAILED
        self.end(End.VERIFICATION, row, kill)

    @precondition(lambda self: self.at(Step.STARTED, *WAY[:-2]))
    @rule(kill=KILLS)
    def something_outside_stops_it(self, kill: str) -> None:
        self.end(End.HELD_UP, Status.BLOCKED, kill)

    def end(self, end: End, row: Status, kill: str) -> None:
        """The job is over: its row is written, then its end is journalled."""
        assert self.job is not None
        model, job, self.job = self.model, self.job, None
        model.crashed = kill != "no"
        if kill == "before":
            return
        before, model.row = model.row, row
        if end is not End.HELD_UP and model.agent != "gave up":
            model.approved = False
        if before is Status.NEEDS_QA and row is not Status.NEEDS_QA:
            model.approved = False
        if row is Status.IN_PROGRESS and kill == "after":
            return  # nothing was written: that the row is tried again, the journal alone has
        if end is not End.HELD_UP:
            model.deliver = False
        if model.agent != "gave up":
            model.resume = end is End.VERIFICATION and kill == "no"
        if kill == "no":
            self.journal.end_attempt(job.id, end)
            model.journalled = True

    # A crash, and the next run.

    @precondition(lambda self: self.job is not None)
    @rule()
    def killed(self) -> None:
        self.job, self.model.crashed = None, True

    @precondition(lambda self: self.model.crashed and self.job is None)
    @rule()
    def recovers(self) -> None:
        model = self.model
        model.crashed = False
        for attempt in self.journal.open_attempts():
            self.left(attempt)
        if model.row is Status.IN_PROGRESS and self.job is None:
            model.row = Status.NOT_STARTED

    def left(self, attempt: Attempt) -> None:
        model = self.model
        after = after_crash(attempt, model.row)
        finished = model.agent == "finished"
        under_way = model.row is Status.IN_PROGRESS or (
            model.row is Status.NEEDS_QA and model.approved
        )
        assert (after is Turn.NOW) == (finished and under_way)
        assert (after is Turn.IN_TURN) == (finished and model.row is Status.NOT_STARTED)
        if after is Turn.NOW:
            assert model.deliver
            keeps = keeps_approval(attempt, model.row)
            assert keeps == model.approved
            self.job = attempt if keeps else self.journal.withdraw_approval(attempt.id)
        elif after is not Turn.IN_TURN:
            self.journal.end_attempt(attempt.id, after)
            model.journalled = True
            model.deliver = model.row is Status.BLOCKED and finished
            if model.agent != "gave up":
                cut_off = model.agent == "at work"
                written = model.row in (Status.BLOCKED, Status.FAILED, Status.NEEDS_QA, Status.DONE)
                model.resume = cut_off and not written

    # People. A row under way is refused to them.

    @precondition(lambda self: self.job is None and self.model.row is Status.NEEDS_QA)
    @rule()
    def approves(self) -> None:
        last = self.journal.last_attempt(self.task)
        assert last is not None
        assert may_be_approved(last)
        self.job = self.journal.take_up_attempt(last.id, approved=True)
        self.model.approved, self.model.deliver, self.model.journalled = True, True, False

    @precondition(
        lambda self: (
            self.job is None
            and self.model.row
            in (Status.NEEDS_QA, Status.FAILED, Status.BLOCKED, Status.IN_PROGRESS)
        )
    )
    @rule()
    def sets_back(self) -> None:
        """Rejects, retries, unblocks, or gives back."""
        model, last = self.model, self.journal.last_attempt(self.task)
        before, model.row = model.row, Status.NOT_STARTED
        model.approved = False
        end = None if last is None else by_person(last, before, Status.NOT_STARTED)
        if last is not None and end is not None:
            self.journal.end_attempt(last.id, end)
            model.journalled, model.resume = True, False
        if before is not Status.BLOCKED:
            model.deliver = model.merged = False

    @precondition(
        lambda self: self.job is None and self.model.row in (Status.NEEDS_QA, Status.NOT_STARTED)
    )
    @rule()
    def blocks(self) -> None:
        model = self.model
        model.row, model.approved = Status.BLOCKED, False
        if not model.journalled and model.agent == "finished":
            model.deliver = True

    # What holds at any time.

    @precondition(lambda self: self.model.row is Status.DONE and not self.model.crashed)
    @rule()
    def the_next_row(self) -> None:
        assert self.model.merged
        self.number += 1
        self.model = Model()

    @invariant()
    def at_most_one_is_open(self) -> None:
        found = self.journal.open_attempts()
        assert len(found) == (not self.model.journalled)
        assert self.job is None or [one.id for one in found] == [self.job.id]

    @invariant()
    def what_has_ended_stays_ended(self) -> None:
        last = self.journal.last_attempt(self.task)
        if last is not None and last.step is Step.ENDED:
            assert last.end is not None
            assert last.ended is not None
            with pytest.raises(StepError):
                self.journal.advance_attempt(last.id, Step.VERIFIED)


TestAttempts = Attempts.TestCase
TestAttempts.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
