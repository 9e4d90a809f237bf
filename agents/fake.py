"""The shipped fake: an agent whose results are scripted and whose changes are real."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

from agents.protocol import AgentEvent, Brief, OnEvent, Result, ignore_event
from mission.outcome import Outcome
from mission.usage import Usage
from workspace.process import Stop

#: Makes the changes of one attempt in `brief.worktree`. What it returns is the attempt's result;
#: None lets the script decide.
Act = Callable[[Brief, Stop], Result | None]


def succeed(summary: str = "Done", *, tokens: int = 0) -> Result:
    """A result for scripts: success."""
    usage = Usage(input_tokens=tokens - tokens // 4, output_tokens=tokens // 4)
    return Result(outcome=Outcome.SUCCESS, summary=summary, usage=usage)


def write_note(brief: Brief, _stop: Stop) -> None:
    """The default change: one file named after the task, which says which attempt wrote it."""
    name = "".join(sign if sign.isalnum() or sign in "-_" else "-" for sign in brief.task)
    note = brief.worktree / f"{name}.md"
    note.write_text(f"{brief.task}, attempt {brief.attempt}, by {brief.agent}\n", encoding="utf-8")


class FakeAgent:
    """Carries out `act`, then gives the next result that the script holds for the task.

    Args:
        act: Makes the changes; `write_note` if not given.
        results: Per task, the results of its attempts in order; the last one repeats. A task that
            is not named succeeds.
        name: The name of the adapter.
    """

    def __init__(
        self,
        act: Act = write_note,
        *,
        results: Mapping[str, Sequence[Result]] | None = None,
        name: str = "fake",
    ) -> None:
        self.name = name
        self._act = act
        self._results = dict(results or {})
        self._lock = threading.Lock()
        self._briefs: list[Brief] = []

    @property
    def briefs(self) -> tuple[Brief, ...]:
        """Every brief so far, in the order of arrival."""
        with self._lock:
            return tuple(self._briefs)

    def missing(self) -> str | None:
        return None

    def run(self, brief: Brief, stop: Stop, on_event: OnEvent = ignore_event) -> Result:
        """Act and answer. What `act` raises escapes: it is a fault of the test that wrote it."""
        with self._lock:
            tries = sum(one.task == brief.task for one in self._briefs)
            self._briefs.append(brief)
        on_event(AgentEvent(kind="started", text=f"{self.name}: {brief.task}"))
        if stop.requested:
            return Result(outcome=Outcome.STOPPED, summary=stop.reason or "stopped")
        said = self._act(brief, stop)
        if said is None:
            script = self._results.get(brief.task) or (succeed(f"{brief.task} done"),)
            said = script[min(tries, len(script) - 1)]
        on_event(AgentEvent(kind="ended", text=said.summary))
        return said
