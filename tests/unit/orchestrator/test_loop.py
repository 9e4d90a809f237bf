"""The loop, with the shipped fakes: no git, no files, no clock that anybody waits for."""

from __future__ import annotations

import threading
from datetime import timedelta
from sqlite3 import Row

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import MachineError, RowConflictError
from mission.journal import End, RequestKind, Step
from mission.journal.database import Database, Value
from mission.journal.kinds import DispatchBegan, StatusSet
from mission.outcome import Outcome
from mission.state import Status
from orchestrator.loop.events import FileChanged, StopRequested, Woken
from orchestrator.ports.assignment import Assignment, Todo
from orchestrator.ports.display import Progress, RecordingDisplay
from orchestrator.ports.ends import Again, TaskEnd
from policy.retry import Limit
from tests.unit.orchestrator.in_memory import InMemory, done, end, table


class Watcher:
    """Rows that end well; notes what was done when each began."""

    def __init__(self) -> None:
        self.mission: InMemory | None = None
        self.begun: list[str] = []
        self.most = 0
        self._live = 0
        self._lock = threading.Lock()

    def __call__(self, assignment: Assignment) -> TaskEnd:
        with self._lock:
            self._live += 1
            self.most = max(self.most, self._live)
            self.begun.append(assignment.task.id)
        try:
            return done(assignment)
        finally:
            with self._lock:
                self._live -= 1


@given(
    edges=st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=12),
    slots=st.integers(1, 4),
    bad=st.sets(st.integers(0, 7), max_size=3),
)
def test_every_row_runs_once_after_what_it_waits_for_and_none_after_a_failure(
    edges: list[tuple[int, int]], slots: int, bad: set[int]
) -> None:
    after = {n: sorted({a for a, b in edges if b == n and a < b}) for n in range(8)}
    lost: set[int] = set()  # rows that fail, or wait for one that does
    for n in range(8):
        if n in bad or lost & set(after[n]):
            lost.add(n)
    watcher = Watcher()

    def carry_out(assignment: Assignment) -> TaskEnd:
        well = watcher(assignment)
        if int(assignment.task.id[1:]) in bad:
            return end(assignment, Status.FAILED, End.FAILED, reason="it broke")
        return well

    text = table(*((f"R{n}", ", ".join(f"R{a}" for a in after[n])) for n in range(8)))
    mission = InMemory(text=text, carry_out=carry_out, slots=slots)
    mission.run()
    ran = [f"R{n}" for n in range(8) if n not in lost or (n in bad and not lost & set(after[n]))]
    assert sorted(watcher.begun) == ran
    assert watcher.most <= slots
    for n in range(8):
        for before in after[n]:
            if f"R{n}" in ran:
                assert watcher.begun.index(f"R{before}") < watcher.begun.index(f"R{n}")
    assert {name for name, status in mission.statuses().items() if status == "done"} == {
        f"R{n}" for n in range(8) if n not in lost
    }
    assert not mission.journal.open_attempts()


def test_a_row_is_tried_again_when_its_time_comes() -> None:
    def carry_out(assignment: Assignment) -> TaskEnd:
        if assignment.attempt.number < 3:
            at = mission.clock.now() + timedelta(seconds=3)
            number = assignment.attempt.id
            mission.journal.advance_attempt(number, Step.UNFINISHED, said=Outcome.CRASHED)
            return end(assignment, None, End.AS_SAID, reason="again", again=Again(at=at))
        return done(assignment)

    mission = InMemory(text=table(("A", "")), carry_out=carry_out)
    mission.run()
    assert mission.statuses() == {"A": "done"}
    assert [one.outcome for one in mission.attempts("A")] == ["crashed", "crashed", "success"]


def test_nothing_starts_while_the_mission_is_paused_and_the_rest_does_after_it() -> None:
    seen: list[str] = []

    def carry_out(assignment: Assignment) -> TaskEnd:
        seen.append(assignment.task.id)
        if assignment.task.id == "A":
            mission.holds.paused = True
            threading.Thread(target=go_on).start()
        return done(assignment)

    def go_on() -> None:
        resumed.wait()
        mission.holds.paused = False
        mission.events.put(FileChanged())

    class Listening(RecordingDisplay):
        def progress(self, progress: Progress) -> None:
            if progress.counts[Status.DONE] == 1 and not resumed.is_set():
                held.extend(seen)
                resumed.set()

    held: list[str] = []
    resumed = threading.Event()
    text = table(("A", ""), ("B", "A"))
    mission = InMemory(text=text, carry_out=carry_out, display=Listening(), slots=1)
    mission.run()
    assert (held, seen) == (["A"], ["A", "B"])
    assert mission.statuses() == {"A": "done", "B": "done"}


def test_a_limit_that_a_person_changes_counts_at_once_and_never_ends_a_row() -> None:
    second = threading.Event()
    live: list[str] = []
    most = 0

    def carry_out(assignment: Assignment) -> TaskEnd:
        nonlocal most
        task = assignment.task.id
        live.append(task)
        most = max(most, len(live))
        if task == "A":  # alone, until a person wants two
            mission.holds.slots = 2
            mission.events.put(Woken())
            assert second.wait(60)
        elif task == "B":
            mission.holds.slots = 1  # while two are live
            mission.events.put(Woken())
            second.set()
        live.remove(task)
        return done(assignment)

    text = table(("A", ""), ("B", ""), ("C", ""), ("D", "C"))
    mission = InMemory(text=text, carry_out=carry_out, slots=1)
    mission.run()
    assert set(mission.statuses().values()) == {"done"}
    assert most == 2
    assert [one.what.slots for one in mission.journal.events(DispatchBegan)] == [2, 1]


def test_a_stop_lets_nothing_new_start_and_leaves_the_attempt_open() -> None:
    def carry_out(assignment: Assignment) -> TaskEnd:
        mission.stop.request("Ctrl-C")
        mission.events.put(StopRequested())
        return end(assignment, None, None, said=Outcome.STOPPED, reason="stopped")

    mission = InMemory(text=table(("A", ""), ("B", "")), carry_out=carry_out, slots=1)
    mission.run()
    assert mission.statuses() == {"A": "in-progress", "B": "not-started"}
    assert [one.task for one in mission.journal.open_attempts()] == ["A"]


def test_why_a_run_ends_is_told_by_none_of_its_rows() -> None:
    """Four rows under way would tell it four times, and once more at the run's end."""
    together = threading.Barrier(4)

    def carry_out(assignment: Assignment) -> TaskEnd:
        if not together.wait(60):
            mission.stop.request("Ctrl-C was pressed")
            mission.events.put(StopRequested())
        assert mission.stop.wait(60)
        reason = "worker: stopped: Ctrl-C was pressed"
        return end(assignment, Status.NOT_STARTED, End.STOPPED, reason=reason, word=reason)

    text = table(*((name, "") for name in "ABCD"))
    mission = InMemory(text=text, carry_out=carry_out, slots=4)
    mission.run()
    told = [*mission.display.said, *(task.notes for task in mission.board.plan.tasks)]
    assert len([line for line in told if "stopped with the run" in line]) == 8
    assert not any("Ctrl-C" in line for line in told)


def test_what_another_row_ends_for_is_told_though_the_run_stops_already() -> None:
    """... and a row that a person has to look at is not said to go on by itself."""
    why = {"A": "the remote is away", "B": "Ctrl-C was pressed in the gate"}

    def carry_out(assignment: Assignment) -> TaskEnd:
        mission.stop.request("Ctrl-C was pressed")
        mission.events.put(StopRequested())
        task = assignment.task.id
        if task == "A":
            reason = why[task]
            return end(assignment, Status.NOT_STARTED, End.STOPPED, reason=reason, fatal=True)
        return end(assignment, Status.BLOCKED, End.HELD_UP, reason=why[task])

    together = threading.Barrier(2)

    def both(assignment: Assignment) -> TaskEnd:
        together.wait(60)
        return carry_out(assignment)

    mission = InMemory(text=table(("A", ""), ("B", "")), carry_out=both)
    mission.run()
    assert mission.statuses() == {"A": "not-started", "B": "blocked"}
    said = "\n".join(mission.display.said)
    assert all(reason in said for reason in why.values())
    assert "stopped with the run" not in said


def test_why_the_run_ends_is_not_lost_where_a_person_stopped_that_row() -> None:
    def carry_out(assignment: Assignment) -> TaskEnd:
        mission.journal.submit_request(RequestKind.STOP, "A", by="somebody@here")
        mission.events.put(Woken())
        assert assignment.stop.wait(60)
        reason = "the remote is away"
        return end(assignment, Status.NOT_STARTED, End.STOPPED, reason=reason, fatal=True)

    mission = InMemory(text=table(("A", "")), carry_out=carry_out)
    mission.run()
    assert mission.statuses() == {"A": "blocked"}
    assert mission.stop.reason == "the remote is away"


def test_a_time_that_was_told_by_the_clock_as_it_is_now_is_not_moved() -> None:
    moved: list[bool] = []

    def carry_out(assignment: Assignment) -> TaskEnd:
        if assignment.attempt.number > 1:
            return done(assignment)
        mission.clock.set = -timedelta(days=1)
        again = Again(at=mission.clock.now() + timedelta(minutes=1))
        mission.journal.advance_attempt(
            assignment.attempt.id, Step.UNFINISHED, said=Outcome.CRASHED
        )
        return end(assignment, None, End.AS_SAID, reason="again", again=again)

    mission = InMemory(text=table(("A", "")), carry_out=carry_out)
    clock_set = mission.admission.clock_set

    def watched(by: timedelta) -> None:
        moved.append(bool(mission.admission.delays))
        clock_set(by)

    mission.admission.clock_set = watched  # type: ignore[method-assign]
    mission.run()
    assert moved == [False]
    assert mission.statuses() == {"A": "done"}


def test_a_row_that_somebody_sets_by_hand_while_it_is_under_way_stops_the_run() -> None:
    def carry_out(assignment: Assignment) -> TaskEnd:
        if assignment.task.id == "B":
            begun.wait()
            mission.file.text = mission.file.text.replace("| B | in-progress", "| B | blocked")
            mission.events.put(FileChanged())
            mission.stop.wait()
            return end(assignment, None, None, said=Outcome.STOPPED)
        return done(assignment)

    def note() -> None:
        if mission.statuses()["B"] == "in-progress":
            begun.set()

    begun = threading.Event()
    text = table(("A", ""), ("B", "A"))
    mission = InMemory(text=text, carry_out=carry_out, on_written=note)
    with pytest.raises(RowConflictError, match="B is under way, but its row was set to blocked"):
        mission.run()
    assert mission.statuses() == {"A": "done", "B": "blocked"}


def test_what_people_ask_is_applied_and_answered_once_it_is_written() -> None:
    mission = InMemory(text=table(("A", ""), status="failed"))
    request = mission.journal.submit_request(RequestKind.RETRY, "A", by="somebody@here")
    mission.events.put(Woken())
    mission.run()
    assert mission.statuses() == {"A": "done"}
    answered = mission.journal.request(request)
    assert (answered.finished is not None, answered.error) == (True, None)


def test_a_request_is_answered_in_the_instant_that_journals_what_it_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A clone that goes on with what was known between the two would refuse what was applied."""
    mission = InMemory(text=table(("A", ""), status="failed"))
    number = mission.journal.submit_request(RequestKind.RETRY, "A", by="somebody@here")
    known: list[tuple[bool, bool]] = []
    rows = Database.rows

    def watched(database: Database, statement: str, **values: Value) -> list[Row]:
        found = rows(database, statement, **values)
        if not database._connection.in_transaction and not statement.startswith("SELECT"):
            set_by = [one.what.by for one in mission.journal.events(StatusSet, task="A")]
            known.append(("person" in set_by, mission.journal.request(number).finished is not None))
        return found

    monkeypatch.setattr(Database, "rows", watched)
    mission.events.put(Woken())
    mission.run()
    assert set(known) == {(False, False), (True, True)}


def test_only_the_selected_rows_start() -> None:
    todo = Todo(selected=frozenset({"A"}))
    mission = InMemory(text=table(("A", ""), ("B", "")), todo=todo)
    mission.run()
    assert mission.statuses() == {"A": "done", "B": "not-started"}


def test_a_bug_in_a_job_is_raised_after_everything_else_has_ended() -> None:
    def carry_out(assignment: Assignment) -> TaskEnd:
        if assignment.task.id == "A":
            raise ZeroDivisionError
        mission.stop.wait()
        return done(assignment)

    mission = InMemory(text=table(("A", ""), ("B", "")), carry_out=carry_out)
    with pytest.raises(ZeroDivisionError):
        mission.run()
    assert mission.statuses()["B"] == "done"


def test_a_provider_at_its_limit_rests_for_all_rows_and_burns_no_attempt() -> None:
    limit = Limit(outcome=Outcome.RATE_LIMIT)
    asked: list[str] = []

    def carry_out(assignment: Assignment) -> TaskEnd:
        asked.append(assignment.task.id)
        if len(asked) == 1:
            again = Again(at=mission.clock.now() + timedelta(seconds=30), limit=limit)
            return end(assignment, None, End.AS_SAID, said=Outcome.RATE_LIMIT, again=again)
        return done(assignment)

    mission = InMemory(text=table(("A", ""), ("B", "")), carry_out=carry_out, slots=1)
    mission.run()
    assert asked == ["A", "A", "B"]
    assert mission.statuses() == {"A": "done", "B": "done"}


def test_a_limit_of_the_budget_keeps_rows_from_starting_and_says_so_once() -> None:
    def carry_out(assignment: Assignment) -> TaskEnd:
        mission.journal.update_attempt(assignment.attempt.id, input_tokens=900, output_tokens=0)
        return done(assignment)

    mission = InMemory(
        text=table(("A", ""), ("B", "")),
        carry_out=carry_out,
        config={"budget": {"mission": {"tokens": 1500}}},
        slots=1,
    )
    mission.run()
    assert sorted(mission.statuses().values()) == ["done", "not-started"]
    assert len([line for line in mission.display.said if "budget" in line]) == 1


def test_what_is_under_way_ends_for_a_while_before_another_clone_may_begin_it() -> None:
    """What is finished goes on in its attempt, what is not begins again, what is approved stays."""
    seen: list[tuple[str, int]] = []

    def carry_out(assignment: Assignment) -> TaskEnd:
        task, attempt = assignment.task.id, assignment.attempt
        seen.append((task, attempt.number))
        if seen.count((task, 1)) > 1 or attempt.number > 1:
            return done(assignment)
        if task == "A":
            mission.journal.advance_attempt(attempt.id, Step.ANSWERED)
            mission.journal.advance_attempt(attempt.id, Step.WORKED, head="1" * 40)
            mission.holds.yields = mission.holds.away = True
            mission.events.put(Woken())
        assert assignment.stop.wait(60)
        assert assignment.stop.held_back
        if task == "B":
            mission.journal.advance_attempt(attempt.id, Step.UNFINISHED, said=Outcome.STOPPED)
            return end(assignment, Status.NOT_STARTED, End.AS_SAID)
        mission.holds.yields = mission.holds.away = False
        return end(assignment, None, None, again=Again(at=mission.clock.now()))

    mission = InMemory(text=table(("A", ""), ("B", "")), carry_out=carry_out)
    mission.run()
    assert mission.statuses() == {"A": "done", "B": "done"}
    assert sorted(seen) == [("A", 1), ("A", 1), ("B", 1), ("B", 2)]


def test_the_loop_waits_while_the_remote_is_away() -> None:
    def carry_out(assignment: Assignment) -> TaskEnd:
        if assignment.attempt.number > 1:
            return done(assignment)
        mission.holds.yields = mission.holds.away = True
        mission.events.put(Woken())
        assert assignment.stop.wait(60)
        mission.journal.advance_attempt(
            assignment.attempt.id, Step.UNFINISHED, said=Outcome.STOPPED
        )
        return end(assignment, Status.NOT_STARTED, End.AS_SAID)

    def back() -> None:
        if mission.statuses() == {"A": "not-started"}:
            mission.holds.yields = mission.holds.away = False
            mission.events.put(Woken())

    mission = InMemory(text=table(("A", "")), carry_out=carry_out, on_written=back)
    mission.run()
    assert mission.statuses() == {"A": "done"}


def test_a_row_without_memory_is_told_in_a_line_and_left_for_the_next_run() -> None:
    def gets_none(_assignment: Assignment) -> TaskEnd:
        raise MemoryError

    mission = InMemory(text=table(("A", ""), ("B", "A")), carry_out=gets_none)
    with pytest.raises(MachineError, match="A got no memory") as met:
        mission.run()
    assert "`ulimit -v`" in met.value.hint
    assert mission.statuses() == {"A": "in-progress", "B": "not-started"}
