"""Runs a tool that prints a stream of events, and judges how its attempt ended."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from agents.farewell import Farewell
from agents.fence import one_line
from agents.home import Belongings
from agents.last_word import asked_for
from agents.outcomes import classify
from agents.protocol import AgentEvent, Brief, OnEvent, Result
from agents.stream import Reader, Told
from agents.tool import LONGEST_ANSWER, as_told, cut_short, run_tool
from agents.used import Record, better
from mission.outcome import Outcome
from mission.usage import Usage
from workspace.process import ProcessEnd, Stop

_KEPT_ERRORS = 20  # last lines of standard error


@dataclass(frozen=True, kw_only=True, slots=True)
class Invocation:
    """One start of a tool."""

    argv: Sequence[str]
    environment: Mapping[str, str]
    reader: Reader
    belongings: Belongings | None = None  # what the tool keeps in a home folder
    record: Record | None = None  # what its own record of the session says that it used
    unread: Callable[[bytes], bool] | None = None  # which lines are neither read nor kept
    denial: re.Pattern[str] | None = None  # found in standard error where the tool was refused
    errors: deque[str] = field(default_factory=lambda: deque(maxlen=_KEPT_ERRORS))


def run_streamed(call: Invocation, brief: Brief, stop: Stop, on_event: OnEvent) -> Result:
    """Run the tool to its end, reading its events as they come.

    It is ended when it goes over the brief's `token_limit`, as soon as it says so, and when it
    stays for long after its last event.
    """
    inner = Stop()
    listener = _Listener(call, brief, inner, on_event)
    with stop.calling(lambda: inner.request(stop.reason)), listener.farewell as farewell:
        end = run_tool(
            call.argv,
            brief,
            inner,
            listener.take,
            environment=call.environment,
            on_ask=farewell.take,
            belongings=call.belongings,
            unread=call.unread,
        )
    if isinstance(end, Result):
        return end
    told = call.reader.told
    listener.look()
    if farewell.taken:
        end = replace(end, ended_by="exit", exit_code=0, signal=None)
    cut = cut_short(end, brief, inner)
    outcome, summary = judge_end(end, told, call.errors, cut)
    if listener.over and outcome is Outcome.STOPPED:
        outcome = Outcome.BUDGET
    used = listener.used()
    if (cut is not None or not told.ended) and not used.nothing:
        used = replace(used, guess="it was cut off, perhaps in the middle of an answer")
    on_event(AgentEvent(kind="ended", text=one_line(f"{outcome}: {summary}")))
    result = Result(
        outcome=outcome,
        summary=summary,
        answer=told.said[:LONGEST_ANSWER],
        usage=used,
        session=told.session,
        exit_code=end.exit_code,
        log=brief.log,
        denied=one_line("; ".join(dict.fromkeys(told.denials))),
        retry_at=told.retry_at,
    )
    return as_told(result, brief)


class _Listener:
    """Takes in what a tool prints, and passes on what others want to know of it."""

    def __init__(self, call: Invocation, brief: Brief, inner: Stop, on_event: OnEvent) -> None:
        self.over = False  # it used more than it may
        self.farewell = Farewell(call.reader, inner)
        self._call = call
        self._brief = brief
        self._inner = inner
        self._on_event = on_event
        self._known: tuple[str | None, Usage] = (None, Usage())

    def take(self, stream: str, line: str) -> None:
        """A line of `stdout` or `stderr`."""
        if stream == "stderr":
            self._error(line)
        elif not self.farewell.taken:
            for one in self._call.reader.read(line):
                self._on_event(one)
            self.look()
            self.farewell.look()

    def used(self) -> Usage:
        """What the attempt has used by now."""
        told, record = self._call.reader.told, self._call.record
        if record is None or told.session is None:
            return told.usage
        return better(told.usage, record.read(told.session), self._brief.resumed)

    def _error(self, line: str) -> None:
        call = self._call
        if line.strip():
            call.errors.append(line.strip())
        if call.denial is not None and (found := call.denial.search(line)):
            call.reader.told.denials += (found[0],)

    def look(self) -> None:
        """Pass on what the attempt has used by now, and end it if that is too much."""
        brief, used = self._brief, self.used()
        now = (self._call.reader.told.session, used)
        if now != self._known and brief.on_progress is not None:
            self._known = now
            why = brief.on_progress(*now)
            if why is not None:
                self._inner.request(why)
        limit = brief.token_limit
        if limit is not None and used.tokens > limit and not self.over:
            self.over = True
            self._inner.request(f"it used more than its {limit:,} tokens")


def judge_end(
    end: ProcessEnd, told: Told, errors: Sequence[str], cut: tuple[Outcome, str] | None
) -> tuple[Outcome, str]:
    """The outcome and its reason. The process's end, its exit code and its events must all agree
    before anything counts as success; the change in the worktree is still to be looked at."""
    if cut is not None:
        return cut
    if told.failure is not None:
        return told.failure, told.reason
    if end.exit_code == 0 and told.finished:
        return asked_for(told.said) or (Outcome.SUCCESS, told.said)
    last = told.reason or "\n".join(errors)
    if end.exit_code == 0:
        return Outcome.CRASHED, f"it ended without a result: {last or 'it said nothing'}"
    return classify(last), f"it ended with exit code {end.exit_code}: {last or 'it said nothing'}"
