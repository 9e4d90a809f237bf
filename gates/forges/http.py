"""One request to a forge's API: bounded in time and size, without secrets in what it says.

Answers to `GET` are remembered with their `ETag`, so that asking again costs the forge little and,
on GitHub, does not count against the rate limit. Redirects are not followed: the token goes to the
host that it is for and to no other.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from urllib.parse import urlsplit

import httpx
from pydantic import JsonValue

from gates.clock import SYSTEM_CLOCK, Clock
from gates.forges.answers import Answer, checked
from gates.forges.errors import UnreachableError

REQUEST_TIME = timedelta(seconds=20)  # for one request as a whole
MAX_BYTES = 8_000_000  # of one answer; a page of a hundred entries has well under one
_REMEMBERED = 256  # answers with an ETag

Parameters = Mapping[str, str | int]


class _Memory:
    """Answers by address, the least recently used forgotten first. Safe between threads."""

    def __init__(self) -> None:
        self._answers: OrderedDict[str, Answer] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, url: str) -> Answer | None:
        with self._lock:
            if url in self._answers:
                self._answers.move_to_end(url)
            return self._answers.get(url)

    def put(self, url: str, answer: Answer) -> None:
        with self._lock:
            self._answers[url] = answer
            self._answers.move_to_end(url)
            while len(self._answers) > _REMEMBERED:
                self._answers.popitem(last=False)


@cache
def _tls() -> ssl.SSLContext:
    """Reading the machine's certificates takes longer than a request."""
    return httpx.create_ssl_context()


@dataclass(frozen=True, kw_only=True)
class Api:
    """A forge's REST API with our credentials."""

    root: str  # everything before the path, without a slash at its end
    headers: Mapping[str, str] = field(repr=False)  # the credentials are among them
    secrets: tuple[str, ...] = field(default=(), repr=False)  # never to be repeated
    clock: Clock = SYSTEM_CLOCK
    deadline: float | None = None  # on the monotonic clock; no request goes on after it
    _memory: _Memory = field(default_factory=_Memory, repr=False)

    def within(self, patience: timedelta | None) -> Api:
        """The same API, for a caller with that much time left."""
        if patience is None:
            return self
        return replace(self, deadline=self.clock.monotonic() + patience.total_seconds())

    def get(self, path: str, parameters: Parameters | None = None) -> Answer:
        """Read something; conditionally, when it was read before.

        Raises:
            ForgeError: There is no whole answer, or it says no.
        """
        url = self._url(path, parameters)
        known = self._memory.get(url)
        headers = {"If-None-Match": known.headers["etag"]} if known else {}
        answer = self._send("GET", url, headers, None)
        if known and answer.status == httpx.codes.NOT_MODIFIED:
            return known
        checked(answer, self.secrets)
        if "etag" in answer.headers:
            self._memory.put(url, answer)
        return answer

    def send(self, method: str, path: str, body: Mapping[str, JsonValue] | None = None) -> Answer:
        """Change something.

        Raises:
            UnreachableError: No whole answer; whether it was done is unknown.
            ForgeError: The answer says no.
        """
        content = None if body is None else json.dumps(body).encode()
        headers = {} if body is None else {"Content-Type": "application/json"}
        answer = self._send(method, self._url(path, None), headers, content)
        return checked(answer, self.secrets)

    def _url(self, path: str, parameters: Parameters | None) -> str:
        query = f"?{httpx.QueryParams(parameters)}" if parameters else ""
        return f"{self.root}{path}{query}"

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None
    ) -> Answer:
        seconds = REQUEST_TIME.total_seconds()
        if self.deadline is not None:
            seconds = min(seconds, self.deadline - self.clock.monotonic())
        if seconds <= 0:
            raise UnreachableError(f"No time is left to ask {self.host}")
        exchange = self._exchange(method, url, {**self.headers, **headers}, content, seconds)
        try:
            # A loop of its own on a thread of its own: callers may have a loop already, and only
            # a loop can end a server that sends one byte a second.
            with ThreadPoolExecutor(max_workers=1, thread_name_prefix="forge") as pool:
                return pool.submit(asyncio.run, exchange).result()
        except TimeoutError as error:
            raise UnreachableError(
                f"{self.host} gave no whole answer within {seconds:.0f} s"
            ) from error
        except httpx.ConnectError as error:
            raise UnreachableError(f"Cannot connect to {self.host}") from error
        except httpx.HTTPError as error:
            what = type(error).__name__
            raise UnreachableError(f"The answer of {self.host} broke off ({what})") from error

    async def _exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes | None,
        seconds: float,
    ) -> Answer:
        async with (
            asyncio.timeout(seconds),
            httpx.AsyncClient(verify=_tls(), timeout=None) as client,  # noqa: S113  bounded above
            client.stream(method, url, headers=dict(headers), content=content) as response,
        ):
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise UnreachableError(
                        f"{self.host} sent more than {MAX_BYTES // 1_000_000} MB"
                    )
            lowered = {name.lower(): value for name, value in response.headers.items()}
            return Answer(
                method=method,
                path=urlsplit(url).path,
                host=self.host,
                status=response.status_code,
                headers=lowered,
                body=bytes(body),
            )

    @property
    def host(self) -> str:
        """Host and port, without credentials."""
        return urlsplit(self.root).netloc.rpartition("@")[2]
