"""What an attempt is said to have used, against what the model server billed: real tools."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agents.prices import Prices
from agents.protocol import AgentEvent, Brief, Result, Timeouts
from mission.outcome import Outcome
from mission.usage import Tokens, Usage
from tests.conftest import requires
from tests.integration.agents.briefs import make_brief, make_repository
from tests.integration.agents.leftovers import MARK, WAITS, marked, new_mark, signal_tool
from tests.integration.agents.tools import CODEX, GLM, HAIKU, KEY, Tool, home_environment
from tests.model_server import Bill, Break, Fail, ModelServer, Say, Stall, Step, UseTool
from workspace.process import Stop

pytestmark = [requires("claude", "codex"), requires(system="linux"), pytest.mark.slow]

LONG = timedelta(seconds=60)
#: Each kind of token, each in a number of its own.
BILL = Bill(fresh=700, cached=5_000, written=1_100, written_hour=300, output=170)
NO_HOUR = replace(BILL, written_hour=0)  # Codex knows one kind of writing


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """One way in which an attempt goes."""

    steps: Callable[[Tool, Path], tuple[Step, ...]]
    outcome: Outcome | None  # None: versions call it differently
    config: dict[str, Any] = field(default_factory=dict)
    silence: timedelta = LONG
    signal: signal.Signals | None = None  # sent to the tool once it uses a tool of its own
    only: str = ""  # the program that it is for; all if empty
    unheard: int = 0  # answers that break off: Codex tells nothing of them
    uncounted: int = 0  # answers that Codex would count after the tool that they called


def _ends(*ends: Step) -> Callable[[Tool, Path], tuple[Step, ...]]:
    return lambda tool, _folder: (tool.shell("echo a > a.txt"), *ends)


def _sleeps(tool: Tool, _folder: Path) -> tuple[Step, ...]:
    return (tool.shell("true"), tool.shell(WAITS), Say(text="Slept."))


def _helper(_tool: Tool, _folder: Path) -> tuple[Step, ...]:
    asked = {"description": "look", "prompt": "Look.", "subagent_type": "general-purpose"}
    return (UseTool(name="Agent", arguments=asked), Say(text="Looked."), Say(text="Done."))


_BAD = Fail(status=400, kind="invalid_request_error", message="bad thing")
_SLOW = Fail(status=429, kind="rate_limit_error", message="slow down")
SCENES = {
    "success": Scene(steps=_ends(Say(text="Done.")), outcome=Outcome.SUCCESS),
    "no-change": Scene(steps=lambda *_: (Say(text="Done."),), outcome=Outcome.SUCCESS),
    "denial": Scene(
        steps=lambda tool, _: (tool.shell("git push origin main"), Say(text="I could not.")),
        outcome=Outcome.SUCCESS,
        config={"allow": ["Read"]},
        only="claude",
    ),
    "failed-midway": Scene(steps=_ends(_BAD), outcome=Outcome.BAD_REQUEST),
    "rate-limit": Scene(steps=_ends(_SLOW), outcome=Outcome.RATE_LIMIT),
    "hangs": Scene(
        steps=_ends(Stall()), outcome=Outcome.SILENT, silence=timedelta(seconds=3), unheard=1
    ),
    "stream-cut": Scene(steps=_ends(Break(), _BAD), outcome=None, unheard=1),
    "max-turns": Scene(
        steps=_ends(Say(text="Done.")),
        outcome=Outcome.OUT_OF_TURNS,
        config={"max_turns": 1},
        only="claude",
    ),
    "killed": Scene(steps=_sleeps, outcome=Outcome.KILLED, signal=signal.SIGKILL, uncounted=1),
    "gateway": Scene(  # with a key of its own, whose prices the tool cannot know
        steps=_ends(Say(text="Done.")),
        outcome=Outcome.SUCCESS,
        config={"key": "GATEWAY_KEY", "provider": "gateway"},
    ),
    "helpers": Scene(steps=_helper, outcome=Outcome.SUCCESS, only="claude"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """Where one test's agent works."""

    worktree: Path
    home: Path
    mark: str

    def brief(self, tool: Tool, **more: Any) -> Brief:
        environment = {**home_environment(self.home), MARK: self.mark, **tool.environment}
        environment |= {"GATEWAY_KEY": KEY}
        return make_brief(self.worktree, environment=environment, **more)

    def play(self, tool: Tool, scene: Scene, server: ModelServer, **more: Any) -> Result:
        """Carry a brief out."""

        def on_event(event: AgentEvent) -> None:
            if scene.signal is not None and "sleep 3017" in event.text:
                _until_recorded(self.home)
                signal_tool(self.mark, scene.signal, busy_with="sleep 3017")

        timeouts = Timeouts(start=LONG, silence=scene.silence, total=LONG)
        brief = self.brief(tool, timeouts=timeouts, **more)
        return tool.agent(server, **scene.config).run(brief, Stop(), on_event)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    found = Desk(
        worktree=make_repository(tmp_path / "worktree"), home=tmp_path / "home", mark=new_mark()
    )
    yield found
    for pid in marked(found.mark):
        os.kill(pid, signal.SIGKILL)


def _until_recorded(home: Path) -> None:
    """Wait until the tool has written down its session as far as its last answer: it does so
    beside its work, and what it has not written when it is killed nobody can book."""
    deadline = time.monotonic() + LONG.total_seconds()
    while not any(b"sleep 3017" in file.read_bytes() for file in home.rglob("*.jsonl")):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _bill(tool: Tool) -> Bill:
    return NO_HOUR if tool.program == "codex" else BILL


def agrees(used: Usage, server: ModelServer, tool: Tool, scene: Scene) -> None:
    """Tokens of each kind and money are within one per cent of the bill. What Codex keeps to
    itself is left out, and what nobody could have told: such numbers are called a guess."""
    bill, billed = server.bill, dict(server.billed)
    if tool.program == "codex" and (broken := scene.unheard + scene.uncounted):
        ((model, tokens),) = billed.items()
        output = scene.unheard + scene.uncounted * bill.output
        missing = Tokens(
            input=broken * bill.input,
            cached=broken * bill.cached,
            written=broken * bill.written,
            output=output,
        )
        billed = {model: tokens.minus(missing)}
    expected = Usage.of(billed)
    assert used.input_tokens == pytest.approx(expected.input_tokens, rel=0.01)
    assert used.cached_tokens == pytest.approx(expected.cached_tokens, rel=0.01)
    assert used.output_tokens == pytest.approx(expected.output_tokens, rel=0.01)
    assert used.cost_usd == pytest.approx(Prices.shipped().cost(expected, None), rel=0.01)


# GLM is Claude Code with another environment, and that is tried with every scene. What differs is
# the price: once for a session that ends well, once for one that does not.
_BOOKED = [
    pytest.param(
        tool,
        name,
        id=f"{tool.name}-{name}",
        marks=[pytest.mark.soak] if tool is GLM and name not in {"success", "killed"} else [],
    )
    for tool in (HAIKU, GLM, CODEX)
    for name, scene in SCENES.items()
    if scene.only in {"", tool.program}  # else the tool has no such end
]


@pytest.mark.parametrize(("tool", "name"), _BOOKED)
def test_what_is_booked_is_what_was_billed(tool: Tool, name: str, desk: Desk) -> None:
    scene = SCENES[name]
    with ModelServer(*scene.steps(tool, desk.worktree), bill=_bill(tool)) as server:
        result = desk.play(tool, scene, server)
    assert scene.outcome in (None, result.outcome), result.summary
    assert server.billed
    agrees(result.usage, server, tool, scene)
    cut = result.outcome in (Outcome.SILENT, Outcome.KILLED)
    assert ("cut off" in result.usage.guess) is cut


@pytest.mark.parametrize(
    "tool", [HAIKU, CODEX, pytest.param(GLM, marks=pytest.mark.soak)], ids=lambda tool: tool.name
)
def test_what_nobody_heard_of_is_booked_when_the_session_goes_on(tool: Tool, desk: Desk) -> None:
    """The run was killed with its agent, and its journal has nothing of the session's use."""
    first, second = SCENES["killed"], SCENES["success"]
    with ModelServer(*first.steps(tool, desk.worktree), bill=_bill(tool)) as server:
        session = desk.play(tool, first, server).session
    with ModelServer(*second.steps(tool, desk.worktree), bill=_bill(tool)) as more:
        result = desk.play(tool, second, more, resume=session, resumed=Usage())
    assert result.outcome is Outcome.SUCCESS, result.summary
    billed = Usage.of(server.billed).plus(Usage.of(more.billed))
    lost = first.uncounted if tool.program == "codex" else 0
    assert result.usage.input_tokens == billed.input_tokens - lost * server.bill.input
    assert result.usage.output_tokens == billed.output_tokens - lost * server.bill.output


@pytest.mark.parametrize("tool", [HAIKU, CODEX], ids=lambda tool: tool.name)
def test_a_session_that_hung_books_the_rest_of_it_when_it_goes_on(tool: Tool, desk: Desk) -> None:
    first, second = SCENES["hangs"], SCENES["success"]
    with ModelServer(*first.steps(tool, desk.worktree), bill=_bill(tool)) as server:
        hung = desk.play(tool, first, server)
    with ModelServer(*second.steps(tool, desk.worktree), bill=_bill(tool)) as more:
        result = desk.play(tool, second, more, resume=hung.session, resumed=hung.usage)
    assert result.outcome is Outcome.SUCCESS, result.summary
    agrees(hung.usage, server, tool, first)
    agrees(result.usage, more, tool, second)
