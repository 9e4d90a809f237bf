"""Words in commit messages and pull requests do nothing."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace.squash import inert, leftovers_message, message_for

ACTS = re.compile(
    r"\[[^]\n]*\]|\*\*\*NO_CI"
    r"|\b(clos(e[sd]?|ing)|fix(e[sd]|ing)?|resolv(e[sd]?|ing)|implement(s|ed|ing)?):?\s+"
    r"(\S*#|GH-|\S*/(issues|work_items)/)\d",
    re.IGNORECASE,
)
PIECES = st.sampled_from(
    (
        *("[skip ci]", "[", "]", "***NO_CI***", "*", "text", "1", " "),
        *("fixes ", "Closes: ", "resolved "),
        *("#", "#12", "GH-7", "team/repo#3", "https://forge.example/team/repo/issues/9"),
    )
)


@given(st.lists(PIECES).map("".join) | st.text())
def test_nothing_is_left_to_act_on(text: str) -> None:
    assert not ACTS.search(inert(text))
    assert inert(inert(text)) == inert(text)


def test_other_words_stay_as_they_are() -> None:
    text = "A refund endpoint, with its tests (12 of them): `a/b`, 3 # 4, f(x) * 2!"
    assert inert(text) == text


@pytest.mark.parametrize("length", [1, 200])
def test_a_squash_s_message_tells_its_task_exactly_and_does_nothing(length: int) -> None:
    told = "says [skip ci], which fixes #12 " * length
    message = message_for("#7", told, 1, mission="plan/TASKS.md")
    assert not ACTS.search(message)
    assert "\nTask: #7\n" in message
    assert message.startswith("#7: says (skip ci), which fixes # 12")


@pytest.mark.parametrize("told", ["This reverts commit 1234567890 and", "Task: A-2 is done and"])
def test_a_long_description_begins_no_line(told: str) -> None:
    lines = message_for("A-1", f"{told} {'more ' * 30}", 1).splitlines()
    assert not any(line.startswith("This reverts") for line in lines)
    assert [line for line in lines if line.startswith("Task:")] == ["Task: A-1"]


def test_what_an_agent_says_of_its_work_does_nothing_either() -> None:
    assert not ACTS.search(leftovers_message("A-1", "closes #3 [ci skip]", 1))
