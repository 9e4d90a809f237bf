"""Requests of people, as the loop decides them."""

from __future__ import annotations

import pytest

from mission.journal import RequestKind
from mission.journal.kinds import LetterCame, StatusSet
from mission.state import Actor, Status
from tests.unit.orchestrator.in_memory import InMemory, table

CASES = [
    (RequestKind.RETRY, None, "not-started"),
    (RequestKind.UNBLOCK, None, "not-started"),
    (RequestKind.APPROVE, None, "done"),
    (RequestKind.SET, Status.FAILED, "failed"),
]


@pytest.mark.parametrize(("kind", "status", "stands"), CASES)
@pytest.mark.parametrize("by_letter", [True, False])
def test_what_a_lost_clone_published_of_a_letter_is_no_refusal(
    kind: RequestKind, status: Status | None, stands: str, by_letter: bool
) -> None:
    """Its machine was lost between the push of the row's status and the journal's note."""
    mission = InMemory(text=table(("A", ""), ("B", "")).replace("not-started", stands, 1))
    number = mission.journal.submit_request(kind, "A", status=status, by="ann@there")
    if by_letter:
        letter = LetterCame(letter="f" * 32, asked=kind, by="ann", requests=(str(number),))
        mission.journal.record(letter)
        mission.journal.record(set_by(kind), task="A")
    mission.run()
    answered = mission.journal.request(number)
    assert answered.finished is not None
    assert (answered.error is None) == by_letter
    assert len(mission.attempts("A")) == (1 if stands == "not-started" else 0)


def set_by(kind: RequestKind) -> StatusSet:
    return StatusSet(old="failed", new="not-started", by=Actor.PERSON, reason=f"{kind} by ann")


@pytest.mark.parametrize(
    ("told", "word", "applied"),
    [
        ("use the v2 API", RequestKind.RETRY, True),
        ("look again", RequestKind.RETRY, False),
        ("use the v2 API", RequestKind.RETRY_KEEP, False),
        ("use the v2 API", None, False),
    ],
)
def test_a_letter_that_a_row_tells_nothing_of_is_refused(
    told: str, word: RequestKind | None, applied: bool
) -> None:
    """The row has its status by another word than the letter's: its note would be lost, or what
    earlier attempts left would be gone on with."""
    text = table(("A", "")).replace("1K | |", f"1K | flaky [mission: {told}] |")
    mission = InMemory(text=text)
    note = "use the v2 API"
    number = mission.journal.submit_request(RequestKind.RETRY, "A", note=note, by="ann@there")
    letter = LetterCame(letter="f" * 32, asked="retry", by="ann", requests=(str(number),))
    mission.journal.record(letter)
    if word is not None:
        mission.journal.record(set_by(word), task="A")
    mission.run()
    answered = mission.journal.request(number)
    assert answered.finished is not None
    assert (answered.error is None) == applied
