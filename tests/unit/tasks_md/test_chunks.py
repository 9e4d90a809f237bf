"""Sequences of which a changed copy shares what did not change."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tasks_md.chunks import Chunks
from tasks_md.saving import NewFile, version_at


@given(
    count=st.integers(0, 1_200),
    places=st.dictionaries(st.integers(0, 1_199), st.integers(-9, -1), max_size=8),
)
def test_it_is_the_tuple_with_these_items_changed(count: int, places: dict[int, int]) -> None:
    items = tuple(range(count))
    changes = {at: item for at, item in places.items() if at < count}
    chunks = Chunks(items)
    changed = chunks.changed(changes)
    expected = tuple(changes.get(at, at) for at in items)
    assert tuple(chunks) == items
    assert tuple(changed) == tuple(changed[at] for at in range(count)) == expected
    assert tuple(changed[-at - 1] for at in range(count)) == expected[::-1]
    assert changed[1:-1] == expected[1:-1]
    assert len(changed) == count
    assert (changed == chunks) == (not changes)
    assert changed == Chunks(expected)
    assert hash(changed) == hash(Chunks(expected))
    touched = [old is not new for old, new in zip(chunks.chunks, changed.chunks, strict=True)]
    assert sum(touched) <= len(changes)


def test_any_number_of_pieces_is_written(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    like = version_at(path)
    assert like is not None
    pieces = [os.urandom(n % 5) for n in range(5_000)]
    with NewFile(tmp_path / "new", pieces, like=like) as fresh:
        fresh.replace(path)
    assert path.read_bytes() == b"".join(pieces)
    assert [one.name for one in tmp_path.iterdir()] == ["file"]
