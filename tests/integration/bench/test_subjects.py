"""The benchmarks' subjects carry a small graph out and say what it took."""

from __future__ import annotations

import pytest

from bench.shapes import SHAPES
from bench.subject import measure
from flows.server import LocalServer
from flows.settings import client_settings


@pytest.mark.parametrize("subject", ["floor", "plain", "ours"])
def test_a_subject_is_measured(prefect_server: LocalServer, subject: str) -> None:
    """Luigi and doit are not installed where tests run; `make bench` brings them."""
    api = prefect_server.ensure().api
    settings = client_settings(api, prefect_server.access())
    home = {"MISSION_HOME": str(prefect_server.folder.parent)}
    taken = measure(subject, "quick-chains-sleeping", 8, {**settings, **home})
    assert taken.seconds >= SHAPES["quick-chains-sleeping"]().lower_bound(8)
    assert (taken.recorded_seconds is None) == (subject == "floor")


def test_shapes_are_the_same_in_every_run() -> None:
    for make in SHAPES.values():
        assert make() == make()
    chains = SHAPES["chains-sleeping"]()
    assert len(chains.nodes) == 200
    assert chains.lower_bound(8) == max(chains.critical_path, chains.work / 8)
    assert chains.lower_bound(1) == pytest.approx(chains.work)
