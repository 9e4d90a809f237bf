"""Quoted text cannot get out of its quotes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from agents.fence import fence, one_line


def test_a_fence_is_longer_than_any_run_of_backticks_inside() -> None:
    assert fence("a ```` b").splitlines()[0] == "`````text"


@given(st.text() | st.text(alphabet="`~ \n\r\u2028>-#abc"))
def test_no_text_closes_its_fence(text: str) -> None:
    tokens = MarkdownIt("commonmark").parse(fence(text) + "\n\nafter\n")
    assert [token.type for token in tokens] == [
        "fence",
        "paragraph_open",
        "inline",
        "paragraph_close",
    ]
    assert tokens[2].content == "after"


@pytest.mark.parametrize("hidden", ["\x1b[2J", "\u202e", "\u200b", "\x00", "\ud800"])
def test_what_hides_or_reorders_text_is_replaced(hidden: str) -> None:
    assert hidden[0] not in fence(f"a{hidden}b")
    assert hidden[0] not in one_line(f"a{hidden}b")
    assert "\ufffd" in fence(f"a{hidden}b")


def test_a_huge_cell_is_cut_and_the_quote_says_so() -> None:
    quoted = fence("x" * 1_000_000, longest=100)
    assert quoted.splitlines()[0] == "```text (the first 100 of 1000000 signs)"
    assert len(quoted) < 200


def test_one_line_holds_no_line_end_of_any_kind() -> None:
    assert one_line("a\r\nb\u2028c\x85d") == "a b c d"


def test_one_line_is_bounded() -> None:
    assert one_line("word " * 1000, longest=20) == "word word word word…"


def test_only_the_start_of_a_huge_line_is_looked_at() -> None:
    assert one_line(" " * 10_000_000 + "x") == "…"
    assert one_line("x" * 10_000_000) == "x" * 299 + "…"
