"""Forecasts against what the real loop then took: with the shipped fakes, on threads that sleep."""

from __future__ import annotations

import json
from random import Random

import pytest

from forecast.outcome import Band, play
from tests.unit.forecast.real_runs import Repository, longest_path


def test_a_forecast_learns_from_runs_and_is_of_the_same_order_as_the_next_one() -> None:
    place = Repository(seed=7, scale=60_000.0)
    guessed = place.set_scene(place.mission())
    assert guessed.seen == 0
    for _ in range(2):
        place.run(place.mission())
    mission = place.mission()
    learned = place.set_scene(mission)
    assert learned.seen >= 20
    found = play(learned.scene, plays=100, seed=1)
    assert found.left == 0
    assert [row.task for row in found.rows] == list(learned.scene.courses)
    place.run(mission)
    assert set(mission.statuses().values()) == {"done"}


@pytest.mark.soak
def test_p80_holds_in_about_80_of_100_real_runs_and_that_of_a_critical_path_does_not() -> None:
    place = Repository(seed=20260105)
    for _ in range(20):  # what it learns from
        place.run(place.mission())
    held = path_held = 0
    missions = 200
    for number in range(missions):
        mission = place.mission()
        made = place.set_scene(mission)
        p80 = play(made.scene, plays=200, seed=made.seed).seconds.p80
        dice = Random(number)  # noqa: S311 - no secrets
        path = Band.of(longest_path(made.scene, dice) for _ in range(200)).p80
        took = place.run(mission)
        held += took <= p80
        path_held += took <= path
    print(json.dumps({"missions": missions, "p80_held": held, "path_p80_held": path_held}))  # noqa: T201 - for docs/benchmarks.md
    assert 0.75 * missions <= held <= 0.85 * missions
    assert path_held < 0.75 * missions
