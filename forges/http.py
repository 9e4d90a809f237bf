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
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from urllib.parse import urlsplit

import httpx
from pydantic import JsonValue

from errors import MachineError
from forges.answers import Answer, checked
from forges.body import ACCEPTED, Body, BrokenError, TooLongError
from forges.errors import SettingsError, UnreachableError
from mission.clock import SYSTEM_CLOCK, Clock
from workspace.process import Stop
from workspace.side_thread import one_thread

REQUEST_TIME = timedelta(seconds=20)  # for one request as a whole
MAX_BYTES = 8_000_000  # of one answer, decompressed; a page of a hundred entries has well under one
_NO_THREAD = "can't start new thread"  # what Python says, in a RuntimeError
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


def _client() -> httpx.AsyncClient:
    """A client that goes through the environment's proxy, where it names one.

    Raises:
        SettingsError: It names one that cannot be used, or certificates that are not there.
    """
    try:
        return httpx.AsyncClient(verify=_tls(), timeout=REQUEST_TIME.total_seconds())
    except (httpx.InvalidURL, ValueError, ImportError, OSError) as error:
        # Not the error's own words: a proxy's address may hold a password.
        raise SettingsError(
            "This machine's proxy or certificate settings cannot be used for the forge",
            hint="Look at HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY, SSL_CERT_FILE and "
            "SSL_CERT_DIR; SOCKS proxies are not supported",
        ) from error


async def _stoppable(exchange: Coroutine[None, None, Answer], stop: Stop | None) -> Answer:
    """The exchange, broken off as soon as a stop is requested."""
    if stop is None:
        return await exchange
    loop = asyncio.get_running_loop()
    task = loop.create_task(exchange)
    with stop.calling(lambda: _cancel(loop, task)):
        return await task


def _cancel(loop: asyncio.AbstractEventLoop, task: asyncio.Task[Answer]) -> None:
    loop.call_soon_threadsafe(task.cancel)


@dataclass(frozen=True, kw_only=True)
class Api:
    """A forge's REST API with our credentials."""

    root: str  # everything before the path, without a slash at its end
    headers: Mapping[str, str] = field(repr=False)  # the credentials are among them
    secrets: tuple[str, ...] = field(default=(), repr=False)  # never to be repeated
    clock: Clock = SYSTEM_CLOCK
    deadline: float | None = None  # on the monotonic clock; no request goes on after it
    stop: Stop | None = None  # breaks reading off; what changes something is never broken off
    _memory: _Memory = field(default_factory=_Memory, repr=False)

    def within(self, patience: timedelta | None, stop: Stop | None = None) -> Api:
        """The same API, for a caller with that much time left, who may be told to stop."""
        if patience is None:
            return replace(self, stop=stop)
        deadline = self.clock.monotonic() + patience.total_seconds()
        return replace(self, deadline=deadline, stop=stop)

    def get(self, path: str, parameters: Parameters | None = None) -> Answer:
        """Read something; conditionally, when it was read before.

        Raises:
            ForgeError: There is no whole answer, or it says no.
        """
        url = self._url(path, parameters)
        known = self._memory.get(url)
        headers = {"If-None-Match": known.headers["etag"]} if known else {}
        answer = self._send("GET", url, headers, None, stop=self.stop)
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
            SettingsError: Nothing was asked.
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
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes | None,
        stop: Stop | None = None,
    ) -> Answer:
        seconds = REQUEST_TIME.total_seconds()
        if self.deadline is not None:
            seconds = min(seconds, self.deadline - self.clock.monotonic())
        if seconds <= 0:
            raise UnreachableError(f"No time is left to ask {self.host}")
        whole = {"Accept-Encoding": ACCEPTED, **self.headers, **headers}
        try:
            # A loop of its own on a thread of its own: callers may have a loop already, and only
            # a loop can end a server that sends one byte a second.
            with one_thread("forge") as pool:
                exchange = _stoppable(self._exchange(method, url, whole, content, seconds), stop)
                return pool.submit(asyncio.run, exchange).result()
        except MachineError as error:  # it passes, as rows end
            raise UnreachableError(f"{self.host} was not asked: {error.message}") from error
        except RuntimeError as error:
            if str(error) != _NO_THREAD:
                raise
            # The loop looks names up on threads of its own, before anything is sent.
            raise UnreachableError(f"{self.host} was not asked: {error}") from error
        except TimeoutError as error:
            raise UnreachableError(
                f"{self.host} gave no whole answer within {seconds:.0f} s"
            ) from error
        except asyncio.CancelledError:
            raise UnreachableError(f"{self.host} is not waited for: stopped") from None
        except httpx.ConnectError as error:
            raise self._not_connected(error) from error
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
            _client() as client,
            client.stream(method, url, headers=dict(headers), content=content) as response,
        ):
            body = await self._whole(response)
            lowered = {name.lower(): value for name, value in response.headers.items()}
            return Answer(
                method=method,
                path=urlsplit(url).path,
                host=self.host,
                status=response.status_code,
                headers=lowered,
                body=body,
            )

    async def _whole(self, response: httpx.Response) -> bytes:
        try:
            body = Body(response.headers.get("content-encoding", ""), MAX_BYTES)
            async for chunk in response.aiter_raw():
                body.add(chunk)
            return body.end()
        except TooLongError:
            limit = f"{MAX_BYTES // 1_000_000} MB"
            raise UnreachableError(f"{self.host} sent more than {limit}") from None
        except BrokenError as error:
            raise UnreachableError(f"The answer of {self.host} is broken: {error}") from None

    def _not_connected(self, error: httpx.ConnectError) -> UnreachableError:
        """Of a certificate that does not hold, what is wrong with it: waiting will not mend it."""
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, ssl.SSLCertVerificationError):
                return UnreachableError(
                    f"The certificate of {self.host} does not hold: {cause.verify_message} "
                    "(SSL_CERT_FILE names the authorities that are trusted)"
                )
            cause = cause.__cause__ or cause.__context__
        return UnreachableError(f"Cannot connect to {self.host}")

    @property
    def host(self) -> str:
        """Host and port, without credentials."""
        return urlsplit(self.root).netloc.rpartition("@")[2]
