"""The server with which the agents of a run look the mission up: one process, for all of them.

`mission mcp --http` on a free port of this machine, started when the first agent asks for it, and
ended with the run, however that ends. It is never needed: what goes wrong with it is told, and the
agent works without.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

from agents.lookup import Lookup, new_token, sdk_hindrance
from errors import AgentError, MissionError, told
from workspace.process import ProcessSpec, Stop, run_process
from workspace.side_thread import SideThread

_START_SECONDS: Final = 20.0  # it takes one; the machine may be busy
_LOOK_SECONDS: Final = 5.0
_MOST_MISSED: Final = 2  # looks without an answer, one after the other: a busy machine has one
_REST_SECONDS: Final = 300.0  # after a start that hung: agents do not wait for the next one so soon
_MOST_STARTS: Final = 3  # of one run: what dies again and again is left alone
_MOST_BYTES: Final = 65_536
_ERROR: Final = "mission: "  # how a command's error begins
_HUNG: Final = f"its server did not listen in {_START_SECONDS:.0f} s"
_HELLO: Final = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "mission-runner", "version": "1"},
    },
}


class Lookups(Protocol):
    """Where a run's agents look the mission up."""

    def offer(self) -> Lookup:
        """A server that answers now.

        Raises:
            AgentError: There is none; the message says why, in one line.
        """

    def close(self) -> None:
        """Nobody asks any more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NoLookups:
    """Nowhere. For commands that ask no agent, and for tests."""

    why: str = "there is no server for it here"

    def offer(self) -> Lookup:
        """None."""
        raise AgentError(self.why)

    def close(self) -> None:
        """There is nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Begun:
    """A server that was started."""

    token: str
    stop: Stop = field(default_factory=Stop)
    url: Future[str] = field(default_factory=Future)  # once it listens; or why it never will
    over: threading.Event = field(default_factory=threading.Event)


class LookupServer:
    """The server of one run. For many threads."""

    def __init__(self, task_file: Path, folder: Path) -> None:
        """Of the mission with this task file; it starts in `folder`, which no agent writes to."""
        self._task_file = task_file
        self._folder = folder
        self._lock = threading.Lock()  # guards what follows
        self._begun: _Begun | None = None
        self._thread: SideThread | None = None
        self._starts = 0
        self._missed = 0
        self._rests_until = 0.0  # by `time.monotonic`

    def offer(self) -> Lookup:
        """The server, started where it does not run. It has answered just now."""
        hindrance = sdk_hindrance()
        if hindrance:
            raise AgentError(hindrance)
        begun = self._running()
        try:
            url = begun.url.result(_START_SECONDS)
        except TimeoutError:
            self._rest(begun)
            raise AgentError(_HUNG) from None
        try:
            _look(url, begun.token)
        except AgentError as error:
            self._miss(begun, error.message)
            raise
        with self._lock:
            self._missed = 0
        return Lookup(url=url, token=begun.token)

    def close(self) -> None:
        """End it, and wait until it has ended."""
        with self._lock:
            begun, thread, self._starts = self._begun, self._thread, _MOST_STARTS
        if begun is not None and thread is not None:
            begun.stop.request("the run is over")
            thread.join()

    def _rest(self, begun: _Begun) -> None:
        """Its start hung: end it, and have nobody wait for another one for a while."""
        begun.stop.request(_HUNG)
        with self._lock:
            self._rests_until = time.monotonic() + _REST_SECONDS

    def _miss(self, begun: _Begun, why: str) -> None:
        """It did not answer. All agents use it: only when it has missed another look is it ended,
        and the next who asks has another one started."""
        with self._lock:
            self._missed += 1
            ended = self._missed >= _MOST_MISSED
            self._missed = 0 if ended else self._missed
        if ended:
            begun.stop.request(why)

    def _running(self) -> _Begun:
        with self._lock:
            if time.monotonic() < self._rests_until:
                raise AgentError(_HUNG)
            if self._begun is not None and not self._begun.over.is_set():
                return self._begun
            if self._starts >= _MOST_STARTS:
                raise AgentError("its server has ended again and again")
            self._starts += 1
            begun = self._begun = _Begun(token=new_token())
            self._thread = SideThread(
                "lookup", lambda: self._serve(begun), on_death=lambda error: _died(begun, error)
            )
            self._thread.start()
            return begun

    def _serve(self, begun: _Begun) -> None:
        def hear(stream: str, line: bytes) -> None:
            if stream == "stdout" and not begun.url.done():
                begun.url.set_result(line.decode("utf-8", "replace").strip())

        end = run_process(
            ProcessSpec(
                argv=(sys.executable, "-P", "-m", "cli", "mcp", str(self._task_file), "--http"),
                cwd=self._folder,
                environment=_environment(),
                stdin=f"{begun.token}\n".encode(),
                on_line=hear,
            ),
            begun.stop,
        )
        _died(begun, AgentError(f"its server ended with {end.exit_code}: {_said(end.tail)}"))


def _environment() -> dict[str, str]:
    """All of ours: it is our own program, and takes out of its answers what is secret there."""
    return {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}


def _died(begun: _Begun, error: BaseException) -> None:
    begun.over.set()
    if not begun.url.done():
        shown = told(error) if isinstance(error, MissionError | OSError | MemoryError) else error
        begun.url.set_exception(AgentError(f"its server cannot be started: {shown}"))


def _said(text: str) -> str:
    """Its own error, else its last line: below an error stands what to do, and a traceback ends
    with what happened."""
    lines = text.strip().splitlines()
    own = next((line for line in lines if line.startswith(_ERROR)), None)
    return own.removeprefix(_ERROR) if own else lines[-1] if lines else "it said nothing"


def _look(url: str, token: str) -> None:
    """See that it shakes hands.

    Raises:
        AgentError: It does not.
    """
    place = urlsplit(url)
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
    }
    connection = HTTPConnection(place.hostname or "", place.port, timeout=_LOOK_SECONDS)
    try:
        connection.request("POST", place.path, json.dumps(_HELLO), headers)
        answer = connection.getresponse()
        if answer.status != 200 or b'"serverInfo"' not in answer.read(_MOST_BYTES):
            raise AgentError(f"its server answers with {answer.status}")
    except (OSError, HTTPException) as error:
        raise AgentError(f"its server does not answer: {error or type(error).__name__}") from None
    finally:
        connection.close()
