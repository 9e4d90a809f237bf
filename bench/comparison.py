"""Subjects on one Prefect server, taking turns, so that whatever else the machine does hits all."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.subject import Measured, measure
from flows.server import LocalServer
from flows.settings import client_settings

SLOTS = 8
OURS = "ours"


@contextmanager
def prefect_server() -> Iterator[Mapping[str, str]]:
    """A local server with the runner's settings; the environment that makes processes its clients.

    All subjects talk to it with the same client settings: the runner's.
    """
    with TemporaryDirectory(prefix="bench-prefect-") as folder:
        server = LocalServer(Path(folder) / "prefect")
        api = server.ensure().api
        try:
            yield {
                **client_settings(api, server.access()),
                "MISSION_HOME": folder,
            }
        finally:
            server.stop()


def compare(
    subjects: Sequence[str], shape: str, environment: Mapping[str, str], rounds: int
) -> dict[str, list[Measured]]:
    """Each subject once a round, in this order."""
    taken: dict[str, list[Measured]] = {subject: [] for subject in subjects}
    for number in range(1, rounds + 1):
        for subject in subjects:
            print(f"bench: {shape}, round {number}: {subject}", file=sys.stderr)
            taken[subject].append(measure(subject, shape, SLOTS, environment))
    return taken


def median_seconds(runs: Sequence[Measured]) -> float:
    """Of several runs of one subject."""
    return statistics.median(run.seconds for run in runs)


def median_ratio(ours: Sequence[Measured], theirs: Sequence[Measured]) -> float:
    """Of the rounds' own ratios."""
    return statistics.median(
        one.seconds / other.seconds for one, other in zip(ours, theirs, strict=True)
    )


def median_recorded(runs: Sequence[Measured]) -> float | None:
    """Seconds until the server showed everything; None where there is no server."""
    found = [run.recorded_seconds for run in runs if run.recorded_seconds is not None]
    return statistics.median(found) if found else None
