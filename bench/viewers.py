"""What fifty people who look on cost a run: its makespan with them over that without.

    python -m bench.viewers [ROUNDS]

Rows of agents that take some seconds, on four slots, on a copy of our own repository. Who looks on
has the overview open, as a browser has it: the stream of revisions, and the page again after each
word that differs, at most once a second. The dashboard is a process beside the run, as always;
those who look on are one, too, which only gets what the others leave: people's browsers are
elsewhere. With and without take turns.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from bench.row import carry_out, clone_of, mission
from bench.row_repositories import our_own

ROWS, SLOTS, SECONDS = 24, 4, 3.0
VIEWERS = 50
TARGET = 1.02
_ROUNDS = 5
_LOOK = 1.0  # seconds between two looks at a page: `dashboard/static/pages.js`


def measure(
    rounds: int = _ROUNDS,
    *,
    rows: int = ROWS,
    seconds: float = SECONDS,
    viewers: int = VIEWERS,
) -> dict[str, object]:
    """The figures: medians, the ratio that of the rounds' own.

    Args:
        rounds: How often both are measured.
        rows: Of the mission.
        seconds: How long an agent takes.
        viewers: How many look on.
    """
    alone, watched, looks = list[float](), list[float](), list[int]()
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        template = Path(place, "template.git")
        our_own(template)
        for number in range(rounds):
            folder = Path(place, str(number))
            alone.append(_makespan(folder / "alone", template, rows, seconds, viewers=0)[0])
            took, looked = _makespan(folder / "watched", template, rows, seconds, viewers=viewers)
            watched.append(took)
            looks.append(looked)
    ratios = [one / other for one, other in zip(watched, alone, strict=True)]
    return {
        "rounds": rounds,
        "viewers": viewers,
        "target_ratio": TARGET,
        "alone_seconds": round(statistics.median(alone), 2),
        "watched_seconds": round(statistics.median(watched), 2),
        "ratio": round(statistics.median(ratios), 3),
        "ratios": [round(one, 3) for one in ratios],
        "pages_read": round(statistics.median(looks)),
    }


def _makespan(
    folder: Path, template: Path, rows: int, seconds: float, *, viewers: int
) -> tuple[float, int]:
    """How long a run takes, and how many pages were read meanwhile."""
    folder.mkdir(parents=True)
    plan = mission(clone_of(template, folder), [f"R{one}" for one in range(rows)], seconds=seconds)
    with ExitStack() as stack:
        looking = None
        if viewers:
            address = stack.enter_context(_dashboard(plan))
            looking = stack.enter_context(_looking_on(address, viewers))
        begin = time.perf_counter()
        carry_out(plan, folder, slots=SLOTS, expected=rows)
        taken = time.perf_counter() - begin
        looks = int(looking.communicate("")[0]) if looking is not None else 0
    return taken, looks


@contextmanager
def _dashboard(plan: Path) -> Iterator[str]:
    """One that answers; its address, with the token."""
    command = [sys.executable, "-m", "cli", "dashboard", str(plan), "--read-only"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            yield next(line.strip() for line in process.stderr if "?token=" in line)
        finally:
            process.terminate()


@contextmanager
def _looking_on(address: str, viewers: int) -> Iterator[subprocess.Popen[str]]:
    """They look until their standard input ends, and say how many pages they read."""
    command = [sys.executable, "-m", "bench.viewers", "look", address, str(viewers)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, text=True, stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None
        process.stdout.readline()  # all of them have the page
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()


async def _look_on(address: str, viewers: int) -> int:
    origin, _, token = address.partition("/?token=")
    headers = {"Authorization": f"Bearer {token}"}
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=origin, headers=headers, limits=limits) as client:
        (shown,) = (await client.get("/missions.json")).json()["missions"]
        page = f"/{shown['key']}/mission"
        readers = [_Reader(client, page) for _ in range(viewers)]
        for one in readers:
            await one.look()
        print(flush=True)
        looking = [asyncio.create_task(one.look_on()) for one in readers]
        await asyncio.to_thread(sys.stdin.read)
        for task in looking:
            task.cancel()
        await asyncio.gather(*looking, return_exceptions=True)
    return sum(one.looks for one in readers)


class _Reader:
    """A browser with one page open."""

    def __init__(self, client: httpx.AsyncClient, page: str) -> None:
        self.looks = 0
        self._client, self._page, self._tag = client, page, ""
        self._differs = asyncio.Event()

    async def look_on(self) -> None:
        await asyncio.gather(self._hear(), self._follow())

    async def look(self) -> None:
        answer = await self._client.get(self._page, headers={"If-None-Match": self._tag})
        self._tag = answer.headers["etag"]
        self.looks += 1

    async def _hear(self) -> None:
        while True:  # the server ends a stream after a while
            async with self._client.stream("GET", "/events", timeout=None) as stream:
                async for line in stream.aiter_lines():
                    if line.startswith("data:"):
                        self._differs.set()

    async def _follow(self) -> None:
        while True:
            await self._differs.wait()
            self._differs.clear()
            await self.look()
            await asyncio.sleep(_LOOK)


if __name__ == "__main__":
    if sys.argv[1:2] == ["look"]:
        os.nice(19)
        print(asyncio.run(_look_on(sys.argv[2], int(sys.argv[3]))))
    else:
        print(json.dumps(measure(*map(int, sys.argv[1:2])), indent=2))
