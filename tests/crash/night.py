"""A night: a model server that limits, overloads, hangs up and hangs by chance, and a clone whose
run, line and agents die by chance."""

from __future__ import annotations

import json
import os
import random
import re
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import orchestrator.admission.rests as rests_module
import policy.retry as retry_module
import workspace.away as away_module
from errors import MissionError
from policy.backoff import Backoff
from tests.crash.forked import CONTEXT, carry_out, settle
from tests.crash.machines import REFUSED, Machine
from tests.integration.agents.tools import CODEX, HAIKU
from tests.model_server import Bill, Break, Fail, ModelServer, Say, Stall, Step

_TASK = re.compile(r"# (T\d+)\\n")  # how the brief of a row begins, as JSON
BILL = Bill(fresh=700, cached=5_000, written=1_100, output=170)
_SLOW_DOWN = Fail(status=429, kind="rate_limit_error", message="Slow down, try again in 1 seconds")
_OVERLOADED = {
    "claude": Fail(status=529, kind="overloaded_error", message="Overloaded"),
    "codex": Fail(status=503, kind="server_is_overloaded", message="The servers are overloaded"),
}
# How often each trouble comes, of a hundred requests.
TROUBLES = {"limited": 8, "overloaded": 8, "hangs up": 3, "hangs": 2}


class NightModel(ModelServer):
    """Lets each agent write a file and say so, unless something is the matter."""

    def __init__(self, tool: str, seed: int) -> None:
        super().__init__(bill=BILL)
        self._tool = tool
        self._dice = random.Random(seed)  # noqa: S311  not for secrets
        self.met: Counter[str] = Counter()

    def next_step(self, request: dict[str, Any], headers: dict[str, str]) -> tuple[Step, int]:
        with self._lock:
            self.turns.append(request)
            number = len(self.turns)
            calm = 100 - sum(TROUBLES.values())
            (what,) = self._dice.choices(["calm", *TROUBLES], [calm, *TROUBLES.values()])
            self.met[what] += 1
        match what:
            case "limited":
                return _SLOW_DOWN, number
            case "overloaded":
                return _OVERLOADED[self._tool], number
            case "hangs up":
                return Break(), number
            case "hangs":
                return Stall(), number
        if _has_worked(request):
            return Say(text="Wrote it."), number
        tool = CODEX if self._tool == "codex" else HAIKU
        (task, *_) = _TASK.findall(json.dumps(request))
        return tool.shell(f"echo work of {task} >> {task}.txt"), number


def _has_worked(request: dict[str, Any]) -> bool:
    """Whether the last thing that the model is told is what a tool of the agent's gave back."""
    said = request.get("input") or request.get("messages") or [{}]
    last = said[-1]
    if str(last.get("type", "")).endswith("call_output"):
        return True
    content = last.get("content")
    return isinstance(content, list) and any(one.get("type") == "tool_result" for one in content)


class Sleeper(Machine):
    """A clone that carries the mission out while nobody looks."""

    def start(self) -> None:
        self._run = CONTEXT.Process(target=_carry_out, args=self._means())
        self._run.start()

    def agents(self) -> Iterator[int]:
        """The processes of its agents' tools."""
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with suppress(OSError):
                    words = (entry / "cmdline").read_bytes().split(b"\0")
                    mine = str(self.folder).encode() in (entry / "environ").read_bytes()
                    if mine and any(one.endswith((b"claude", b"codex")) for one in words[:2]):
                        yield int(entry.name)

    def kill_an_agent(self, dice: random.Random) -> bool:
        """Whether there was one to kill."""
        there = sorted(self.agents())
        if there:
            with suppress(ProcessLookupError):
                os.kill(dice.choice(there), signal.SIGKILL)
        return bool(there)


def _carry_out(task_file: Path, errors: Path, environment: dict[str, str]) -> None:
    os.setsid()
    settle(errors, environment)
    # The night is short: so are its pauses.
    retry_module.FIRST_DELAY = timedelta(milliseconds=500)
    retry_module.LONGEST_DELAY = timedelta(seconds=5)
    rests_module.LONGEST_DELAY = retry_module.LONGEST_DELAY  # type: ignore[attr-defined]
    rests_module.PROBE = timedelta(seconds=3)
    away_module.PAUSES = Backoff(first=timedelta(milliseconds=500), factor=2, ceiling=4)
    try:
        code = carry_out(task_file)
    except MissionError as error:
        os.write(2, f"refused: {error}\n".encode())
        code = REFUSED
    raise SystemExit(code)
