"""Requests from other clones as files: what is no request is refused, and never believed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import RequestRefusedError
from mission.answers import Answer, RowAnswer, answers_bytes, read_answers
from mission.letter import MOST_BYTES, Letter, is_id, letter_bytes, read_letter, refuse_time

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
ID = "0123456789abcdef" * 2
GOOD: dict[str, object] = {
    "version": 1,
    "id": ID,
    "mission": "TASKS-1",
    "kind": "approve",
    "tasks": ["A", "B"],
    "at": NOW.isoformat(),
}
PLAIN = st.text(st.characters(codec="utf-8"), max_size=40).filter(str.isprintable)


def read(raw: bytes) -> Letter:
    return read_letter(raw, id=ID, mission="TASKS-1")


def test_what_was_written_is_read_again() -> None:
    letter = read(json.dumps(GOOD).encode())
    assert (letter.kind, letter.tasks, letter.at) == ("approve", ("A", "B"), NOW)
    assert read(letter_bytes(letter)) == letter


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"version": 2}, "another version"),
        ({"kind": "explode"}, "does not know"),
        ({"keep": True}, "cannot be read"),  # a newer version's option changes what is asked
        ({"\x1b[2J": True}, "cannot be read: its text"),
        ({"id": "f" * 32}, "copied here"),
        ({"mission": "TASKS-2"}, "copied here"),
        ({"tasks": []}, "names no row"),
        ({"tasks": [f"A-{n}" for n in range(501)]}, "cannot be read"),
        ({"tasks": "A"}, "cannot be read"),
        ({"tasks": ["A\x1b[2J"]}, "control characters"),
        ({"tasks": ["A\u202eB"]}, "control characters"),
        ({"note": "one\ntwo"}, "control characters"),
        ({"note": "x" * 2001}, "cannot be read"),
        ({"kind": "pause"}, "whole mission"),
        ({"kind": "limit", "tasks": [], "note": "0"}, "how many rows"),
        ({"kind": "limit", "tasks": [], "note": "1e3"}, "how many rows"),
        ({"kind": "limit", "tasks": []}, "how many rows"),
        ({"kind": "set", "status": "shipped"}, "its status"),
        ({"kind": "set"}, "its status"),
        ({"status": "done"}, "its status"),
        ({"at": "yesterday"}, "cannot be read"),
        ({"at": "2026-01-05T12:00:00"}, "cannot be read"),  # whose time?
        ({"at": "0001-01-01T00:00:00Z"}, "cannot be read"),  # no clock can show it
        ({"at": 9e99}, "cannot be read"),
    ],
)
def test_what_is_not_as_it_should_be_is_refused(change: dict[str, object], why: str) -> None:
    with pytest.raises(RequestRefusedError, match=why):
        read(json.dumps({**GOOD, **change}).encode())


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"null",
        b"[" * 50_000,
        b"1" * 50_000,
        b"\xff\xfe",
        json.dumps({**GOOD, "note": "\ud800"}).encode(),
        json.dumps({**GOOD, "note": "x" * MOST_BYTES}).encode(),
    ],
    ids=["empty", "list", "null", "deep", "number", "bytes", "half", "huge"],
)
def test_what_is_no_request_at_all_is_refused(raw: bytes) -> None:
    with pytest.raises(RequestRefusedError) as refused:
        read(raw)
    assert refused.value.message.isprintable()


@given(st.binary(max_size=300))
def test_whatever_somebody_pushes_is_read_or_refused(raw: bytes) -> None:
    with pytest.raises(RequestRefusedError):
        read(raw)


_PARTS = st.recursive(st.none() | st.text(max_size=20), st.lists, max_leaves=6)


@given(st.dictionaries(st.sampled_from([*GOOD]), _PARTS))
def test_whatever_its_parts_are_it_is_read_or_refused(change: dict[str, object]) -> None:
    try:
        letter = read(json.dumps({**GOOD, **change}).encode())
    except RequestRefusedError:
        return
    assert all(task.isprintable() for task in letter.tasks)


def test_its_time_is_neither_long_ago_nor_to_come() -> None:
    week = timedelta(days=7)
    for fine in (NOW, NOW - week, NOW + timedelta(minutes=9)):
        refuse_time(fine, NOW, week)
    with pytest.raises(RequestRefusedError, match="expired"):
        refuse_time(NOW - week - timedelta(seconds=1), NOW, week)
    with pytest.raises(RequestRefusedError, match="future"):
        refuse_time(NOW + timedelta(minutes=11), NOW, week)


def test_only_plain_names_are_names_of_requests() -> None:
    assert is_id(ID)
    assert not any(map(is_id, ("", "x", ID + "0", ID.upper(), f"{ID[:-1]}\n", "../../../etc")))


@given(st.lists(st.tuples(PLAIN, st.text(max_size=9000), st.none() | st.text()), max_size=4))
def test_answers_are_cut_to_what_is_read_again(texts: list[tuple[str, str, str | None]]) -> None:
    answers = [
        Answer(
            id=ID,
            kind="approve",
            by=by,
            at=NOW + timedelta(seconds=number),
            rows=(RowAnswer(task="A", status="done", notes=notes, error=error),),
        )
        for number, (by, notes, error) in enumerate(texts)
    ]
    again = read_answers(answers_bytes(answers))
    assert [one.by for one in again] == [one.by for one in answers]
    assert read_answers(answers_bytes(again)) == again


def test_only_the_newest_answers_go_along() -> None:
    answers = [
        Answer(id=ID, kind="pause", by="Ann", at=NOW + timedelta(minutes=n)) for n in range(400)
    ]
    again = read_answers(answers_bytes(reversed(answers)))
    assert again == tuple(answers[-300:])


def test_answers_that_cannot_be_read_are_none() -> None:
    assert read_answers(b'[{"id": 1}]') == read_answers(b"{") == ()
