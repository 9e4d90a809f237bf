"""What is told of a run in another clone that is asked."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cli.asking import tell_left
from mission.clock import utc_now
from mission.elsewhere import HELD, Claimed


@pytest.mark.parametrize(("silent", "told"), [(timedelta(), False), (timedelta(hours=1), True)])
def test_whoever_asks_a_run_that_may_be_dead_is_told_what_to_do(
    silent: timedelta, told: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    tell_left(Claimed(state=HELD, who="Ada <ada@example.org>", host="vm", sign=utc_now() - silent))
    said = capsys.readouterr().err.splitlines()
    assert any("mission run --take-over" in line for line in said) is told
    assert all(len(line) <= 80 for line in said)
