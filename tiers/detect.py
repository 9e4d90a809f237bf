"""Whether what the configured tier needs is there: all of it asked at once, within five seconds."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from errors import TierError
from tiers.config import TierConfig
from tiers.probes.local import probe_folder
from tiers.probes.postgres import probe_postgres
from tiers.probes.probe import Cause, Failure, ProbeResult, Service, failure
from tiers.settings.address import PostgresAddress, ValkeyAddress
from tiers.settings.model import Tier
from workspace.side_thread import SideThread

DEADLINE = timedelta(seconds=5)  # for everything together
_MARGIN = 0.2  # of the deadline: each probe is to give up by itself before it
_OTHERS = timedelta(milliseconds=250)  # how long the others may still take after a first failure

Results = tuple[ProbeResult, ...]


class TierUnavailableError(TierError):
    """A service that the tier needs cannot be used. `failures` has each one."""

    def __init__(self, tier: Tier, failures: Sequence[Failure]) -> None:
        first, *others = failures
        message = f"The {tier} tier cannot be used: {first.message}"
        also = "".join(f". Also: {other.message} ({other.remedy})" for other in others)
        super().__init__(message, hint=first.remedy + also)
        self.failures = tuple(failures)


@dataclass(frozen=True, kw_only=True, slots=True)
class Detection:
    """What was found."""

    tier: Tier
    results: Results  # in a fixed order: Postgres, pgvector, Valkey

    @property
    def failures(self) -> tuple[Failure, ...]:
        """What keeps the tier from being used."""
        return tuple(r.failure for r in self.results if r.failure is not None)

    def require(self) -> None:
        """Raise unless everything is there.

        Raises:
            TierUnavailableError: With the first failure, its remedy, and the others.
        """
        if self.failures:
            raise TierUnavailableError(self.tier, self.failures)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Probe:
    service: Service
    address: PostgresAddress | ValkeyAddress | None  # None: nothing of a network is asked
    look: Callable[[], Results]


def detect(
    config: TierConfig, *, deadline: timedelta = DEADLINE, fail_fast: bool = False
) -> Detection:
    """Ask everything that the tier needs. Never raises for a service: failures are in the result.

    With `fail_fast` the answer comes right after the first failure, and what has not been found out
    by then is left out. A probe that hangs beyond the deadline is left to itself, on a thread that
    does not keep the process alive.
    """
    probes = _probes(config, deadline * (1 - _MARGIN))
    answers: queue.SimpleQueue[tuple[int, Results]] = queue.SimpleQueue()
    for number, probe in enumerate(probes):
        SideThread(
            f"probe-{probe.service}",
            partial(_run, probe, number, answers),
            # Nothing is waited for that will not come: it counts as one that does not answer.
            on_death=partial(_give_none, number, answers),
            daemon=True,
        ).start()
    found = _collect(answers, len(probes), deadline, fail_fast=fail_fast)
    results: list[ProbeResult] = []
    for number, probe in enumerate(probes):
        if found.get(number):
            results += found[number]
        elif not (fail_fast and _any_failure(found)):
            results.append(_late(probe, config))
    return Detection(tier=config.tier, results=tuple(results))


def _late(probe: _Probe, config: TierConfig) -> ProbeResult:
    """What a probe comes to that has not answered: a failure, whatever it was asking."""
    if probe.address is not None:
        where, found = probe.address.where, failure(Cause.TIMEOUT, probe.address)
    else:
        where = str(config.folder)
        found = Failure(
            cause=Cause.TIMEOUT,
            message=f"The {probe.service} {where} does not answer in time",
            remedy="Look at the disk that it is on, or correct storage.folder",
        )
    return ProbeResult(service=probe.service, where=where, failure=found)


def _probes(config: TierConfig, timeout: timedelta) -> list[_Probe]:
    probes = []
    if config.postgres is not None:
        look = partial(probe_postgres, config.postgres, vector=config.vector, timeout=timeout)
        probes.append(_Probe(service=Service.POSTGRES, address=config.postgres, look=look))
    else:
        probes.append(
            _Probe(
                service=Service.FOLDER, address=None, look=lambda: (probe_folder(config, timeout),)
            )
        )
    if config.valkey is not None:
        # Imported late: its client takes half a second, and not everything here has a Valkey.
        from tiers.probes.valkey import probe_valkey  # noqa: PLC0415

        valkey = config.valkey
        probes.append(
            _Probe(
                service=Service.VALKEY,
                address=valkey,
                look=lambda: (probe_valkey(valkey, timeout=timeout),),
            )
        )
    return probes


def _run(probe: _Probe, number: int, answers: queue.SimpleQueue[tuple[int, Results]]) -> None:
    answers.put((number, probe.look()))


def _give_none(
    number: int, answers: queue.SimpleQueue[tuple[int, Results]], _error: BaseException
) -> None:
    answers.put((number, ()))


def _collect(
    answers: queue.SimpleQueue[tuple[int, Results]],
    expected: int,
    deadline: timedelta,
    *,
    fail_fast: bool,
) -> dict[int, Results]:
    found: dict[int, Results] = {}
    end = time.monotonic() + deadline.total_seconds()
    while len(found) < expected:
        try:
            number, results = answers.get(timeout=max(0.0, end - time.monotonic()))
        except queue.Empty:
            break
        found[number] = results
        if fail_fast and _any_failure(found):
            end = min(end, time.monotonic() + _OTHERS.total_seconds())
    return found


def _any_failure(found: dict[int, Results]) -> bool:
    return any(result.failure for results in found.values() for result in results)
