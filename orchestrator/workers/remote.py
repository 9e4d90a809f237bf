"""The boundary to workers: an errand goes out, a delivery comes back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from errors import AgentError
from mission.outcome import Outcome
from orchestrator.workers.errand import Delivery, Errand
from orchestrator.workers.worker import Worker
from workspace.process import Stop

#: Told in one line where an errand stands: waiting for a worker, under way on a machine.
OnPhase = Callable[[str], None]


class RemoteAgents(Protocol):
    """Carries errands to workers."""

    def start(self, errand: Errand, key: str) -> str:
        """Hand an errand to the pool of its agent. The run's name, for the journal.

        Args:
            errand: What is to be done.
            key: Asked again with the same one, as an answer was lost, it is handed over once.

        Raises:
            WorkersAwayError: Nobody answers now.
            AgentError: It cannot be handed over; the hint says what sets that right.
        """

    def holds(self, run: str) -> bool:
        """Whether a run is under way or has been delivered, so that waiting for it is of use.

        Raises:
            WorkersAwayError: Nobody answers now.
            AgentError: It is not told; the hint says what sets that right.
        """

    def wait(self, run: str, stop: Stop, on_phase: OnPhase) -> Delivery:
        """Wait for a run's end; `stop` ends it. A worker that died is an outcome: killed.

        Raises:
            AgentError: Whoever knows of the run answers, and refuses to tell.
        """


class NoWorkers:
    """For runs without an engine that reaches workers."""

    def start(self, errand: Errand, key: str) -> str:
        raise AgentError(
            f"{errand.agent} works on workers, and this run cannot reach any",
            hint="`mission run` reaches them through Prefect; or set `where: here`",
        )

    def holds(self, run: str) -> bool:
        return False

    def wait(self, run: str, stop: Stop, on_phase: OnPhase) -> Delivery:
        return Delivery.failed(Outcome.KILLED, f"nobody knows of {run}")


class ThreadWorkers:
    """The shipped fake: one worker with a home folder of its own, on threads of this process.

    Errands and deliveries pass through JSON, as on their way to another machine. `lose` is asked
    before each errand whether its worker dies in the middle of it.
    """

    def __init__(self, home: Path, lose: Callable[[Errand], bool] = lambda _errand: False) -> None:
        self._home = home
        self._lose = lose
        self._lock = threading.Lock()
        self._runs: dict[str, Errand] = {}
        self._given: dict[str, str] = {}  # the run of each key

    @property
    def errands(self) -> tuple[Errand, ...]:
        """Every errand so far, in the order in which they came."""
        with self._lock:
            return tuple(self._runs.values())

    def start(self, errand: Errand, key: str) -> str:
        sent = Errand.from_json(errand.to_json())
        with self._lock:
            run = self._given.setdefault(key, f"run-{len(self._runs) + 1}")
            self._runs.setdefault(run, sent)
        return run

    def holds(self, run: str) -> bool:
        with self._lock:
            return run in self._runs

    def wait(self, run: str, stop: Stop, on_phase: OnPhase) -> Delivery:
        with self._lock:
            errand = self._runs[run]
        on_phase("under way on a thread")
        delivery = Worker(home=self._home, say=on_phase).carry_out(errand, stop)
        if self._lose(errand):
            return Delivery.failed(Outcome.KILLED, "the worker died")
        return Delivery.from_json(delivery.to_json())
