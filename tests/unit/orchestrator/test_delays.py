"""What waits for a time to come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from orchestrator.admission.delays import Delays

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)


def test_rows_come_back_when_their_time_has_come_earliest_first() -> None:
    delays = Delays()
    delays.hold("B", LATER)
    delays.hold("A", NOW, "sonnet")
    assert delays.seconds_left(NOW) == 0
    assert delays.pop_due(NOW) == ("A", "sonnet")
    assert delays.pop_due(NOW) is None
    assert delays.seconds_left(NOW) == 300
    assert delays.pop_due(LATER) == ("B", None)
    assert not delays
    assert delays.seconds_left(LATER) is None


def test_a_held_row_waits_with_the_others() -> None:
    delays = Delays()
    delays.hold("A", LATER)
    assert "A" in delays
    assert delays.pop_due(LATER) == ("A", None)


def test_a_row_may_be_looked_at_before_its_time() -> None:
    delays = Delays()
    delays.hold("A", LATER, "sonnet")
    delays.hurry({"A", "B"}, NOW)  # B waits for nothing
    assert delays.pop_due(NOW) == ("A", "sonnet")
    assert not delays
