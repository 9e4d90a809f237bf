"""The runner's word in the notes: people's own words stay."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mission.amounts import in_one_line
from orchestrator.loop.notes import with_word

PEOPLE = st.text(
    st.characters(exclude_characters="[]", exclude_categories=("Cc", "Cs", "Zl", "Zp"))
)


def test_the_word_goes_behind_what_people_wrote() -> None:
    assert with_word("Keep this.", "merged") == "Keep this. [mission: merged]"


def test_a_new_word_replaces_the_old_one() -> None:
    once = with_word("Keep this.", "blocked: no")
    assert with_word(once, "merged") == "Keep this. [mission: merged]"


def test_an_empty_word_takes_it_away() -> None:
    assert with_word("Keep this. [mission: merged]", "") == "Keep this."


def test_what_a_program_printed_stands_behind_the_reason() -> None:
    said = "tests failed with exit code 1\nchecking  x\n\nFAIL y\n"
    assert in_one_line(said) == "tests failed with exit code 1: checking x / FAIL y"
    assert in_one_line("merged") == "merged"
    assert in_one_line("") == ""


def test_a_word_stays_on_one_line_and_short() -> None:
    word = with_word("", "a\nb\x1b[31m" + "x" * 1000)
    assert "\n" not in word
    assert "\x1b" not in word
    assert len(word) < 420


@given(PEOPLE, st.text(), st.text())
def test_people_s_words_survive_any_number_of_ours(notes: str, first: str, second: str) -> None:
    after = with_word(with_word(notes, first), second)
    assert with_word(after, "") == notes.rstrip()
