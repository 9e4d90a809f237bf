"""The right word for one that is nearly right."""

from __future__ import annotations

import pytest

from tasks_md.nearest import did_you_mean, nearest

WORDS = ("max_parallel", "depends_on", "glm-5.1", "branch")


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("max_paralel", "max_parallel"),
        ("Max-Parallel", "max_parallel"),
        ("dependson", "depends_on"),
        ("GLM 5.1", "glm-5.1"),
        ("brnch", "branch"),
        ("colour", None),
        ("", None),
        ("branch" * 100_000, None),
    ],
)
def test_the_word_that_is_meant(word: str, meant: str | None) -> None:
    assert nearest(word, WORDS) == meant


def test_what_else_there_is_to_say_stands_behind_it() -> None:
    assert did_you_mean("brnch", WORDS, "There are others") == (
        "Did you mean branch? There are others"
    )
    assert did_you_mean("colour", WORDS, "There are others") == "There are others"
    assert did_you_mean("colour", WORDS) == ""
