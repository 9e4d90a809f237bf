"""A remote that cannot be reached for a while: which failures say so, and who waits for it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from errors import RemoteAwayError
from mission.amounts import span
from policy.backoff import Backoff
from workspace.process import Stop

# What git, ssh and curl say where nobody answered. None of it is about the repository, the
# credentials or what was asked for.
_AWAY = re.compile(
    r"unable to connect|could not connect|failed to connect"
    r"|connect(ion)? to (?:(?!connect(ion)? to | failed)[^\n])*+ failed"
    r"|connect to host|connection (refused|timed out|reset|closed|was reset|abort)"
    r"|could not resolve|name resolution|name or service not known|no address associated"
    r"|network is unreachable|no route to host|host is down|operation timed out|timed out after"
    r"|operation too slow|hung up unexpectedly|early eof|rpc failed|broken pipe"
    r"|kex_exchange_identification|ssl_error_syscall|gnutls|empty reply from server"
    r"|returned error: (429|5\d\d)",
    re.IGNORECASE,
)
# A folder that was there: a network drive that is gone, or a server's disk.
_GONE = re.compile(
    r"does not appear to be a git repository"
    r"|repository (?:(?!repository | does not exist)[^\n])*+ does not exist"
)
# What git says of the remote's answer to a push.
_ANSWERED = re.compile(r"^ ! \[(remote )?rejected\]|does not support --atomic", re.MULTILINE)

# A server that answers and cannot work: its disk, its memory, its own error. It passes.
_UNWELL = re.compile(
    r"^(?:remote: |error: remote |.{0,300}\[remote rejected\])"
    r".{0,300}(?:unpack|couldn't (?:write|set|close)|failed to write|no space left|read-only file"
    r"|input/output error|quota exceeded|unable to create temporary"
    r"|internal (?:server )?error|out of memory)"
    r"|unexpected disconnect",
    re.IGNORECASE | re.MULTILINE,
)
# Somebody else's git, here or there, was in the way for a moment; or ours was killed. It may be for
# good (a lock that a crash left): so it is tried a few times only.
_HICCUP = re.compile(
    r"cannot lock ref(?!.{0,300}(?:but expected|reference already exists))|failed to update ref"
    r"|unable to create '.{0,300}\.lock'|died of signal|inflate|invalid index-pack"
    r"|shallow file has changed|resource temporarily unavailable|cannot fork|cannot allocate"
    r"|failed to lock"
    # A line that was cut in the middle of what the other side said.
    r"|expected (?:flush|packfile|response end|shallow|ack/nak)|premature end of|invalid packet"
    r"|protocol error: |error (?:processing (?:acks|shallow|wanted)|in sideband|reading section)",
    re.IGNORECASE,
)
# What is the matter with a remote, what it was, and what it does once that has passed.
_UNREACHED, _UNWELL_ONE = "cannot be reached", "answers, and cannot save what it is sent"
_PAST = {_UNREACHED: "could not be reached", _UNWELL_ONE: "answered, and could not save anything"}
_AGAIN = {_UNREACHED: "can be reached again", _UNWELL_ONE: "works again"}
_TRIES = 5  # of a command that met a hiccup

#: An address that has not answered yet in this run may be wrong: a person should know soon.
AT_FIRST = timedelta(seconds=30)
PAUSES = Backoff(first=timedelta(seconds=2), factor=2, ceiling=15)


class Away:
    """Lets everybody who uses the remote of a run wait until it answers again. For any thread."""

    def __init__(
        self,
        *,
        patience: timedelta,
        stop: Stop,
        tell: Callable[[str, bool], None],
        name: str = "the remote",
    ) -> None:
        """`tell` gets a line for people, and whether the remote is away, when that changes; `name`
        is what it is called there."""
        self._patience = patience
        self.stop = stop
        self._tell = tell
        self._name = name
        self._lock = threading.Lock()
        self._since: float | None = None  # it has been away, by `time.monotonic`
        self._does = _UNREACHED  # what is the matter with it
        self._answered = False  # once in this run
        self._listeners: list[Callable[[], None]] = []

    def beside(self, name: str, tell: Callable[[str, bool], None]) -> Away:
        """For another remote, which is waited for as patiently as this one."""
        return Away(patience=self._patience, stop=self.stop, tell=tell, name=name)

    @property
    def holds(self) -> bool:
        """Whether the remote is being waited for: nothing that needs it should start."""
        return self._since is not None

    @contextmanager
    def calling(self, listener: Callable[[], None]) -> Iterator[None]:
        """Call `listener` when the remote is back, while the block runs. It must not block."""
        self._listeners.append(listener)
        try:
            yield
        finally:
            self._listeners.remove(listener)

    def is_away(self, said: str) -> bool:
        """Whether a command that failed with these words did not reach the remote."""
        if _UNWELL.search(said):
            return True
        if _ANSWERED.search(said):
            return False  # git hangs up itself, where all was to be moved or nothing
        return bool(_AWAY.search(said) or (self._answered and _GONE.search(said)))

    def is_hiccup(self, code: int, said: str, turn: int) -> bool:
        """Whether a command that failed is to be tried again soon; after a pause, if it is.

        Args:
            code: Its exit code; negative: it was killed by that signal.
            said: Its words.
            turn: How often it was tried before.

        Raises:
            StoppedError: A stop was requested.
        """
        if turn + 1 >= _TRIES or not (code < 0 or _HICCUP.search(said)):
            return False
        self.stop.wait(PAUSES.pause(turn).total_seconds())
        self.stop.heed()
        return True

    def answered(self) -> None:
        """The remote has answered, whatever it said."""
        with self._lock:
            self._answered = True
            since, self._since = self._since, None
            does = self._does
        if since is not None:
            gone = span(timedelta(seconds=time.monotonic() - since))
            self._tell(f"{self._name} {_AGAIN[does]}, after {gone}", False)
            for listener in tuple(self._listeners):
                listener()

    def wait(self, turn: int, why: str, said: str = "") -> None:
        """Wait before the next try; `turn` counts the caller's own, from 0.

        Args:
            turn: As above.
            why: For people.
            said: All that git said, which tells a remote that is away from one that cannot work.

        Raises:
            RemoteAwayError: It has been away for longer than the run's patience.
            StoppedError: A stop was requested.
        """
        with self._lock:
            began = self._since is None
            does = _UNWELL_ONE if _UNWELL.search(said) else _UNREACHED
            began, self._does = began or does != self._does, does
            self._since = since = self._since or time.monotonic()
        patience = self._patience if self._answered else min(self._patience, AT_FIRST)
        left = patience.total_seconds() - (time.monotonic() - since)
        if left <= 0:
            raise RemoteAwayError(
                f"{self._name} {_PAST[does]} for {span(patience)}: {why}",
                hint=f"Nothing is lost: `mission run` carries on once it {_AGAIN[does]}",
            )
        if began:
            most = span(patience)
            told = f"{self._name} {does}, and is asked again for up to {most}: {why}"
            self._tell(told, True)
        self.stop.wait(min(left, PAUSES.pause(turn).total_seconds()))
        self.stop.heed()
