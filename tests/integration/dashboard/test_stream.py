"""The one stream: it carries revisions and nothing else, and ends with the server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from mission.place import Place
from tests.integration.dashboard.conftest import Serve, key_of
from tests.shown_mission import plan


@contextmanager
def streamed(client: httpx.Client) -> Iterator[Iterator[str]]:
    """The lines of the stream that say something."""
    with client.stream("GET", "/events", timeout=60) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield (line for line in answer.iter_lines() if line)


def word(lines: Iterator[str]) -> str:
    """The next revision."""
    return next(line for line in lines if line.startswith("data: ")).removeprefix("data: ")


def test_it_says_what_the_page_was_made_of_and_then_what_differs(
    small: Place, serve: Serve
) -> None:
    with serve(small).client() as client:
        key = key_of(client)
        page = client.get(f"/{key}/mission").text
        with streamed(client) as lines:
            named, _, first = word(lines).partition(" ")
            assert named == key
            assert f'data-revision="{first}"' in page
            small.task_file.write_text(plan().replace("no floats", "no cents lost"))
            assert word(lines) != f"{key} {first}"
        assert "no cents lost" in client.get(f"/{key}/mission").text


def test_it_tells_of_a_mission_that_cannot_be_read_and_of_its_return(
    small: Place, serve: Serve
) -> None:
    text = small.task_file.read_text()
    with serve(small).client() as client, streamed(client) as lines:
        first = word(lines)
        small.task_file.unlink()
        assert word(lines) != first
        small.task_file.write_text(text)
        assert word(lines)


def test_a_server_that_ends_ends_its_streams(small: Place, serve: Serve) -> None:
    dashboard = serve(small)
    with dashboard.client() as client, streamed(client) as lines:
        word(lines)
        ended = threading.Thread(target=lambda: list(lines))
        ended.start()
        dashboard.end()
        ended.join()
