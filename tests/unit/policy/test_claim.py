"""Who may carry a mission out, by what the claim says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import UnreadableError
from mission.claim import CLAIM_FILE, ClaimNote, claim_bytes, read_claim
from policy.claim import Turn, try_again, turn, watch, yields_after

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
NOTE = ClaimNote(
    mission="plan-TASKS-1",
    state="held",
    run="r",
    clone="there",
    carries="there",
    host="host",
    pid=4,
    who="A Person <person@example.org>",
    since=NOW - timedelta(hours=3),
    sign=NOW,
    every=60.0,
    take_over=600.0,
    lapse=3600.0,
)


def silent_for(minutes: float) -> ClaimNote:
    return replace(NOTE, sign=NOW - timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("note", "take_over", "wanted"),
    [
        (None, False, Turn.TAKE),
        (replace(NOTE, state="free"), False, Turn.TAKE),
        (replace(NOTE, clone="here"), False, Turn.GO_ON),
        (NOTE, True, Turn.LEAVE),
        (silent_for(9), True, Turn.LEAVE),
        (silent_for(11), False, Turn.STALE),
        (silent_for(11), True, Turn.WATCH),
        (silent_for(61), False, Turn.WATCH),
        (silent_for(-120), False, Turn.LEAVE),  # its clock is ahead
    ],
)
def test_whose_turn_it_is(note: ClaimNote | None, take_over: bool, wanted: Turn) -> None:
    assert turn(note, clone="here", seen=NOW, now=NOW, take_over=take_over) is wanted


def test_a_sign_from_the_future_is_no_older_than_it_was_seen_here() -> None:
    """A dead run whose clock was ahead does not keep the mission for as long."""
    ahead = silent_for(-10_000)
    seen = NOW - timedelta(minutes=61)
    assert turn(ahead, clone="here", seen=seen, now=NOW, take_over=False) is Turn.WATCH


def test_nobody_waits_for_a_run_that_is_known_to_be_dead() -> None:
    assert turn(NOTE, clone="here", seen=NOW, now=NOW, take_over=False, gone=True) is Turn.TAKE


def test_a_watch_is_longer_than_a_sign_takes() -> None:
    assert watch(NOTE) > NOTE.seconds("every")


def test_it_is_read_as_it_was_written() -> None:
    assert read_claim({CLAIM_FILE: claim_bytes(NOTE)}) == NOTE


def test_a_newer_one_says_what_to_do() -> None:
    with pytest.raises(UnreadableError, match="version 2") as caught:
        read_claim({CLAIM_FILE: b'{"version": 2, "more": []}'})
    assert "Update" in caught.value.hint


@given(
    st.one_of(
        st.binary(max_size=300),
        st.builds(
            lambda at, bad: claim_bytes(NOTE)[:at] + bad + claim_bytes(NOTE)[at:],
            st.integers(0, 300),
            st.binary(max_size=9),
        ),
    )
)
def test_foreign_text_is_read_or_refused(raw: bytes) -> None:
    try:
        note = read_claim({CLAIM_FILE: raw})
    except UnreadableError:
        return
    assert note.state in ("held", "free")
    turn(note, clone="here", seen=NOW, now=NOW, take_over=False)


@pytest.mark.parametrize(("every", "soon"), [(1.0, 1.0), (10.0, 10.0), (60.0, 10.0)])
def test_a_sign_that_did_not_come_through_is_given_again_soon(every: float, soon: float) -> None:
    assert try_again(every) == soon


@pytest.mark.parametrize(("lapse", "ends"), [(4.0, 3.0), (600.0, 450.0), (3600.0, 3300.0)])
def test_agents_end_some_time_before_another_clone_may_begin(lapse: float, ends: float) -> None:
    assert yields_after(lapse) == ends
