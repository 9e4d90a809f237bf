"""A run's display where nobody watches a terminal: under a worker, Prefect's log of the run."""

from __future__ import annotations

import threading

from prefect.logging import get_run_logger

from orchestrator.ports.display import Progress


class LogDisplay:
    """A line in the flow run's log for each fact and each new phase of a row."""

    def __init__(self) -> None:
        self._log = get_run_logger()
        self._lock = threading.Lock()
        self._phases: dict[str, str] = {}  # of the live rows

    def say(self, text: str) -> None:
        self._log.info("%s", text)

    def doing(self, task: str, phase: str, detail: str = "") -> None:
        with self._lock:
            known = self._phases.get(task, "") == phase
            if phase:
                self._phases[task] = phase
            else:
                self._phases.pop(task, None)
        if phase and not known:
            self._log.info("%s: %s%s", task, phase, f" ({detail})" if detail else "")

    def progress(self, progress: Progress) -> None:
        """The progress table shows it."""
