"""What a command agent may say about itself on its last line."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.result_line import read_result_line, read_time
from mission.outcome import Outcome
from mission.usage import Usage


def test_every_key_is_read() -> None:
    said = read_result_line(
        json.dumps(
            {
                "outcome": "rate-limit",
                "summary": "later",
                "answer": {"verdict": "approve"},
                "input_tokens": 10,
                "cached_tokens": 4,
                "output_tokens": 5,
                "cost_usd": 0.5,
                "session": "s1",
                "retry_at": "2026-04-19T12:00:00Z",
            }
        )
    )
    assert said is not None
    assert said.outcome is Outcome.RATE_LIMIT
    assert said.usage == Usage(input_tokens=10, cached_tokens=4, output_tokens=5, cost_usd=0.5)
    assert (said.session, said.summary) == ("s1", "later")
    assert json.loads(said.answer) == {"verdict": "approve"}
    assert said.retry_at == datetime(2026, 4, 19, 12, tzinfo=UTC)


@pytest.mark.parametrize("line", ["", "done", "{", "[]", '{"other": 1}', "[" * 100_000, "null"])
def test_a_line_without_a_report_is_none(line: str) -> None:
    assert read_result_line(line) is None


def test_failed_is_a_word_for_an_error_of_its_own() -> None:
    said = read_result_line('{"outcome": "failed"}')
    assert said is not None
    assert said.outcome is Outcome.CRASHED


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
_KEYS = ["outcome", "summary", "input_tokens", "output_tokens", "cost_usd", "session", "retry_at"]


@given(st.dictionaries(st.sampled_from(_KEYS), _JSON))
def test_damaged_values_are_left_out_and_never_raise(report: dict[str, object]) -> None:
    said = read_result_line(json.dumps(report))
    if said is not None:
        assert said.usage.input_tokens >= 0
        assert said.usage.cost_usd is None or said.usage.cost_usd >= 0
        assert said.retry_at is None or said.retry_at.tzinfo is not None


@pytest.mark.parametrize("value", [None, "soon", True, 1e300, [], {}])
def test_what_is_no_time_is_none(value: object) -> None:
    assert read_time(value) is None


def test_seconds_since_1970_are_a_time() -> None:
    assert read_time(1767225600) == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("amount", ["1" + "0" * 400, "1e999", "-1", "NaN", "-Infinity"])
def test_numbers_that_are_no_amounts_do_no_harm(amount: str) -> None:
    said = read_result_line(
        f'{{"summary": "x", "input_tokens": {amount}, "cost_usd": {amount}, "retry_at": {amount}}}'
    )
    assert said is not None
    assert 0 <= said.usage.input_tokens <= 10**12
    assert said.usage.cost_usd is None
    assert said.retry_at is None or said.retry_at.tzinfo is UTC


def test_a_time_of_any_zone_is_told_in_utc() -> None:
    assert read_time("2026-04-19T14:00:00+02:00") == datetime(2026, 4, 19, 12, tzinfo=UTC)
    assert read_time("0001-01-01T00:00:00+14:00") is None
