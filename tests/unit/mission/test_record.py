"""What goes along to other clones: out, in, out; and what somebody else wrote is not believed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from errors import JournalError
from mission.answers import UNSIGNED, Answer, RowAnswer, answers_bytes
from mission.journal import Attempt, End, Journal, Step
from mission.journal.kinds import (
    AgentEnded,
    GateAnswered,
    Merged,
    Other,
    Pushed,
    RequestAnswered,
    StatusSet,
    UsageBooked,
)
from mission.outcome import Outcome
from mission.record.files import VERSION, RecordError, from_files, to_files
from orchestrator.continuing.record import CarriedRecord
from orchestrator.letters.answered import Answered
from orchestrator.ports.display import RecordingDisplay
from policy.review import ReviewVerdict
from tasks_md.plan_file import PlanFile
from workspace.redact import Redactor

_HEAD = "a" * 40


class Unread:
    """A task file of which nothing is committed."""

    def read(self) -> None:
        return None


class Clone:
    """A journal on a machine of its own; its clock goes on with each look."""

    def __init__(self, name: str, journal: Journal | None = None) -> None:
        self.name = name
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self._opened = Journal.in_memory(clock=self._tick) if journal is None else journal
        self.journal = self._opened.in_run(
            self._opened.start_run(mission="M", host=name, pid=7, pid_started=1.0)
        )

    def _tick(self) -> datetime:
        self.now += timedelta(microseconds=sum(map(ord, self.name)))
        return self.now

    def begin(self, task: str = "T-1", agent: str = "codex") -> Attempt:
        return self.journal.start_attempt(
            task=task,
            agent=agent,
            branch="feat/x",
            base_commit="b" * 40,
            worktree=f"/{self.name}/w",
            log=f"/{self.name}/l",
            route="named in the row",
        )

    def files(self) -> dict[str, bytes]:
        return to_files(self.journal.carried(self.name))

    def absorb(self, files: dict[str, bytes]) -> frozenset[str]:
        record = from_files(files)
        assert record is not None
        return self.journal.take_in_record(record)

    def take_over(self, other: Clone) -> frozenset[str]:
        return self.absorb(other.files())

    def told(self, task: str = "T-1") -> list[tuple[object, ...]]:
        return [
            (one.number, one.step, one.end, one.tokens, one.worktree)
            for one in self.journal.attempts(task)
        ]

    def set(self, new: str, by: str = "runner") -> None:
        self.journal.record(StatusSet(old="", new=new, by=by, reason=""), task="T-1")


def finish(clone: Clone, attempt: Attempt, tokens: int = 10) -> None:
    journal = clone.journal
    journal.record(AgentEnded(outcome="success"), task=attempt.task, attempt=attempt.id)
    journal.advance_attempt(
        attempt.id, Step.ANSWERED, said=Outcome.SUCCESS, output_tokens=tokens, session="s-1"
    )
    journal.advance_attempt(attempt.id, Step.WORKED, head=_HEAD)
    journal.advance_attempt(attempt.id, Step.VERIFIED)
    journal.record(Pushed(branch="feat/x", commit=_HEAD), task=attempt.task, attempt=attempt.id)
    journal.advance_attempt(attempt.id, Step.PUSHED)


def test_a_fresh_clone_knows_what_the_lost_one_knew() -> None:
    lost, fresh = Clone("lost"), Clone("fresh")
    attempt = lost.begin()
    lost.journal.update_attempt(attempt.id, pid=99, pid_started=3.0)
    finish(lost, attempt)
    lost.journal.record(GateAnswered(gate="queue", purpose="push", state="clear"), task="T-1")
    number = lost.journal.submit_request("approve", "T-1", note="fine", by="ada@desk")
    lost.journal.finish_request(number)
    lost.journal.submit_request("retry", "T-2", by="ada@desk")
    for _ in range(5):  # its own numbers are others
        fresh.journal.finish_request(fresh.journal.submit_request("stop", "T-9", by="bob"), "no")
    assert fresh.take_over(lost) == {"T-1"}
    (there,) = fresh.journal.attempts("T-1")
    assert (there.step, there.head, there.session) == (Step.PUSHED, _HEAD, "s-1")
    assert (there.worktree, there.log, there.pid, there.pid_started) == (None,) * 4
    run = next(one for one in fresh.journal.runs() if one.id == there.run)
    assert (run.host, run.elsewhere, run.pid) == ("lost", True, 0)
    assert [one.attempt for one in fresh.journal.events(Pushed)] == [there.id]
    assert not fresh.journal.events(GateAnswered)
    asked = fresh.journal.requests("T-1")[0]
    (answered,) = fresh.journal.events(RequestAnswered, task="T-1")
    assert (answered.what.request, asked.note) == (asked.id, "fine")
    assert [one.task for one in fresh.journal.pending_requests()] == ["T-2"]
    last = fresh.journal.last_run()
    assert last is not None
    assert last.host == "fresh"  # the run that is alive here is ours
    assert [one.host for one in fresh.journal.open_runs()] == ["fresh"]
    assert fresh.take_over(lost) == frozenset()


def test_an_attempt_that_went_further_elsewhere_is_brought_up_to_date_and_keeps_its_folder() -> (
    None
):
    first, second = Clone("first"), Clone("second")
    attempt = first.begin()
    finish(first, attempt)
    second.take_over(first)
    (theirs,) = second.journal.attempts()
    second.journal.end_attempt(theirs.id, End.NEEDS_QA)
    second.set("needs-qa")
    second.journal.take_up_attempt(theirs.id, approved=True)
    assert first.take_over(second) == {"T-1"}
    (ours,) = first.journal.attempts()
    assert (ours.step, ours.approved, ours.worktree) == (Step.WORKED, True, "/first/w")
    # An older word of the same attempt takes nothing back.
    before = second.told()
    old = Clone("old")
    finish(old, old.begin())
    first.absorb(second.files())
    assert second.told() == before


def test_an_attempt_that_nobody_heard_of_makes_room_and_is_not_the_rows_last() -> None:
    here, there, third = Clone("here"), Clone("there"), Clone("third")
    one = here.begin()
    here.journal.end_attempt(one.id, End.INTERRUPTED)
    there.take_over(here)
    third.take_over(here)
    unheard = here.begin(agent="opus")
    here.journal.update_attempt(unheard.id, output_tokens=7)
    finish(there, there.begin())
    third.take_over(there)
    here.take_over(there)
    numbers = [(one.number, one.agent) for one in here.journal.attempts("T-1")]
    assert numbers == [(1, "codex"), (3, "opus"), (2, "codex")]
    last = here.journal.last_attempt("T-1")
    assert last is not None
    assert last.number == 2
    # Whoever goes on from there sees the same order, though it heard of them the other way.
    third.take_over(here)
    assert third.told() == [(*one[:-1], None) for one in here.told()]
    assert (
        third.journal.start_attempt(
            task="T-1", agent="x", branch=None, base_commit=None, worktree=None, log=None, route=""
        ).number
        == 4
    )
    assert {one.attempt for one in third.journal.events(Pushed)} == {
        one.id for one in third.journal.attempts("T-1") if one.number == 2
    }


def test_what_was_said_before_a_merge_is_never_heard_as_said_after_it() -> None:
    here, there = Clone("here"), Clone("there")
    here.set("in-progress")
    there.take_over(here)
    there.journal.record(Merged(commit=_HEAD), task="T-1")
    here.set("not-started", by="person")  # which nobody hears of for a while
    here.take_over(there)
    there.take_over(here)
    for clone in (here, there):
        kinds = [type(one.what) for one in clone.journal.events(task="T-1")]
        assert kinds == [StatusSet, StatusSet, Merged], clone.name


def test_reviews_of_both_are_paid_once_each() -> None:
    here, there = Clone("here"), Clone("there")
    finish(here, here.begin(), tokens=100)
    there.take_over(here)
    for clone, used in ((here, 5), (there, 7)):
        (attempt,) = clone.journal.attempts()
        clone.journal.record(
            UsageBooked(reviewer="opus", output_tokens=used), task="T-1", attempt=attempt.id
        )
        clone.journal.update_attempt(attempt.id, output_tokens=100 + used)
    for _ in range(2):
        here.take_over(there)
        there.take_over(here)
        assert here.journal.spent().tokens == there.journal.spent().tokens == 112


def cut_off(clone: Clone, much: int) -> None:
    for one in clone.journal.open_attempts()[: much % 2 + 1]:
        clone.journal.end_attempt(one.id, End.INTERRUPTED)


def answer(clone: Clone) -> None:
    for one in clone.journal.pending_requests()[:1]:
        clone.journal.finish_request(one.id)


_MOVES: list[Callable[[Clone, int], object]] = [
    lambda clone, n: clone.set(("in-progress", "blocked", "not-started")[n % 3]),
    lambda clone, n: finish(clone, clone.begin(f"T-{n % 2}"), tokens=n),
    lambda clone, n: clone.journal.update_attempt(clone.begin("T-0").id, output_tokens=n),
    cut_off,
    lambda clone, n: clone.journal.submit_request("retry", f"T-{n % 2}", by="ada"),
    lambda clone, _: answer(clone),
    lambda clone, n: clone.journal.record(Other(kind="odd", data={"n": [n, None, 1.5]})),
]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9), st.integers(0, 6)), max_size=25))
def test_clones_that_take_turns_agree(turns: list[tuple[int, int, int]]) -> None:
    """Each goes on where the one before it stopped; a turn of 2 loses what was not sent."""
    clones = Clone("here"), Clone("there")
    last: Clone | None = None
    for who, much, what in turns:
        clone = clones[who % 2]
        if last is not None and last is not clone:
            files = last.files()
            clone.absorb(files)
            told = clone.files()
            assert clone.absorb(files) == frozenset()
            assert clone.files() == told
        _MOVES[what](clone, much)
        last = clone if who < 2 else last
    here, there = clones
    for _ in range(2):
        here.take_over(there)
        there.take_over(here)
    one, other = (clone.journal.carried("") for clone in clones)
    assert one.attempts == other.attempts
    assert one.events == other.events
    assert sorted(one.runs, key=str) == sorted(other.runs, key=str)
    assert sorted(one.requests, key=str) == sorted(other.requests, key=str)


def test_a_chunk_that_is_full_does_not_change() -> None:
    clone = Clone("here")
    for _ in range(60):
        finish(clone, clone.begin())
    before = clone.files()
    finish(clone, clone.begin())
    after = clone.files()
    changed = [path for path in after if before.get(path) != after[path]]
    assert changed == ["record/attempts/00002.jsonl", "record/events/00001.jsonl"]


def test_a_crash_in_the_middle_leaves_all_or_nothing(tmp_path: Path) -> None:
    lost = Clone("lost")
    for _ in range(3):
        finish(lost, lost.begin())
    files = lost.files()
    record = from_files(files)
    assert record is not None
    file = tmp_path / "journal.sqlite"
    with Journal.open(file) as journal:
        before = journal.carried("x")
        broken = sqlite3.connect(file)
        broken.execute(
            "CREATE TRIGGER full BEFORE INSERT ON events WHEN new.kind = 'push' AND"
            " (SELECT count(*) FROM events) > 3 BEGIN SELECT raise(ABORT, 'full'); END"
        )
        broken.close()
        with pytest.raises((sqlite3.IntegrityError, JournalError)):
            journal.take_in_record(record)
        assert journal.carried("x") == before


def changed(files: dict[str, bytes], path: str, **values: object) -> dict[str, bytes]:
    """The files with other values in the first line of one of them."""
    lines = files[path].split(b"\n")
    lines[0] = json.dumps({**json.loads(lines[0]), **values}).encode()
    return {**files, path: b"\n".join(lines)}


_ATTEMPT, _EVENT = "record/attempts/00000.jsonl", "record/events/00000.jsonl"


@pytest.mark.parametrize(
    ("path", "values"),
    [
        (_ATTEMPT, {"head": "--upload-pack=evil"}),
        (_ATTEMPT, {"head": "A" * 40}),
        (_ATTEMPT, {"number": True}),
        (_ATTEMPT, {"number": 0}),
        (_ATTEMPT, {"output_tokens": 10**30}),
        (_ATTEMPT, {"cost_usd": float("nan")}),
        (_ATTEMPT, {"cost_usd": -1}),
        (_ATTEMPT, {"step": "beamed"}),
        (_ATTEMPT, {"step": "ended"}),
        (_ATTEMPT, {"end": "success"}),
        (_ATTEMPT, {"approved": "yes"}),
        (_ATTEMPT, {"started": "yesterday"}),
        (_ATTEMPT, {"started": "2026-01-01"}),
        (_ATTEMPT, {"branch": "a\nb"}),
        (_ATTEMPT, {"task": ""}),
        (_ATTEMPT, {"task": "\ud800"}),
        (_ATTEMPT, {"run": ["elsewhere", "2026-01-01T00:00:00+00:00"]}),
        (_ATTEMPT, {"summary": "x" * 100_000}),
        (_EVENT, {"kind": "status"}),
        (_EVENT, {"kind": "gate"}),
        (_EVENT, {"kind": "usage", "data": {"reviewer": "x", "output_tokens": "many"}}),
        (_EVENT, {"kind": "merge", "data": {"commit": "x", "together": [1]}}),
        (_EVENT, {"data": []}),
        (
            _EVENT,
            {
                "kind": "no-review",
                "data": {"chain": 0, "head": None, "reviewer": "", "outcome": "!", "reason": ""},
            },
        ),
        ("record/head.json", {"version": "1"}),
        ("record/head.json", {"version": 0}),
    ],
)
def test_lies_are_refused_whole(path: str, values: dict[str, object]) -> None:
    lost, fresh = Clone("lost"), Clone("fresh")
    finish(lost, lost.begin())
    before = fresh.files()
    with pytest.raises(RecordError) as refused:
        fresh.absorb(changed(lost.files(), path, **values))
    assert refused.value.hint
    assert fresh.files() == before


@pytest.mark.parametrize(
    "content", [b"[" * 100_000, b"\xff", b"1", b"{}" * 10, b"{" + b" " * 10**6]
)
def test_what_is_no_json_is_refused_with_its_place(content: bytes) -> None:
    lost = Clone("lost")
    lost.begin()
    with pytest.raises(RecordError, match=r"record/attempts/00000.jsonl:1"):
        from_files({**lost.files(), _ATTEMPT: content})


def test_another_version_is_refused_with_what_to_do() -> None:
    files = changed(Clone("lost").files(), "record/head.json", version=VERSION + 1)
    with pytest.raises(RecordError, match="version 2") as refused:
        from_files(files)
    assert "Update the mission runner" in refused.value.hint


def test_what_is_new_is_kept_or_passed_over_and_secrets_are_not_taken_in(tmp_path: Path) -> None:
    lost = Clone("lost")
    finish(lost, lost.begin())
    lost.journal.record(Other(kind="later", data={"password": "hunter2-hunter2-hunter2"}))
    lost.journal.submit_request("retry", "T-1", by="ada", note="hunter2-hunter2-hunter2")
    files = changed(lost.files(), _ATTEMPT, invented="later", session="--dangerous")
    files = changed(files, "record/requests/00000.jsonl", kind="beam")
    files["record/later/00000.jsonl"] = b"what is this"
    files["rows.json"] = b"somebody else's"
    secrets = Redactor(["hunter2-hunter2-hunter2"])
    fresh = Clone("fresh", Journal.open(tmp_path / "journal.sqlite", redact=secrets.text))
    fresh.absorb(files)
    assert fresh.absorb(files) == frozenset()
    (later,) = (one for one in fresh.journal.events() if isinstance(one.what, Other))
    assert later.what == Other(kind="later", data={"password": "[secret]"})
    assert fresh.journal.attempts()[0].session is None
    assert not fresh.journal.pending_requests()
    assert b'"later"' in b"".join(fresh.files().values())
    assert from_files({"claim.json": b""}) is None


def test_long_texts_of_ours_can_be_read_again() -> None:
    lost, fresh = Clone("lost"), Clone("fresh")
    attempt = lost.begin()
    lost.journal.update_attempt(attempt.id, summary="x" * 200_000)
    lost.journal.record(Other(kind="huge", data={"text": "x" * 2_000_000}))
    fresh.take_over(lost)
    assert len(fresh.journal.attempts()[0].summary) == 50_000
    assert lost.journal.attempts()[0].summary == "x" * 200_000


def test_the_record_knows_the_words_of_a_review() -> None:
    lost, fresh = Clone("lost"), Clone("fresh")
    finish(lost, lost.begin())
    words = [one.value for one in ReviewVerdict]
    review = {"chain": 0, "head": None, "reviewer": "r", "passed": True, "text": "", "answer": ""}
    for word in (*words, "maybe"):
        files = changed(lost.files(), _EVENT, kind="review", data={**review, "verdict": word})
        if word in words:
            fresh.absorb(files)
        else:
            with pytest.raises(RecordError):
                fresh.absorb(files)


def signing(clone: Clone) -> tuple[CarriedRecord, RecordingDisplay]:
    """What takes records in where people sign what they ask for."""
    display = RecordingDisplay()
    record = CarriedRecord(
        clone=clone.name,
        journal=clone.journal,
        file=cast("PlanFile", Unread()),
        committed=lambda: None,
        display=display,
        signed=True,
    )
    return record, display


def test_where_people_sign_a_record_says_what_was_used_and_nothing_else() -> None:
    """As somebody would forge it who can push: approved, merging, done, decided."""
    lost, fresh = Clone("lost"), Clone("fresh")
    attempt = lost.begin()
    finish(lost, attempt)
    lost.journal.record(UsageBooked(reviewer="r"), task="T-1", attempt=attempt.id)
    lost.journal.end_attempt(attempt.id, End.NEEDS_QA, "a person")
    lost.journal.take_up_attempt(attempt.id, approved=True)
    lost.journal.record(Merged(commit=_HEAD), task="T-1", attempt=attempt.id)
    lost.set("done")
    asked = lost.journal.submit_request("approve", "T-1", by="ada@desk")
    lost.journal.finish_request(asked)
    answer = RequestAnswered(request=asked, asked="approve", by="ada@desk", letter="a" * 32)
    lost.journal.record(answer, task="T-1")
    lost.journal.submit_request("retry", "T-2", by="ada@desk")
    record, display = signing(fresh)
    for _ in range(2):  # killed in between, it is taken in again
        record.absorb(lost.files())
    (there,) = fresh.journal.attempts("T-1")
    assert (there.step, there.end, there.said) == (Step.ENDED, End.INTERRUPTED, None)
    assert (there.head, there.session, there.branch, there.summary) == (None, None, None, "")
    assert (there.approved, there.taken_up, there.tokens) == (False, False, 10)
    assert not fresh.journal.requests("T-1")
    assert not fresh.journal.pending_requests()
    assert {one.kind for one in fresh.journal.carried("fresh").events} == {"usage"}
    assert [line for line in display.said if "T-1, T-2" in line and "signed" in line]
    # Where nobody has to sign, it counts.
    replace(record, signed=False).absorb(lost.files())
    assert [one.task for one in fresh.journal.pending_requests()] == ["T-2"]
    assert [one.what.new for one in fresh.journal.events(StatusSet)] == ["done"]


def test_where_people_sign_a_record_changes_no_attempt_of_ours_but_for_its_usage() -> None:
    ours = Clone("ours")
    known = ours.begin()
    finish(ours, known)
    forged = Clone("forged")
    forged.take_over(ours)
    (copied,) = forged.journal.attempts("T-1")
    forged.journal.update_attempt(copied.id, head="f" * 40, output_tokens=70)
    forged.journal.end_attempt(copied.id, End.FAILED, "no good")
    forged.begin()
    record, _ = signing(ours)
    record.absorb(forged.files())
    before, mine = ours.journal.attempts("T-1")
    assert (mine.id, mine.step, mine.head) == (before.id + 1, Step.PUSHED, _HEAD)
    assert (mine.tokens, mine.session, mine.worktree) == (70, "s-1", "/ours/w")
    assert before.end is End.INTERRUPTED
    assert ours.journal.last_attempt("T-1") == mine
    assert [one.attempt for one in ours.journal.events(Pushed)] == [mine.id]


def test_where_people_sign_an_answered_letter_asks_for_nothing_and_was_not_applied() -> None:
    """Who can push can take a letter away. Were it asked again, an old one could be pushed again
    behind other work."""
    lost, fresh = Clone("lost"), Clone("fresh")
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    done = RowAnswer(task="T-1", status="done", notes="")
    answers = [Answer(id=at * 32, kind="approve", by="ada", at=moment, rows=(done,)) for at in "ab"]
    Answered(lost.journal).answer(answers[0])
    own = replace(answers[0], id="c" * 32)
    mine = Answered(fresh.journal, signed=True)
    mine.answer(own)
    forged = replace(own, rows=(), error="no")
    Answered(lost.journal).answer(forged)
    record, _ = signing(fresh)
    for _ in range(2):
        record.absorb(lost.files())
        mine.absorb(answers_bytes([*answers, forged]))
    assert mine.newest()[0] == own
    assert {one.id: (one.rows, one.error) for one in mine.newest()[1:]} == {
        "a" * 32: ((), UNSIGNED),
        "b" * 32: ((), UNSIGNED),
    }
    assert Answered(fresh.journal, signed=True).is_answered("a" * 32)
