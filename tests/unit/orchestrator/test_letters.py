"""Requests from other clones: taken in once, answered always, believed never."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import RequestRefusedError, TaskFileError
from gates.pause import PauseFiles
from mission.answers import Answer, answers_bytes
from mission.config import RequestsConfig
from mission.journal import Journal, RequestKind
from mission.journal.kinds import LetterAnswered
from mission.letter import Letter, letter_bytes
from mission.slots import SlotsFile
from orchestrator.letters.answered import Answered
from orchestrator.letters.carrier import Carrier
from orchestrator.letters.letters import Letters
from orchestrator.letters.post import Opened, PostInMemory
from orchestrator.ports.display import RecordingDisplay
from tasks_md.model import Plan
from tasks_md.parse import parse
from workspace.signatures import Signed

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
ANN = "Ann Lee <ann@example.org>"
PLAN = parse(
    "## M (M)\n\n| id | status | description | notes |\n|-|-|-|-|\n"
    "| A | needs-qa | One | look |\n| B | blocked | Two | away |\n",
    path="TASKS.md",
)


class FixedClock:
    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0

    def boottime(self) -> float:
        return self.monotonic()


@dataclass(kw_only=True)
class Clone:
    """What a run has of letters."""

    folder: Path
    post: PostInMemory = field(default_factory=PostInMemory)
    config: RequestsConfig = field(default_factory=RequestsConfig)
    keys: Callable[[], bytes] = bytes
    display: RecordingDisplay = field(default_factory=RecordingDisplay)

    def __post_init__(self) -> None:
        self.journal = Journal.in_memory()
        self.pause = PauseFiles.of(state_dir=self.folder / "state", folder=self.folder)
        self.slots = SlotsFile.of(self.folder)
        self.restart()

    def restart(self) -> None:
        """As after a crash: all that is left is the journal and what lies on the remote."""
        self.answered = Answered(self.journal)
        self.letters = Letters(
            self.post,
            self.journal,
            self.answered,
            self.pause,
            self.slots,
            mission="TASKS-1",
            config=self.config,
            keys=self.keys,
            plan=lambda: PLAN,
            clock=FixedClock(),
            display=self.display,
        )

    def leave(self, content: bytes | Letter, number: int = 1, *, at: datetime = NOW) -> str:
        """Push a letter, as anybody could who may."""
        letter, commit = f"{number:032x}", f"c{number}"
        raw = content if isinstance(content, bytes) else letter_bytes(content)
        self.post.letters[letter] = Opened(commit=commit, author=ANN, at=at, content=raw)
        return letter

    def apply(self, error: str | None = None) -> None:
        """As the run's inbox does."""
        for request in self.journal.pending_requests():
            self.journal.finish_request(request.id, error)


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(folder=tmp_path)


def letter(number: int = 1, **more: object) -> Letter:
    made = Letter(id=f"{number:032x}", mission="TASKS-1", kind="approve", tasks=("A",), at=NOW)
    return replace(made, **more)  # type: ignore[arg-type]  # the fields of a letter


def test_a_letter_becomes_a_request_of_who_wrote_its_commit(clone: Clone) -> None:
    asks = letter(tasks=("A", "B", "A"), kind=RequestKind.UNBLOCK, note="it is back")
    left = clone.leave(asks)
    assert clone.letters.look()
    requests = clone.journal.pending_requests()
    assert [(one.kind, one.task, one.note, one.by) for one in requests] == [
        (RequestKind.UNBLOCK, "A", "it is back", ANN),
        (RequestKind.UNBLOCK, "B", "it is back", ANN),
    ]
    assert requests[0].person == "Ann Lee"
    assert not clone.letters.settle()
    clone.letters.take_away()
    assert left in clone.post.letters  # nobody has answered it yet
    clone.journal.finish_request(requests[0].id, "A is needs-qa")
    assert not clone.letters.settle()
    clone.journal.finish_request(requests[1].id)
    assert clone.letters.settle()
    (answer,) = clone.answered.newest()
    assert [(row.task, row.status, row.error) for row in answer.rows] == [
        ("A", "needs-qa", "A is needs-qa"),
        ("B", "blocked", None),
    ]
    clone.letters.take_away()
    assert not clone.post.letters


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"{", "cannot be read"),
        (b"x" * 70_000, "bytes"),
        (letter(kind="explode"), "does not know"),
        (letter(mission="TASKS-2"), "another place"),
        (letter(note="a\x1bb"), "control characters"),
        (letter(at=NOW + timedelta(days=1)), "future"),
        (letter(at=NOW - timedelta(days=8)), "expired"),
    ],
    ids=["json", "huge", "kind", "mission", "controls", "future", "old"],
)
def test_what_does_not_count_is_answered_with_why(
    clone: Clone, content: bytes | Letter, why: str
) -> None:
    clone.leave(content)
    assert clone.letters.look()
    (answer,) = clone.answered.newest()
    assert answer.error is not None
    assert why in answer.error
    assert not clone.journal.pending_requests()
    clone.letters.take_away()
    assert not clone.post.letters
    assert all(line.isprintable() for line in clone.display.said)


def test_a_commit_whose_time_lies_does_not_count(clone: Clone) -> None:
    clone.leave(letter(), at=NOW + timedelta(days=400))
    clone.letters.look()
    assert "future" in str(clone.answered.newest()[0].error)
    assert not clone.journal.pending_requests()


def test_what_is_no_name_of_a_request_is_deleted(clone: Clone) -> None:
    clone.post.letters["../claim"] = Opened(commit="c", author=ANN, at=NOW, content=b"")
    assert not clone.letters.look()
    assert not clone.post.letters
    assert not clone.answered.newest()


def test_where_nobody_may_delete_a_letter_is_answered_once(clone: Clone) -> None:
    clone.post.denies = True
    clone.leave(letter(kind="pause", tasks=()))
    clone.post.letters["../claim"] = Opened(commit="c", author=ANN, at=NOW, content=b"")
    clone.letters.look()
    clone.letters.take_away()
    said = [*clone.display.said]
    assert not clone.letters.look()
    assert not clone.letters.to_take_away
    assert clone.display.said == said
    assert len(clone.post.letters) == 2


def test_only_what_a_key_of_the_file_has_signed_counts(clone: Clone) -> None:
    clone.config = RequestsConfig(signed="keys")
    clone.keys = lambda: b"ann@example.org bob@example.org"
    clone.restart()
    for number in (1, 2, 3, 4):
        clone.leave(letter(number), number)
    clone.post.signers["c1"] = Signed(who="ann@example.org", at=int(NOW.timestamp()))
    clone.post.signers["c2"] = Signed(who="eve@example.org", at=int(NOW.timestamp()))
    clone.post.signers["c3"] = Signed(who="bob@example.org", at=int(NOW.timestamp()))
    clone.post.signers["c4"] = Signed(who="ann@example.org", at=0)  # when the key was still good
    clone.letters.look()
    told = [one.by for one in clone.journal.pending_requests()]
    assert told == [ANN, f"{ANN}, signed by bob@example.org"]
    assert ["no key" in str(one.error) for one in clone.answered.newest()] == [True, False]
    assert "expired" in str(clone.answered.newest()[1].error)


def test_without_a_file_of_keys_that_can_be_read_nothing_counts(clone: Clone) -> None:
    def gone() -> bytes:
        raise RequestRefusedError("keys cannot be read")

    clone.config, clone.keys = RequestsConfig(signed="keys"), gone
    clone.restart()
    clone.leave(letter())
    clone.post.signers["c1"] = Signed(who="ann@example.org", at=int(NOW.timestamp()))
    clone.letters.look()
    assert not clone.journal.pending_requests()
    assert "cannot be read" in str(clone.answered.newest()[0].error)


def test_a_limit_from_another_clone_is_written_down(clone: Clone) -> None:
    clone.leave(letter(1, kind="limit", tasks=(), note="3"), 1)
    clone.leave(letter(2, kind="limit", tasks=(), note="0"), 2)
    clone.letters.look()
    assert clone.slots.read() == 3


def test_a_mission_is_paused_and_goes_on_from_another_clone(clone: Clone) -> None:
    clone.leave(letter(1, kind="pause", tasks=(), note="lunch"), 1)
    clone.letters.look()
    paused = clone.pause.read()
    assert paused is not None
    assert (paused.by, paused.reason) == (ANN, "lunch")
    clone.leave(letter(2, kind="unpause", tasks=()), 2)
    clone.letters.look()
    assert clone.pause.read() is None
    assert [one.told for one in clone.answered.newest()] == ["applied", "applied"]


def test_what_was_answered_by_another_clone_is_not_applied_again(clone: Clone) -> None:
    told = Answer(id=f"{1:032x}", kind="approve", by=ANN, at=NOW)
    clone.answered.absorb(answers_bytes([told]))
    clone.answered.absorb(b"{")
    clone.leave(letter())
    assert not clone.letters.look()
    assert not clone.journal.pending_requests()
    clone.letters.take_away()
    assert not clone.post.letters
    assert clone.answered.newest() == [told]


def test_a_letter_is_applied_once_when_clones_take_turns(clone: Clone, tmp_path: Path) -> None:
    lost, fresh = clone, Clone(folder=tmp_path, post=clone.post)
    for one, host in ((lost, "lost"), (fresh, "fresh")):
        number = one.journal.start_run(mission="M", host=host, pid=7, pid_started=1.0)
        one.journal = one.journal.in_run(number)
        one.restart()
    lost.leave(letter(tasks=("A", "B")))
    lost.journal.submit_request("retry", "B", by="ann@desk")  # asked there: it goes along
    lost.letters.look()
    fresh.journal.take_in_record(lost.journal.carried("lost"))
    assert [one.kind for one in fresh.journal.pending_requests()] == ["retry"]
    fresh.restart()
    assert not fresh.letters.settle()
    assert fresh.letters.look()  # it lies there still
    assert [one.task for one in fresh.journal.pending_requests()] == ["B", "A", "B"]
    fresh.apply()
    fresh.letters.settle()
    fresh.letters.take_away()
    # The one that was lost comes back. It dies once, between what the two files bring.
    lost.journal.take_in_record(fresh.journal.carried("fresh"))
    lost.restart()
    for _ in range(2):
        lost.answered.absorb(answers_bytes(fresh.answered.newest()))
    assert not lost.journal.pending_requests()
    asked = [one for one in lost.journal.requests("A") if one.error is None]
    assert len(asked) == 1
    assert len(lost.journal.events(LetterAnswered)) == 1


def of_clone(clone: Clone, host: str) -> Clone:
    """The clone, in a run: what it notes goes along."""
    run = clone.journal.start_run(mission="M", host=host, pid=7, pid_started=1.0)
    clone.journal = clone.journal.in_run(run)
    clone.restart()
    return clone


class Turns:
    """Clones that carry on one after the other; each has what the one before had pushed."""

    def __init__(self, folder: Path) -> None:
        self.clone = of_clone(Clone(folder=folder), "first")
        self.push()

    def push(self) -> None:
        self.record = self.clone.journal.carried("one")
        self.answers = answers_bytes(self.clone.answered.newest())

    def apply(self, task: str) -> None:
        for request in self.clone.journal.pending_requests():
            if request.task == task:
                self.clone.journal.finish_request(request.id)

    def take(self) -> None:
        """As a run does: once its answers are pushed."""
        if self.answers == answers_bytes(self.clone.answered.newest()):
            self.clone.letters.take_away()

    def lose(self) -> None:
        """What was pushed as applied is not asked again."""
        self.clone = of_clone(Clone(folder=self.clone.folder, post=self.clone.post), "next")
        self.clone.journal.take_in_record(self.record)
        self.clone.restart()
        self.clone.answered.absorb(self.answers)
        self.clone.letters.look()
        applied = {one.task for one in self.record.requests}
        assert not applied & {one.task for one in self.clone.journal.pending_requests()}

    def go(self, step: str) -> None:
        clone = self.clone
        steps: dict[str, Callable[[], object]] = {
            "look": clone.letters.look,
            "apply A": lambda: self.apply("A"),
            "apply B": lambda: self.apply("B"),
            "settle": clone.letters.settle,
            "push": self.push,
            "take": self.take,
            "die": clone.restart,
            "lose": self.lose,
        }
        steps[step]()


STEPS = ("look", "apply A", "apply B", "settle", "push", "take")


@given(st.lists(st.sampled_from([*STEPS, "die", "lose"]), max_size=12))
def test_a_letter_that_is_half_answered_is_applied_once_by_whoever_goes_on(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    """A `retry` of two rows: a clone dies after any step, and a fresh one has what was pushed."""
    turns = Turns(tmp_path_factory.getbasetemp())
    turns.clone.leave(letter(kind="retry", tasks=("A", "B")))
    for step in (*steps, *STEPS):
        turns.go(step)
    clone = turns.clone
    assert not clone.journal.pending_requests()
    for task in ("A", "B"):
        (request,) = clone.journal.requests(task)
        assert request.error is None
    (answer,) = clone.answered.newest()
    assert [one.task for one in answer.rows] == ["A", "B"]
    assert not clone.post.letters


def test_a_run_that_ends_leaves_nobody_waiting(clone: Clone) -> None:
    clone.leave(letter())
    clone.letters.look()
    clone.letters.give_up("the run ended")
    clone.letters.settle()
    assert clone.answered.newest()[0].rows[0].error == "the run ended"
    assert not clone.journal.pending_requests()


@given(st.lists(st.sampled_from(["look", "settle", "apply", "take", "crash", "again"])))
def test_whatever_dies_when_a_letter_is_applied_once(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    clone = Clone(folder=tmp_path_factory.getbasetemp())
    clone.leave(letter())
    for step in (*steps, "look", "apply", "settle", "take"):
        if step == "look":
            clone.letters.look()
        elif step == "settle":
            clone.letters.settle()
        elif step == "apply":
            clone.apply()
        elif step == "take":
            clone.letters.take_away()
        elif step == "crash":
            clone.restart()
        else:
            clone.leave(letter())  # somebody pushes the same commit once more
    assert len(clone.journal.requests("A")) == 1
    assert len(clone.answered.newest()) == 1
    assert json.loads(answers_bytes(clone.answered.newest()))[0]["error"] is None


def test_requests_are_looked_for_though_the_file_could_not_be_read_for_a_moment(
    clone: Clone,
) -> None:
    unreadable, published = threading.Event(), threading.Event()

    def read_plan() -> Plan:
        if not unreadable.is_set():  # an editor is at it
            unreadable.set()
            raise TaskFileError("TASKS.md cannot be read")
        return PLAN

    clone.leave(letter())
    clone.letters._plan = read_plan
    carrier = Carrier(
        clone.letters,
        look=timedelta(seconds=0.01),
        publish=published.set,
        is_behind=lambda: False,
        wake=lambda: None,
        say=clone.display.say,
    )
    with carrier:
        clone.apply()
        assert unreadable.wait(30)
        assert published.wait(30), clone.display.said
    assert clone.post.waiting() == {}
    assert clone.display.said[1:] == [
        "requests from other clones have to wait: TASKS.md cannot be read",
        "requests from other clones are looked for again",
    ]
