"""The journal: what goes in comes out."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from errors import JournalError
from mission.journal import Attempt, End, Journal, RequestKind, Step
from mission.journal.kinds import GateAnswered, IssueClosed, Other, Pushed, RequestAnswered
from mission.journal.stored import data_of
from mission.outcome import Outcome
from mission.steps import StepError
from workspace.redact import Redactor


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(tmp_path / "state" / "journal.sqlite") as opened:
        yield opened


def start_run(journal: Journal, engine_run: str | None = None) -> int:
    return journal.start_run(
        mission="M", host="here", pid=1, pid_started=2.5, engine_run=engine_run
    )


def start_attempt(journal: Journal, run: int, task: str = "T-1", agent: str = "codex") -> Attempt:
    return journal.start_attempt(
        run=run,
        task=task,
        agent=agent,
        branch="feat/x",
        base_commit="b" * 40,
        worktree="/w",
        log="/l",
        route="named in the row",
    )


def test_runs_begin_and_end(journal: Journal) -> None:
    first, second = start_run(journal), start_run(journal, "quiet-otter")
    journal.end_run(first, "done")
    journal.end_run(first, "again")
    (still_open,) = journal.open_runs()
    assert (still_open.id, still_open.engine_run) == (second, "quiet-otter")
    assert still_open.pid_started == 2.5
    last = journal.last_run()
    assert last is not None
    assert last.id == second
    assert journal.runs()[0].outcome == "done"


def test_attempts_are_numbered_within_their_task(journal: Journal) -> None:
    run = start_run(journal)
    attempts = [start_attempt(journal, run, task) for task in ("A", "A", "B", "A")]
    assert [attempt.number for attempt in attempts] == [1, 2, 1, 3]
    assert attempts[0].step is Step.STARTED
    assert attempts[0].started.tzinfo is UTC
    last = journal.last_attempt("A")
    assert last == attempts[3]
    assert journal.last_attempt("C") is None
    assert journal.attempts("A") == [attempts[0], attempts[1], attempts[3]]


def test_an_attempt_goes_through_its_steps(journal: Journal) -> None:
    attempt = start_attempt(journal, start_run(journal))
    attempt = journal.advance_attempt(attempt.id, Step.ANSWERED, said=Outcome.SUCCESS)
    assert (attempt.step, attempt.said, attempt.outcome) == (Step.ANSWERED, "success", "success")
    attempt = journal.advance_attempt(attempt.id, Step.WORKED, head="h", input_tokens=7)
    assert (attempt.step, attempt.head, attempt.input_tokens) == (Step.WORKED, "h", 7)
    for step in (Step.VERIFIED, Step.PUSHED):
        journal.advance_attempt(attempt.id, step)
    attempt = journal.advance_attempt(attempt.id, Step.MERGING, squash="s", merge_base="m")
    assert journal.open_attempts() == [attempt]
    attempt = journal.end_attempt(attempt.id, End.SUCCESS, "merged", cost_usd=0.25, exit_code=0)
    assert attempt.step is Step.ENDED
    assert attempt.ended is not None
    assert (attempt.outcome, attempt.reason, attempt.squash) == ("success", "merged", "s")
    assert journal.open_attempts() == []
    assert journal.attempts() == [attempt]


def test_an_approved_attempt_is_taken_up_again(journal: Journal) -> None:
    attempt = start_attempt(journal, start_run(journal))
    journal.advance_attempt(attempt.id, Step.ANSWERED, said=Outcome.NEEDS_QA)
    journal.end_attempt(attempt.id, End.NEEDS_QA, "a person must look", head="h")
    attempt = journal.take_up_attempt(attempt.id, approved=True)
    assert (attempt.step, attempt.head, attempt.outcome) == (Step.WORKED, "h", None)
    assert (attempt.said, attempt.approved, attempt.reason) == (Outcome.NEEDS_QA, True, "")
    assert journal.open_attempts() == [attempt]


def test_what_may_not_follow_is_refused_and_changes_nothing(journal: Journal) -> None:
    attempt = start_attempt(journal, start_run(journal))
    with pytest.raises(StepError, match="is started, and cannot come to merging"):
        journal.advance_attempt(attempt.id, Step.MERGING)
    with pytest.raises(StepError, match="cannot come to conflict"):
        journal.end_attempt(attempt.id, End.CONFLICT)
    with pytest.raises(StepError, match="cannot come to worked"):
        journal.take_up_attempt(attempt.id)
    with pytest.raises(KeyError):
        journal.advance_attempt(99, Step.ANSWERED)
    assert journal.attempt(attempt.id) == attempt


def test_fields_that_do_not_exist_or_never_change_are_refused(journal: Journal) -> None:
    attempt = start_attempt(journal, start_run(journal))
    for name in ("colour", "task", "ended", "step", "end", "said", "approved", "id = 1 --"):
        with pytest.raises(TypeError, match="cannot be changed"):
            journal.update_attempt(attempt.id, **dict[str, Any]({name: "x"}))
    with pytest.raises(KeyError):
        journal.update_attempt(99, head="x")
    assert journal.update_attempt(attempt.id) == attempt


def test_events_are_found_by_task_kind_and_number(journal: Journal) -> None:
    run = start_run(journal)
    attempt = start_attempt(journal, run)
    answered = GateAnswered(gate="guard", purpose="push", state="clear")
    pushed = Pushed(branch="feat/x", commit="c" * 40)
    first = journal.record(answered, run=run, task="T-1", attempt=attempt.id)
    second = journal.record(pushed, task="T-2")
    assert [event.id for event in journal.events()] == [first, second]
    assert [event.id for event in journal.events(limit=1)] == [first]
    (gate,) = journal.events(task="T-1")
    assert (gate.what, gate.run, gate.attempt) == (answered, run, attempt.id)
    assert journal.events(attempt=attempt.id) == [gate]
    assert [event.what.commit for event in journal.events(Pushed)] == ["c" * 40]
    assert journal.events(Pushed, task="T-1") == []
    assert journal.events(after=second) == []


def test_requests_are_handed_over_once(journal: Journal) -> None:
    one = journal.submit_request("approve", "T-1", note="looks good", by="ann@here")
    two = journal.submit_request(RequestKind.SET, "T-2", status="blocked", by="ann@here")
    assert [request.id for request in journal.pending_requests()] == [one, two]
    journal.finish_request(one, None)
    journal.finish_request(two, "the row changed")
    journal.finish_request(two, "said twice")
    assert journal.pending_requests() == []
    assert journal.request(one).error is None
    assert journal.request(two).error == "the row changed"
    approve, other = (event.what for event in journal.events(RequestAnswered))
    assert (approve.asked, approve.by) == ("approve", "ann@here")
    assert (approve.error, other.error) == (None, "the row changed")
    with pytest.raises(KeyError):
        journal.request(99)
    with pytest.raises(ValueError, match="not a valid RequestKind"):
        journal.submit_request("destroy", "T-1", by="x")


def test_what_belongs_together_is_written_together_or_not_at_all(journal: Journal) -> None:
    def write_and_fail() -> None:
        with journal._database.together():
            journal.record(Other(kind="note"))
            raise KeyError

    with pytest.raises(KeyError):
        write_and_fail()
    assert journal.events() == []
    number = journal.submit_request("retry", "T-1", by="x")
    journal._database.rows("DROP TABLE events")
    with pytest.raises(JournalError):
        journal.finish_request(number)
    assert [request.id for request in journal.pending_requests()] == [number]


def test_sums_over_attempts(journal: Journal) -> None:
    first, second = start_run(journal), start_run(journal)
    for run, task, tokens, cost in (
        (first, "A", 100, 0.5),
        (first, "B", 10, None),
        (second, "A", 1, 0.25),
    ):
        attempt = start_attempt(journal, run, task)
        journal.end_attempt(attempt.id, End.SUCCESS, input_tokens=tokens, cost_usd=cost)
    start_attempt(journal, second, "C")
    everything = journal.spent()
    assert (everything.attempts, everything.tokens, everything.cost_usd) == (4, 111, 0.75)
    assert everything.unpriced == 1
    assert journal.spent("A").tokens == 101
    assert journal.spent(run=second).tokens == 1
    assert journal.spent("absent").cost_usd is None
    assert journal.spent(since=datetime.now(UTC) + timedelta(hours=1)).attempts == 1
    assert journal.spent_by_task()["B"].tokens == 10


def test_claims_beyond_reason_do_not_break_the_sums(journal: Journal) -> None:
    run = start_run(journal)
    for task in "ABC":
        attempt = start_attempt(journal, run, task)
        journal.end_attempt(attempt.id, End.SUCCESS, input_tokens=10**30, output_tokens=-5)
    assert journal.spent().tokens == 3 * 10**12
    attempt = journal.update_attempt(attempt.id, cost_usd=float("nan"))
    assert attempt.cost_usd is None


HOSTILE = ["a\nb\r\n\x1b[2Jc\x00d", "'; DROP TABLE runs; --", "x" * 1_000_000, "\u2028 🚀 漢字"]


@pytest.mark.parametrize("text", HOSTILE, ids=["control", "sql", "long", "wide"])
def test_any_text_comes_back_as_it_was(journal: Journal, text: str) -> None:
    attempt = start_attempt(journal, start_run(journal), task=text)
    attempt = journal.end_attempt(attempt.id, End.FAILED, text, summary=text)
    assert journal.last_attempt(text) == attempt
    assert (attempt.task, attempt.reason, attempt.summary) == (text, text, text)
    journal.record(IssueClosed(number=1, closed=True), task=text)
    note = Other(kind="note", data={"text": text})
    journal.record(note, task=text)
    assert [event.what for event in journal.events(task=text)][1:] == [note]
    journal.submit_request("retry", text, note=text, by=text)
    assert journal.pending_requests()[0].note == text


def test_bytes_that_were_no_utf_8_are_stored_readably(journal: Journal) -> None:
    attempt = start_attempt(journal, start_run(journal), task="T-\udcff")
    assert attempt.task == "T-\\udcff"
    assert journal.last_attempt("T-\udcff") == attempt
    assert start_attempt(journal, attempt.run, task="T-\udcff").number == 2


def test_secrets_are_taken_out_of_free_text(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with Journal.open(path, redact=lambda text: text.replace("hunter2", "***")) as journal:
        attempt = start_attempt(journal, start_run(journal))
        journal.update_attempt(attempt.id, summary="hunter2")
        journal.end_attempt(attempt.id, End.FAILED, "said hunter2")
        journal.record(Other(kind="note", data={"detail": {"deep": ["hunter2"]}}))
        number = journal.submit_request("retry", "T-1", note="hunter2", by="x")
        journal.finish_request(number, "hunter2")
    assert b"hunter2" not in path.read_bytes()


def test_the_runner_s_own_redaction_keeps_events_readable(tmp_path: Path) -> None:
    redactor = Redactor(['hun"ter\\2é', "ghp_" + "a" * 30])
    with Journal.open(tmp_path / "journal.sqlite", redact=redactor.text) as journal:
        told = 'say hun"ter\\2é, https://me:pw12345@host/x, \ud800 \udcff'
        more = [{"key": "ghp_" + "a" * 30}]
        journal.record(Other(kind="note", data={"told": told, "more": more}))
        (event,) = journal.events()
    assert data_of(event.what) == {
        "told": "say [secret], https://[secret]@host/x, \ud800 \udcff",
        "more": [{"key": "[secret]"}],
    }
    assert redactor.text("\ud800") == "\ud800"


def test_a_journal_that_does_not_exist_reads_as_empty(tmp_path: Path) -> None:
    path = tmp_path / "absent" / "journal.sqlite"
    with Journal.open_to_read(path) as journal:
        assert journal.attempts() == []
        assert journal.last_run() is None
    assert not path.parent.exists()


def test_a_reader_sees_what_a_writer_has_just_written(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with Journal.open(path) as writer, Journal.open_to_read(path) as reader:
        attempt = start_attempt(writer, start_run(writer))
        assert reader.attempts() == [attempt]
        with pytest.raises(JournalError, match="readonly"):
            start_run(reader)


def test_another_format_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    Journal.open(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    for open_journal in (Journal.open, Journal.open_to_read):
        with pytest.raises(JournalError, match="format 99") as caught:
            open_journal(path)
        assert "Update the mission runner" in caught.value.hint


def test_another_program_s_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    with pytest.raises(JournalError, match="not a journal"):
        Journal.open(path)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_text("not a database, but long enough to look like one\n" * 50)
    for open_journal in (Journal.open, Journal.open_to_read):
        with pytest.raises(JournalError, match="not a database") as caught:
            open_journal(path)
        assert "mission verify --new-journal" in caught.value.hint
