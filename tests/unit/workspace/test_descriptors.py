"""How many rows at once the file descriptors of a process are enough for."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace.descriptors import OWN, PER_ROW, room_for

_LIMITS = st.integers(16, 1 << 20)


@given(st.integers(1, 1024), _LIMITS, _LIMITS)
def test_rows_fit_below_the_limit(rows: int, one: int, other: int) -> None:
    soft, hard = sorted((one, other))
    room = room_for(rows, soft=soft, hard=hard)
    assert soft <= room.limit <= hard
    assert 1 <= room.rows <= rows
    assert room.rows == 1 or OWN + room.rows * PER_ROW <= room.limit
    if hard >= OWN + rows * PER_ROW:
        assert room.rows == rows


@pytest.mark.parametrize(("hard", "said"), [(4096, "40 1088"), (256, "5 256")])
def test_a_process_gets_what_it_may_have(hard: int, said: str) -> None:
    code = (
        "import resource; from workspace.descriptors import make_room\n"
        f"resource.setrlimit(resource.RLIMIT_NOFILE, (256, {hard}))\n"
        "print(make_room(40), resource.getrlimit(resource.RLIMIT_NOFILE)[0])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == said
