"""What waits for a time to come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from orchestrator.admission.delays import Delays
from orchestrator.ends import Again

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)


def test_rows_come_back_when_their_time_has_come_earliest_first() -> None:
    delays = Delays()
    delays.add("B", Again(at=LATER), "codex")
    delays.add("A", Again(at=NOW, agent="sonnet"), "codex")
    assert delays.seconds_left(NOW) == 0
    assert delays.pop_due(NOW) == ("A", "sonnet")
    assert delays.pop_due(NOW) is None
    assert delays.seconds_left(NOW) == 300
    assert delays.pop_due(LATER) == ("B", None)
    assert not delays
    assert delays.seconds_left(LATER) is None


def test_a_provider_at_rest_keeps_its_longest_rest_and_others_go_on() -> None:
    delays = Delays()
    delays.add("A", Again(at=LATER, rests=LATER), "codex")
    delays.add("B", Again(at=NOW, rests=NOW + timedelta(minutes=1)), "codex")
    delays.add("C", Again(at=LATER), "claude")
    assert delays.rest("codex", NOW) == LATER
    assert delays.rest("claude", NOW) is None
    assert delays.rest("codex", LATER) is None


def test_a_held_row_waits_with_the_others() -> None:
    delays = Delays()
    delays.hold("A", LATER)
    assert "A" in delays
    assert delays.pop_due(LATER) == ("A", None)
