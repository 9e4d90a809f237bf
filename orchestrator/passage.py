"""Gates on the way: ask, wait, journal every answer."""

from __future__ import annotations

from gates.protocol import GateRequest, GateVerdict
from gates.registry import Patience
from gates.waiting import Waiting, wait_until_clear
from mission.journal import EventKind
from orchestrator.context import Context
from workspace.process import Stop


def pass_gates(
    context: Context,
    request: GateRequest,
    *,
    task: str | None,
    attempt: int | None,
    stop: Stop | None = None,
) -> None:
    """Return when every gate says clear for `request`; every answer is in the journal.

    Raises:
        GateError: A gate refuses.
        GateTimeoutError: The gates were not clear in time.
        StoppedError: A stop was requested meanwhile.
    """
    shown = task or "status"

    def record(verdict: GateVerdict) -> None:
        context.journal.record(
            EventKind.GATE,
            run=context.run,
            task=task,
            attempt=attempt,
            gate=verdict.gate,
            purpose=str(request.purpose),
            branch=request.branch,
            commit=request.commit,
            state=str(verdict.state),
            detail=context.redactor.text(verdict.detail),
        )

    def show(waiting: Waiting) -> None:
        verdict = waiting.verdict
        context.display.doing(
            shown,
            f"waits for gate {verdict.gate}",
            f"{verdict.state} since {waiting.since:%H:%M:%S} UTC: "
            f"{context.redactor.text(verdict.detail)}",
        )

    patience = Patience.of(context.config.gates)
    wait_until_clear(
        context.gates,
        request,
        timeout=patience.timeout,
        interval=patience.interval,
        clear_reads=patience.clear_reads,
        stop=stop or context.stop,
        on_wait=show,
        on_verdict=record,
    )
