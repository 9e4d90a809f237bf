"""Gates on the way: ask, wait, journal every answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from gates.protocol import Gate, GateRequest, GateVerdict
from gates.registry import Patience
from gates.waiting import Waiting, wait_until_clear
from mission.amounts import moment
from mission.clock import utc_now
from mission.config import MissionConfig
from mission.journal import Journal
from mission.journal.kinds import GateAnswered
from orchestrator.ports.display import Display
from workspace.process import Stop
from workspace.redact import Redactor


@dataclass(frozen=True, kw_only=True)
class Passage:
    """The gates on the way to the remote and to the base: every push and merge passes here."""

    config: MissionConfig
    journal: Journal
    gates: tuple[Gate, ...]
    redactor: Redactor
    display: Display
    stop: Stop

    def pass_gates(
        self,
        request: GateRequest,
        *,
        task: str | None,
        attempt: int | None,
        stop: Stop | None = None,
        at_once: bool = False,
    ) -> None:
        """Return when every gate says clear for `request`; every answer is in the journal.

        Args:
            at_once: Each is asked once and not waited for, but for a pause.

        Raises:
            GateError: A gate refuses.
            GateTimeoutError: The gates were not clear in time.
            StoppedError: A stop was requested meanwhile.
        """
        shown = task or "status"

        def record(verdict: GateVerdict) -> None:
            answered = GateAnswered(
                gate=verdict.gate,
                purpose=request.purpose.value,
                branch=request.branch,
                commit=request.commit,
                state=verdict.state.value,
                detail=self.redactor.text(verdict.detail),
            )
            self.journal.record(answered, task=task, attempt=attempt)

        def show(waiting: Waiting) -> None:
            verdict = waiting.verdict
            self.display.doing(
                shown,
                f"waits for gate {verdict.gate}",
                f"{verdict.state}, {self.redactor.text(verdict.detail)}, "
                f"since {moment(waiting.since, utc_now())}",
            )

        patience = Patience.of(self.config.gates)
        wait_until_clear(
            self.gates,
            request,
            timeout=timedelta() if at_once else patience.timeout,
            interval=patience.interval,
            clear_reads=1 if at_once else patience.clear_reads,
            stop=stop or self.stop,
            on_wait=show,
            on_verdict=record,
        )
