"""Requests of people, as the loop decides them."""

from __future__ import annotations

import pytest

from mission.journal import RequestKind
from mission.journal.kinds import LetterCame
from mission.state import Status
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
    mission.run()
    answered = mission.journal.request(number)
    assert answered.finished is not None
    assert (answered.error is None) == by_letter
    assert len(mission.attempts("A")) == (1 if stands == "not-started" else 0)
