"""The waiting loop: asks gates until all of them are clear, one refuses, or the time is up.

Nothing but an answer `clear` ends it well. The loop keeps one deadline on the monotonic clock over
everything that it does, and waits on the `Stop`, so that Ctrl-C ends it at once.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from errors import GateError, GateTimeoutError, StoppedError
from gates.protocol import Gate, GateRequest, GateState, GateVerdict
from mission.clock import SYSTEM_CLOCK, Clock
from mission.config import format_duration
from policy.backoff import Backoff, Chance, system_chance
from workspace.process import Stop


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """What is being waited for; told before each pause."""

    verdict: GateVerdict  # the answer that holds us back; a clear one when more reads are asked for
    since: datetime  # since when it holds us back: the gate's word, else our first such answer
    waited: timedelta  # how long this loop has run
    pause: timedelta  # until the next question


OnWait = Callable[[Waiting], None]
OnVerdict = Callable[[GateVerdict], None]


def _ignore_wait(_waiting: Waiting) -> None:
    """For callers that show nothing."""


def _ignore_verdict(_verdict: GateVerdict) -> None:
    """For callers that record nothing."""


def wait_until_clear(
    gates: Sequence[Gate],
    request: GateRequest,
    *,
    timeout: timedelta,
    interval: timedelta,
    stop: Stop,
    clock: Clock = SYSTEM_CLOCK,
    on_wait: OnWait = _ignore_wait,
    on_verdict: OnVerdict = _ignore_verdict,
    clear_reads: int = 1,
    detach_on_busy: bool = False,
    chance: Chance = system_chance,
) -> list[GateVerdict]:
    """Ask all gates, in order, until every one of them says clear in one round.

    Args:
        timeout: The time for everything but waiting for `uncounted` verdicts. Zero asks once.
        interval: The first pause between two rounds; later ones grow up to six times as long.
        on_wait: Told what holds us back, before each pause.
        on_verdict: Told every single answer, for the journal.
        clear_reads: How many rounds in a row must be clear, and speak of the same commits.
        detach_on_busy: Give up at the first `busy` instead of waiting.

    Returns:
        The verdicts of the last round, all clear, in the order of `gates`.

    Raises:
        GateError: A gate said `failed`.
        GateTimeoutError: They were not all clear in time, or said not to ask again before that.
        StoppedError: A stop was requested.
    """
    loop = _Loop(request=request, timeout=timeout, clock=clock, on_verdict=on_verdict)
    backoff = Backoff(first=interval)
    clear: list[GateVerdict] = []  # the latest clear round
    reads = 0  # how many clear rounds in a row, of the same commits
    turn = 0
    while True:
        _check_stop(stop)
        verdicts = loop.ask(gates)
        last = verdicts[-1] if verdicts else None
        if last is None or last.state is GateState.CLEAR:
            reads = reads + 1 if _commits(verdicts) == _commits(clear) else 1
            clear = verdicts
            if last is None or reads >= clear_reads:
                return verdicts
            turn = 0
        else:
            clear, reads = [], 0
            _check_stop(stop)  # it may have kept the gate from answering
        if last.state is GateState.FAILED:
            message = f"Gate {last.gate} refuses the {request.purpose}: {last.detail}"
            raise GateError(message, reason=last.reason)
        if detach_on_busy and last.state is GateState.BUSY:
            message = f"Gate {last.gate} is busy: {last.detail}"
            raise GateTimeoutError(message, reason=last.reason)
        pause = max(backoff.pause(turn, chance), last.retry_after or timedelta())
        left = loop.left()
        if last.uncounted:
            loop.grant(pause)
        elif left <= timedelta() or (last.retry_after or timedelta()) > left:
            raise _timed_out(last, request, timeout)
        else:
            pause = min(pause, left)
        on_wait(loop.waiting(last, pause))
        stop.wait(pause.total_seconds())
        turn += 1


class _Loop:
    """One wait: its deadline, and since when it sees what it sees."""

    def __init__(
        self, *, request: GateRequest, timeout: timedelta, clock: Clock, on_verdict: OnVerdict
    ) -> None:
        self._request = request
        self._timeout = timeout
        self._clock = clock
        self._on_verdict = on_verdict
        self._started = clock.monotonic()
        self._seen: tuple[str, GateState] | None = None
        self._seen_at = clock.now()

    def left(self) -> timedelta:
        return self._timeout - timedelta(seconds=self._clock.monotonic() - self._started)

    def grant(self, more: timedelta) -> None:
        """Move the deadline: this time does not count."""
        self._timeout += more

    def ask(self, gates: Sequence[Gate]) -> list[GateVerdict]:
        """One round: up to the first gate that does not say clear."""
        verdicts: list[GateVerdict] = []
        for gate in gates:
            patience = max(self.left(), timedelta())
            verdict = _of_this_commit(
                gate.check(replace(self._request, patience=patience)), self._request
            )
            self._on_verdict(verdict)
            verdicts.append(verdict)
            if verdict.state is not GateState.CLEAR:
                break
        return verdicts

    def waiting(self, verdict: GateVerdict, pause: timedelta) -> Waiting:
        seen = (verdict.gate, verdict.state)
        if seen != self._seen:
            self._seen, self._seen_at = seen, self._clock.now()
        return Waiting(
            verdict=verdict,
            since=verdict.since or self._seen_at,
            waited=self._timeout - self.left(),
            pause=pause,
        )


def _of_this_commit(verdict: GateVerdict, request: GateRequest) -> GateVerdict:
    """A clear for another commit says nothing about this one."""
    if (
        verdict.state is not GateState.CLEAR
        or request.commit is None
        or verdict.commit in (None, request.commit)
    ):
        return verdict
    detail = f"clear, but for {verdict.commit} and not for {request.commit}"
    return replace(verdict, state=GateState.UNKNOWN, detail=detail)


def _commits(verdicts: Sequence[GateVerdict]) -> list[tuple[str | None, ...]]:
    return [(verdict.commit, *verdict.seen) for verdict in verdicts]


def _check_stop(stop: Stop) -> None:
    if stop.requested:
        raise StoppedError(f"Stopped while waiting for a gate: {stop.reason}")


def _timed_out(verdict: GateVerdict, request: GateRequest, timeout: timedelta) -> GateTimeoutError:
    if verdict.state is GateState.CLEAR:
        detail = f"clear, but not often enough in a row: {verdict.detail}"
    else:
        detail = f"{verdict.state}: {verdict.detail}"
    branch = shlex.quote(request.branch)
    hint = f"`mission gate queue --purpose {request.purpose} --branch {branch}` asks alone"
    if verdict.retry_after:
        hint = f"It asks for {verdict.retry_after} of patience before the next question"
    shown = format_duration(timedelta(seconds=round(timeout.total_seconds(), 1)))
    return GateTimeoutError(
        f"Gate {verdict.gate} did not say clear for the {request.purpose} within {shown}: {detail}",
        reason=verdict.reason,
        hint=hint,
    )
