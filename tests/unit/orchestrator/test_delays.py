"""What waits for a time to come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mission.config import MissionConfig
from orchestrator.admission.delays import Delays
from orchestrator.admission.rests import Rests

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


def test_a_provider_at_rest_keeps_its_longest_rest_and_others_go_on() -> None:
    rests = Rests(MissionConfig())
    rests.begin("haiku", LATER)
    rests.begin("opus", NOW + timedelta(minutes=1))
    assert rests.first_at_work(["sonnet", "codex"], NOW) == ("codex", None)
    assert rests.first_at_work(["sonnet"], NOW) == ("sonnet", LATER)
    assert rests.first_at_work(["sonnet"], LATER) == ("sonnet", None)


def test_a_held_row_waits_with_the_others() -> None:
    delays = Delays()
    delays.hold("A", LATER)
    assert "A" in delays
    assert delays.pop_due(LATER) == ("A", None)
