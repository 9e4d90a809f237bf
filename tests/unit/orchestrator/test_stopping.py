"""One row that a person stops while the loop goes on with the others."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import timedelta

import pytest

from errors import StoppedError, TransitionError
from mission.journal import End, RequestKind, Step
from mission.journal.kinds import StatusSet
from mission.outcome import Outcome
from mission.state import Actor, Status
from orchestrator.loop.events import Woken
from orchestrator.loop.stopping import Stopping
from orchestrator.ports.assignment import Assignment
from orchestrator.ports.ends import Again, TaskEnd
from orchestrator.ports.row_stop import RowStop
from tests.unit.orchestrator.in_memory import InMemory, done, end, table
from workspace.heeding import heeded, heeding
from workspace.process import Stop

WORD = "[mission: stopped by ann; `mission unblock A` goes on]"


class Stopped:
    """A mission in which A is at work until somebody stops it, and B asks for that."""

    def __init__(
        self,
        *,
        asks: int = 1,
        note: str | None = None,
        kind: RequestKind = RequestKind.STOP,
        others: Sequence[tuple[RequestKind, str]] = (),
        closes: str = "",
    ) -> None:
        """`closes`: as A ends, its run closes for this."""
        self._closes = closes
        self.numbers: list[int] = []
        self._asked = [*([(kind, note)] * asks), *others]
        self._begun = threading.Event()
        self.mission = InMemory(
            text=table(("A", ""), ("B", ""), ("C", "B")), carry_out=self.carry_out
        )

    def carry_out(self, assignment: Assignment) -> TaskEnd:
        match assignment.task.id, assignment.attempt.number:
            case "A", 1:
                self._begun.set()
                assignment.stop.wait()
                attempt = assignment.attempt.id
                self.mission.journal.advance_attempt(
                    attempt, Step.UNFINISHED, said=Outcome.STOPPED, session="s-1"
                )
                released = (Status.NOT_STARTED, End.AS_SAID)
                if self._closes:
                    return end(assignment, *released, reason=self._closes, closes=True)
                return end(assignment, *released, said=Outcome.STOPPED, reason="stopped")
            case "B", _:
                self._begun.wait()
                for kind, note in self._asked:
                    self.numbers.append(
                        self.mission.journal.submit_request(kind, "A", by="ann@here", note=note)
                    )
                self.mission.events.put(Woken())
        return done(assignment)


def test_the_row_is_blocked_and_no_other_row_is_disturbed() -> None:
    stopped = Stopped()
    mission = stopped.mission
    mission.run()
    assert mission.statuses() == {"A": "blocked", "B": "done", "C": "done"}
    assert mission.file.read().task("A").notes == WORD
    (attempt,) = mission.attempts("A")
    assert (attempt.end, attempt.outcome) == (End.BY_PERSON, "stopped")
    answered = mission.journal.request(stopped.numbers[0])
    assert (answered.finished is not None, answered.error) == (True, None)
    assert not mission.stop.requested


def test_what_the_run_closes_for_is_told_though_the_row_was_stopped_meanwhile() -> None:
    """The disk that was full as its attempt ended: a person who stopped it is heeded as well."""
    mission = Stopped(closes="No space left on device (/plan)").mission
    mission.run()
    assert mission.stop.reason == "No space left on device (/plan)"
    assert mission.statuses()["A"] == "blocked"
    assert mission.file.read().task("A").notes == WORD


def test_after_unblock_its_session_goes_on() -> None:
    mission = Stopped().mission
    mission.run()
    mission.journal.submit_request(RequestKind.UNBLOCK, "A", by="ann@here")
    mission.admission = mission.admission_of(mission.todo)
    mission.run()
    assert mission.statuses()["A"] == "done"
    assert [one.session for one in mission.attempts("A")] == ["s-1", "s-1"]


def test_a_row_that_is_stopped_to_be_tried_again_goes_on_in_the_same_run() -> None:
    stopped = Stopped(note="in short", kind=RequestKind.STOP_RETRY)
    mission = stopped.mission
    mission.run()
    assert mission.statuses() == {"A": "done", "B": "done", "C": "done"}
    assert [one.session for one in mission.attempts("A")] == ["s-1", "s-1"]
    told = mission.journal.events(StatusSet, task="A")
    words = [one.what.reason for one in told if one.what.by == Actor.PERSON]
    assert words == ["unblock by ann@here"]
    assert mission.journal.request(stopped.numbers[0]).error is None


def test_who_asks_at_once_for_another_try_is_heeded() -> None:
    retry = RequestKind.STOP_RETRY
    stopped = Stopped(note="in short", kind=retry, others=[(retry, "in cents")])
    mission = stopped.mission
    mission.run()
    assert [mission.journal.request(one).error for one in stopped.numbers] == [None, None]
    assert mission.statuses()["A"] == "done"
    assert len(mission.attempts("A")) == 2


@pytest.mark.parametrize("first", [RequestKind.STOP, RequestKind.STOP_RETRY])
def test_a_row_that_somebody_wants_to_stay_stopped_does_not_start_again(first: RequestKind) -> None:
    (other,) = {RequestKind.STOP, RequestKind.STOP_RETRY} - {first}
    stopped = Stopped(kind=first, others=[(other, "no")])
    mission = stopped.mission
    mission.run()
    assert mission.statuses() == {"A": "blocked", "B": "done", "C": "done"}
    errors = {
        one.kind: one.error
        for one in (mission.journal.request(number) for number in stopped.numbers)
    }
    assert errors[RequestKind.STOP] is None
    assert "A stays stopped, as ann@here asked" in str(errors[RequestKind.STOP_RETRY])


def test_a_run_that_was_killed_after_the_stop_lets_the_next_one_start_the_row_again() -> None:
    mission = Stopped().mission
    mission.run()
    number = mission.journal.submit_request(
        RequestKind.STOP_RETRY, "A", note="in short", by="ann@here"
    )
    mission.admission = mission.admission_of(mission.todo)
    mission.run()
    assert mission.statuses()["A"] == "done"
    assert mission.journal.request(number).error is None


def test_who_asks_twice_is_answered_twice_and_the_row_is_stopped_once() -> None:
    stopped = Stopped(asks=2, note="wrong branch")
    mission = stopped.mission
    mission.run()
    assert [mission.journal.request(one).error for one in stopped.numbers] == [None, None]
    assert len(mission.attempts("A")) == 1
    assert "goes on: wrong branch" in mission.file.read().task("A").notes


def test_a_row_that_ends_before_it_heeds_the_stop_keeps_its_end() -> None:
    begun = threading.Event()
    numbers: list[int] = []

    def carry_out(assignment: Assignment) -> TaskEnd:
        if assignment.task.id == "A":
            begun.set()
            assignment.stop.wait()
        else:
            begun.wait()
            numbers.append(mission.journal.submit_request(RequestKind.STOP, "A", by="ann@here"))
            mission.events.put(Woken())
        return done(assignment)

    mission = InMemory(text=table(("A", ""), ("B", "")), carry_out=carry_out)
    mission.run()
    assert mission.statuses() == {"A": "done", "B": "done"}
    assert mission.journal.request(numbers[0]).error == "A had ended before: it is done"


@pytest.mark.parametrize(
    ("kind", "status"), [(RequestKind.STOP, "blocked"), (RequestKind.STOP_RETRY, "done")]
)
def test_what_waits_for_its_next_try_is_stopped_too(kind: RequestKind, status: str) -> None:
    numbers: list[int] = []

    def carry_out(assignment: Assignment) -> TaskEnd:
        if assignment.task.id == "A" and not numbers:
            for step in (Step.ANSWERED, Step.WORKED, Step.VERIFIED):
                mission.journal.advance_attempt(assignment.attempt.id, step)
            again = Again(at=mission.clock.now() + timedelta(days=3650))
            return end(assignment, None, End.REVIEW, reason="again", again=again)
        if assignment.task.id == "B":
            numbers.append(mission.journal.submit_request(kind, "A", by="ann@here"))
            mission.events.put(Woken())
        return done(assignment)

    mission = InMemory(text=table(("A", ""), ("B", "")), carry_out=carry_out, slots=1)
    mission.run()
    assert mission.statuses() == {"A": status, "B": "done"}
    assert (mission.file.read().task("A").notes == WORD) == (kind is RequestKind.STOP)
    assert mission.journal.request(numbers[0]).error is None


@pytest.mark.parametrize("with_a_stop", [False, True])
def test_what_waits_is_stopped_for_all_who_ask_at_once(with_a_stop: bool) -> None:
    numbers: list[int] = []
    kinds = [RequestKind.STOP_RETRY, RequestKind.STOP if with_a_stop else RequestKind.STOP_RETRY]

    def carry_out(assignment: Assignment) -> TaskEnd:
        if assignment.task.id == "A" and not numbers:
            for step in (Step.ANSWERED, Step.WORKED, Step.VERIFIED):
                mission.journal.advance_attempt(assignment.attempt.id, step)
            again = Again(at=mission.clock.now() + timedelta(days=3650))
            return end(assignment, None, End.REVIEW, reason="again", again=again)
        if assignment.task.id == "B":
            numbers.extend(
                mission.journal.submit_request(kind, "A", by="ann@here") for kind in kinds
            )
            mission.events.put(Woken())
        return done(assignment)

    mission = InMemory(text=table(("A", ""), ("B", "")), carry_out=carry_out, slots=1)
    mission.run()
    assert mission.statuses() == {"A": "blocked" if with_a_stop else "done", "B": "done"}
    refused = [mission.journal.request(one).error is not None for one in numbers]
    assert refused == [with_a_stop, False]


@pytest.mark.parametrize("kind", [RequestKind.STOP, RequestKind.STOP_RETRY])
@pytest.mark.parametrize("status", ["not-started", "blocked", "done"])
def test_a_row_that_nobody_is_at_is_refused_with_what_it_is(status: str, kind: RequestKind) -> None:
    """As for a request that a run left behind which was killed before it answered."""
    text = table(("A", "B"), ("B", ""), status="failed").replace("| A | failed", f"| A | {status}")
    mission = InMemory(text=text)
    number = mission.journal.submit_request(kind, "A", by="ann@here")
    mission.run()
    error = mission.journal.request(number).error
    assert error is not None
    assert error.startswith(f"A is {status}: stop is for rows that are under way")
    assert mission.statuses() == {"A": status, "B": "failed"}


def test_what_merges_is_not_stopped() -> None:
    mission = InMemory(text=table(("A", "")))
    number = mission.journal.submit_request(RequestKind.STOP, "A", by="ann@here")
    stop = RowStop()
    stop.pass_by()
    with pytest.raises(TransitionError, match="A is merging: the base may have moved"):
        Stopping().stop(mission.journal.request(number), stop)
    assert not stop.requested


def test_a_row_that_was_stopped_does_not_begin_to_merge() -> None:
    stop = RowStop()
    assert stop.stop_row("ann")
    with pytest.raises(StoppedError, match="stopped by ann"):
        stop.pass_by()


def test_the_run_stops_its_rows_at_any_time() -> None:
    run, row = Stop(), RowStop()
    row.pass_by()
    with run.passing_on(row):
        run.request("Ctrl-C was pressed")
    assert (row.requested, row.reason, row.alone) == (True, "Ctrl-C was pressed", False)
    row.heed_own()


def test_a_row_that_is_held_back_does_not_begin_to_merge() -> None:
    stop = RowStop()
    stop.hold_back("the remote is away")
    assert (stop.requested, stop.held_back, stop.interrupted) == (True, True, False)
    with pytest.raises(StoppedError, match="the remote is away"):
        stop.pass_by()


def test_what_is_merging_or_ends_already_is_not_held_back() -> None:
    merging, stopped = RowStop(), RowStop()
    merging.pass_by()
    merging.hold_back("the remote is away")
    assert not merging.requested
    assert stopped.stop_row("ann")
    stopped.hold_back("the remote is away")
    assert (stopped.held_back, stopped.reason) == (False, "stopped by ann")


def test_git_heeds_the_stop_of_the_row_that_it_works_for() -> None:
    """Not the run's alone: who stops one row does not wait for its commands."""
    own = Stop()
    seen: dict[str, tuple[Stop | None, RowStop]] = {}

    def carry_out(assignment: Assignment) -> TaskEnd:
        seen[assignment.task.id] = heeded(own), assignment.stop
        with heeding(None):  # who leads the merge queue works for others, too
            assert heeded(own) is own
        return done(assignment)

    InMemory(text=table(("A", ""), ("B", "")), carry_out=carry_out).run()
    assert {name: found is stop for name, (found, stop) in seen.items()} == {"A": True, "B": True}
    assert heeded(own) is own
