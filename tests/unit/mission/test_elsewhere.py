"""What was heard of another clone: kept beside the journal, believed by nobody."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from mission.answers import ANSWERS_FILE, Answer, answers_bytes
from mission.claim import CLAIM_FILE
from mission.elsewhere import (
    ROWS_FILE,
    Elsewhere,
    RowsThere,
    RowThere,
    elsewhere_file,
    heard,
    read_elsewhere,
    rows_bytes,
    told,
    write_elsewhere,
)
from mission.place import Place

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
CLAIM = {
    "version": 1,
    "state": "held",
    "clone": "c1",
    "host": "far",
    "pid": 42,
    "who": "Ann <ann@example.org>",
    "since": NOW.isoformat(),
    "sign": NOW.isoformat(),
    "run": "what this version does not ask for",
}
ROWS = RowsThere(rows=(RowThere(task="A", status="needs-qa", why="look"),), counts={"done": 2})
ANSWER = Answer(id="0" * 32, kind="pause", by="Ann", at=NOW)
FILES = {
    CLAIM_FILE: json.dumps(CLAIM).encode(),
    ROWS_FILE: rows_bytes(ROWS),
    ANSWERS_FILE: answers_bytes([ANSWER]),
}


def test_a_claim_of_another_clone_is_held_there() -> None:
    found = heard(FILES, looked=NOW, clone="c2")
    assert found.held_there
    assert found.claim is not None
    assert (found.claim.host, found.claim.sign) == ("far", NOW)
    assert (found.there, found.answers) == (ROWS, (ANSWER,))
    assert found.row("A") == ROWS.rows[0]
    assert found.row("B") is None
    assert not heard(FILES, looked=NOW, clone="c1").held_there
    given_back = {**FILES, CLAIM_FILE: json.dumps({**CLAIM, "state": "free"}).encode()}
    assert not heard(given_back, looked=NOW, clone="c2").held_there
    assert not heard({}, looked=NOW, clone="c2").held_there


@given(
    st.dictionaries(
        st.sampled_from([CLAIM_FILE, ROWS_FILE, ANSWERS_FILE]),
        st.binary(max_size=80) | st.sampled_from([*FILES.values()]),
    )
)
def test_whatever_somebody_pushes_is_heard_or_passed_over(files: dict[str, bytes]) -> None:
    found = heard(files, looked=NOW, clone="c2")
    assert found.claim is None or found.claim.host == "far"


def test_it_is_kept_until_somebody_looks_again(tmp_path: Path) -> None:
    place = Place(task_file=tmp_path / "TASKS.md", repository=tmp_path, common_dir=tmp_path)
    assert read_elsewhere(place) is None
    found = heard(FILES, looked=NOW, clone="c2")
    write_elsewhere(place, found)
    assert read_elsewhere(place) == found
    write_elsewhere(place, Elsewhere(looked=NOW))
    assert read_elsewhere(place) == Elsewhere(looked=NOW)
    assert [file.name for file in place.state_dir.iterdir()] == ["elsewhere.json"]
    for broken in (b"", b"{", b"[" * 9999, b"x" * 5_000_000):
        elsewhere_file(place).write_bytes(broken)
        assert read_elsewhere(place) is None


@given(st.text(max_size=2000))
def test_texts_are_cut_to_what_is_read_again(text: str) -> None:
    row = RowThere(task="A", status="blocked", why=told(text))
    made = heard({ROWS_FILE: rows_bytes(RowsThere(rows=(row,)))}, looked=NOW, clone="")
    assert made.there.rows == (row,)
