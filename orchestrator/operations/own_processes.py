"""Our own command line as child processes, which end with us: for operations that prove things."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from errors import MissionError, StoppedError, TierError
from tiers.gateway.tokens import Tokens
from tiers.servers.owned_process import free_port
from workspace.process import ProcessEnd, ProcessSpec, Stop, allowed_environment, run_process
from workspace.side_thread import one_thread

_RECORDER = Path(__file__).with_name("import_recorder.py")
_BOOT_SECONDS = 60.0  # of the gateway, on a busy machine
_POLL_SECONDS = 0.05
_TOKEN_LASTS = timedelta(hours=1)
# Its configuration, and where libpq looks for a password that none names.
_PASSED = ("MISSION_*", "PGPASSWORD", "PGPASSFILE")


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnCommands:
    """Where and how commands run."""

    folder: Path  # the current folder of each
    environment: Mapping[str, str]  # all of it
    stop: Stop  # ends what runs

    def run(self, *arguments: str, seconds: float = 300, imports: Path | None = None) -> ProcessEnd:
        """Run `mission ARGUMENTS` to its end; with `imports`, write its import graph there.

        Raises:
            ProcessError: It cannot be started.
            StoppedError: The run was stopped meanwhile.
        """
        end = run_process(self._spec(arguments, imports, timedelta(seconds=seconds)), self.stop)
        if end.ended_by == "stop":
            raise StoppedError(self.stop.reason)
        return end

    @contextmanager
    def gateway(
        self, *arguments: str, imports: Path | None = None
    ) -> Iterator[tuple[httpx.Client, float]]:
        """A client of `mission gateway serve` on a free port, and the seconds until it answered.

        It is asked with a token of its own: nobody else on this machine reads what it shows.

        Raises:
            TierError: It did not boot; the message has its own words.
            StoppedError: The run was stopped meanwhile.
        """
        port = free_port()
        ending = Stop()
        with (
            TemporaryDirectory(prefix="mission-gateway-") as tokens,
            self.stop.calling(lambda: ending.request(self.stop.reason)),
            one_thread("gateway") as pool,
            httpx.Client(
                base_url=f"http://127.0.0.1:{port}",
                headers={"Authorization": f"Bearer {_new_token(Path(tokens))}"},
                timeout=20,
                trust_env=False,
            ) as client,
        ):
            words = ("gateway", "serve", "--port", str(port), "--tokens", tokens, *arguments)
            running = pool.submit(run_process, self._spec(words, imports, None), ending)
            try:
                yield client, _await_answer(client, running)
            except MissionError:
                self._refuse_stopped()
                raise
            except httpx.HTTPError as error:
                self._refuse_stopped()
                raise TierError(f"The gateway does not answer as it should: {error}") from None
            finally:
                ending.request("the check is over")

    def _refuse_stopped(self) -> None:
        """What went wrong after a stop went wrong because of it."""
        if self.stop.requested:
            raise StoppedError(self.stop.reason)

    def _spec(
        self, arguments: tuple[str, ...], imports: Path | None, total: timedelta | None
    ) -> ProcessSpec:
        command = ("-m", "cli") if imports is None else (str(_RECORDER), str(imports))
        return ProcessSpec(
            argv=(sys.executable, "-P", *command, *arguments),
            cwd=self.folder,
            environment=self.environment,
            total=total,
        )


def own_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """What our own commands get of our environment: all that configures them."""
    return allowed_environment(_PASSED, extra)


def _new_token(folder: Path) -> str:
    return Tokens(folder).add(
        "operation", lasting=_TOKEN_LASTS, missions=None, now=datetime.now(UTC)
    )


def _await_answer(client: httpx.Client, running: Future[ProcessEnd]) -> float:
    began = time.monotonic()
    while time.monotonic() - began < _BOOT_SECONDS:
        if running.done():
            end = running.result()
            raise TierError(f"The gateway ended with {end.exit_code}: {' '.join(end.tail.split())}")
        try:
            if client.get("/healthz").is_success:
                return time.monotonic() - began
        except httpx.TransportError:
            time.sleep(_POLL_SECONDS)
    raise TierError(f"The gateway does not answer at {client.base_url} in {_BOOT_SECONDS:.0f} s")
