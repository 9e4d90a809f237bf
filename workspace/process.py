"""Child processes: the one way in which this program starts another.

Every child runs under `workspace.supervisor`, so that its whole tree ends with it, and with us.
Git's short-lived plumbing is the exception (`workspace.git_command`): it starts no trees.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from errors import StoppedError
from workspace.alive import started
from workspace.anchored import anchored
from workspace.output import Output
from workspace.supervised import Supervised
from workspace.timers import EndedBy, Timers

# What a program needs to find its tools, its home and its language. No secrets, nothing of git's.
ALLOWED = frozenset(
    {"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TERM"}
    | {"XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"}
    | {"SSL_CERT_FILE", "SSL_CERT_DIR"}
)

#: What people are told of the signals that ask a run to stop.
SIGNALS = {signal.SIGINT: "Ctrl-C was pressed", signal.SIGTERM: "SIGTERM was received"}


class Stop:
    """A request to stop, made once and seen by everybody who holds it."""

    def __init__(self) -> None:
        self._event = threading.Event()
        # Reentrant, since a signal handler may request a stop wherever its thread is.
        self._lock = threading.RLock()
        self._listeners: list[Callable[[], None]] = []
        self.reason = ""
        self.interrupted = False  # somebody outside asked for it, as with Ctrl-C

    @property
    def requested(self) -> bool:
        return self._event.is_set()

    def request(self, reason: str) -> None:
        """Ask everybody to stop, for somebody outside. The first reason stays."""
        self._ask(reason, interrupted=True)

    def give_up(self, reason: str) -> None:
        """Ask everybody to stop, because the work itself cannot go on. The first reason stays."""
        self._ask(reason, interrupted=False)

    def _ask(self, reason: str, *, interrupted: bool) -> None:
        with self._lock:
            if self._event.is_set():
                return
            self.reason, self.interrupted = reason, interrupted
            self._event.set()
            # Under the lock: whoever leaves `calling` is not called any more.
            for listener in self._listeners:
                listener()

    def heed(self) -> None:
        """Go on only where no stop was requested.

        Raises:
            StoppedError: One was.
        """
        if self.requested:
            raise StoppedError(self.reason)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until a stop is requested, at most `seconds`. True if it is."""
        return self._event.wait(seconds)

    def passing_on(self, to: Stop) -> AbstractContextManager[None]:
        """Ask `to` as well, with the same reason, where this is requested while the block runs."""
        return self.calling(lambda: to._ask(self.reason, interrupted=self.interrupted))

    @contextmanager
    def calling(self, listener: Callable[[], None]) -> Iterator[None]:
        """Call `listener` once, on the thread that requests the stop, while the block runs; at
        once if it was requested before. It must not block and must not raise."""
        with self._lock:
            self._listeners.append(listener)
            requested = self._event.is_set()
        if requested:
            listener()
        try:
            yield
        finally:
            with self._lock:
                self._listeners.remove(listener)


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessSpec:
    """A program to run."""

    argv: tuple[str, ...] | list[str]  # the program and its arguments; never a shell's text
    cwd: Path  # where it starts
    environment: Mapping[str, str]  # all that it gets; see `allowed_environment`
    stdin: bytes = b""  # fed to its standard input, which then ends
    log: Path | None = None  # its output is appended here, redacted, as it comes
    start: timedelta | None = None  # until the first output
    silence: timedelta | None = None  # between two outputs
    total: timedelta | None = None  # from the start to the end
    grace: timedelta = timedelta(seconds=5)  # from interrupt to terminate, and on to kill
    on_line: Callable[[str, bytes], None] | None = None  # ("stdout" | "stderr", redacted line)
    redact: Callable[[bytes], bytes | None] | None = (
        None  # takes secrets out of a line; None drops it
    )
    on_ask: Callable[[], None] | None = None  # called just before it is asked to end, if it is


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessEnd:
    """How a program ended. Nothing of its tree is left."""

    exit_code: int | None  # None if a signal ended it
    signal: int | None  # the number of the signal that ended it
    ended_by: EndedBy  # "exit" if it ended by itself, else what made us end it
    seconds: float  # from the start until nothing was left
    tail: str  # its last lines, both streams, redacted

    @property
    def ok(self) -> bool:
        return self.ended_by == "exit" and self.exit_code == 0


def allowed_environment(
    allow: Iterable[str] = (),
    extra: Mapping[str, str] | None = None,
    source: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The variables of `source` (default: ours) that a child may see.

    `allow` names more of them to let through; a name that ends in `*` allows all that begin with
    the rest. `extra` is added. Paths become absolute ones (`workspace.anchored`). Nothing of git's
    or Prefect's passes unless `extra` brings it: a `GIT_DIR` of ours would take a child to another
    repository, and with what we log in to Prefect with it could have a worker run anything.
    """
    source = os.environ if source is None else source
    names = frozenset(allow)
    prefixes = ("LC_", *(name[:-1] for name in names if name.endswith("*")))
    chosen = {
        name: value
        for name, value in source.items()
        if (name in ALLOWED or name in names or name.startswith(prefixes))
        and not name.startswith(("GIT_", "PREFECT_"))
    }
    return anchored({**chosen, **(extra or {})})


def run_process(
    spec: ProcessSpec, stop: Stop, on_start: Callable[[int, float], None] | None = None
) -> ProcessEnd:
    """Run a program to its end, and its whole tree with it. Blocks.

    `on_start` gets the supervisor's pid and start time (`workspace.alive.started`): while that
    process lives, something of the program may live too. If a callback raises, the tree is ended
    and the exception passes on.

    Raises:
        ProcessError: The program cannot be started.
    """
    timers = Timers(start=spec.start, silence=spec.silence, total=spec.total)
    with (
        Output(log=spec.log, redact=spec.redact, on_line=spec.on_line) as output,
        Supervised(
            spec.argv,
            cwd=spec.cwd,
            environment=spec.environment,
            stdin=spec.stdin,
            grace=spec.grace,
        ) as supervised,
        stop.calling(supervised.wake),
    ):
        if on_start is not None:
            on_start(supervised.pid, started(supervised.pid) or 0.0)
        ended_by = _watch(supervised, output, timers, stop, spec.on_ask)
    return ProcessEnd(
        exit_code=supervised.exit_code,
        signal=supervised.signal,
        ended_by=ended_by,
        seconds=timers.seconds,
        tail=output.tail,
    )


def _watch(
    supervised: Supervised,
    output: Output,
    timers: Timers,
    stop: Stop,
    on_ask: Callable[[], None] | None,
) -> EndedBy:
    """Carry output until nothing of the tree is left; ask for the end when it is time."""
    ended_by: EndedBy = "exit"
    while not supervised.gone:
        waiting = ended_by == "exit" and not supervised.ended
        due = timers.next() if waiting else None
        for stream, data in supervised.read(due[0] if due else None):
            timers.heard()
            output.feed(stream, data)
        if supervised.ended or not waiting:
            continue
        due = timers.next()
        if stop.requested:
            ended_by = "stop"
        elif due is not None and due[0] <= 0:
            ended_by = due[1]
        if ended_by != "exit":
            if on_ask is not None:
                on_ask()
            supervised.ask()
    return ended_by
