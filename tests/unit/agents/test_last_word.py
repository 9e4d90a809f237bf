"""What counts as an agent's wish that a person looks, and what does not."""

from __future__ import annotations

import pytest

from agents.last_word import LAST_LINES, asked_for, end_of
from mission.outcome import Outcome


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("Did it.\n\nBLOCKED: no database", (Outcome.BLOCKED, "no database")),
        ("**NEEDS-QA**: look at the colours", (Outcome.NEEDS_QA, "look at the colours")),
        ("- BLOCKED: no network in here", (Outcome.BLOCKED, "no network in here")),
        (
            "BLOCKED: nothing listens on port 5432",
            (Outcome.BLOCKED, "nothing listens on port 5432"),
        ),
        ("BLOCKED: a\nNEEDS-QA: b", (Outcome.NEEDS_QA, "b")),
        ("BLOCKED: no key\nNEEDS-QA: none", (Outcome.BLOCKED, "no key")),
        ("It may be BLOCKED: or not", None),
        ("blocked: small letters are prose", None),
    ],
)
def test_a_line_that_names_something_counts(said: str, asked: tuple[Outcome, str] | None) -> None:
    assert asked_for(said) == asked


@pytest.mark.parametrize("word", ["NEEDS-QA", "BLOCKED"])
@pytest.mark.parametrize(
    "nothing",
    ["none", "None.", "no", "N/A", "nothing", "nothing needed", "not required", "—", "-", "`none`"],
)
def test_one_that_names_nothing_does_not(word: str, nothing: str) -> None:
    assert asked_for(f"Did it.\n{word}: {nothing}") is None


def test_of_a_program_s_output_the_end_is_its_last_message() -> None:
    log = "\n".join(["BLOCKED: 0 of 3 tests", *["passed"] * LAST_LINES])
    assert asked_for(end_of(log)) is None
    assert asked_for(end_of(f"{log}\nBLOCKED: no key\n\n")) == (Outcome.BLOCKED, "no key")
