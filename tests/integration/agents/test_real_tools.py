"""The real Claude Code and Codex, end to end, against a scripted model on loopback."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agents.claude import WITHHELD
from agents.protocol import AgentEvent, Brief, Result, Timeouts
from mission.outcome import Outcome
from tests.conftest import requires
from tests.integration.agents.briefs import git, make_brief, make_repository
from tests.integration.agents.leftovers import MARK, WAITS, marked, new_mark, signal_tool
from tests.integration.agents.tools import CODEX, GLM, HAIKU, KEY, SONNET, Tool, home_environment
from tests.model_server import Fail, ModelServer, Say, Stall, Step
from workspace.process import Stop

pytestmark = [requires("claude", "codex"), requires(system="linux"), pytest.mark.slow]

# GLM is Claude Code with another environment: what that changes has tests of its own.
EVERY_TOOL = pytest.mark.parametrize(
    "tool", [HAIKU, CODEX, pytest.param(GLM, marks=pytest.mark.soak)], ids=lambda tool: tool.name
)
LONG = timedelta(seconds=60)


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """Where one test's agent works."""

    worktree: Path
    home: Path
    mark: str
    events: list[AgentEvent]

    def brief(self, tool: Tool, **more: Any) -> Brief:
        environment = {**home_environment(self.home), MARK: self.mark, **tool.environment}
        return make_brief(self.worktree, environment=environment, **more)

    def run(
        self, tool: Tool, server: ModelServer, *, stop: Stop | None = None, **more: Any
    ) -> Result:
        """Carry a brief out; nothing may be left running, no key may be told."""
        config = more.pop("config", {})
        brief = self.brief(tool, **more)
        agent = tool.agent(server, **config)
        result = agent.run(brief, stop or Stop(), self.events.append)
        assert marked(self.mark) == {}
        assert KEY not in f"{result} {self.events} {brief.log.read_text(encoding='utf-8')}"
        return result


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    home = tmp_path / "home"
    found = Desk(
        worktree=make_repository(tmp_path / "worktree"), home=home, mark=new_mark(), events=[]
    )
    yield found
    for pid in marked(found.mark):
        os.kill(pid, signal.SIGKILL)


def _kinds(desk: Desk) -> set[str]:
    return {event.kind for event in desk.events}


@pytest.mark.parametrize("tool", [HAIKU, SONNET, GLM, CODEX], ids=lambda tool: tool.name)
def test_success_with_a_commit(tool: Tool, desk: Desk) -> None:
    steps: tuple[Step, ...] = (
        tool.write(desk.worktree, "hello.txt", "hello"),
        tool.shell("git add -A && git commit -qm 'Say hello' || true"),
        Say(text="Said hello."),
    )
    with ModelServer(*steps) as server:
        result = desk.run(tool, server)
    assert (result.outcome, result.summary) == (Outcome.SUCCESS, "Said hello.")
    assert (desk.worktree / "hello.txt").read_text(encoding="utf-8") == "hello\n"
    committed = git(desk.worktree, "log", "-1", "--format=%s") == "Say hello"
    assert committed is tool.commits  # Codex's sandbox keeps `.git` read-only: the runner commits
    assert result.usage.input_tokens == 300
    assert result.usage.cached_tokens == 30
    assert result.usage.output_tokens == 60
    assert result.usage.cost_usd is not None
    assert result.session
    assert result.exit_code == 0
    assert {"started", "changed-files", "said", "usage", "ended"} <= _kinds(desk)
    assert "Do it." in str(server.turns[0])


def test_each_agent_asks_for_its_own_model_with_its_own_key(desk: Desk) -> None:
    models = {}
    for tool in (HAIKU, SONNET, GLM, CODEX):
        named = {"model": "gpt-test"} if tool.program == "codex" else {}
        with ModelServer(Say(text="Fine.")) as server:
            desk.run(tool, server, config=named)
        models[tool.name] = server.turns[0]["model"]
        headers = {name.lower(): value for name, value in server.headers[0].items()}
        sent = f"{headers.get('x-api-key')} {headers.get('authorization')}"
        assert KEY in sent
        assert "somebody-else" not in sent
    assert "haiku" in models["haiku"]
    assert "sonnet" in models["sonnet"]
    assert models["glm-5.1"] == "glm-5.1"
    assert models["codex"] == "gpt-test"


@pytest.mark.parametrize("tool", [HAIKU, GLM], ids=lambda tool: tool.name)
def test_tools_that_leave_the_worktree_are_not_offered(tool: Tool, desk: Desk) -> None:
    with ModelServer(Say(text="Fine.\nNEEDS-QA: none")) as server:
        assert desk.run(tool, server).outcome is Outcome.SUCCESS
    offered = {one["name"] for one in server.turns[0]["tools"]}
    assert {"Bash", "Edit"} <= offered
    assert not offered & set(WITHHELD)


def test_glm_is_priced_from_its_tokens_not_by_the_tool(desk: Desk) -> None:
    with ModelServer(Say(text="Fine.")) as server:
        result = desk.run(GLM, server)
    assert result.usage.cost_usd == pytest.approx((90 * 1.4 + 10 * 0.26 + 20 * 4.4) / 1e6)


@EVERY_TOOL
def test_success_without_a_change_is_the_tool_s_word_only(tool: Tool, desk: Desk) -> None:
    with ModelServer(Say(text="All done, promised.")) as server:
        result = desk.run(tool, server)
    assert result.outcome is Outcome.SUCCESS  # the worktree has the last word
    assert git(desk.worktree, "status", "--porcelain") == ""


@pytest.mark.parametrize("tool", [HAIKU, GLM], ids=lambda tool: tool.name)
def test_a_denied_tool_is_told(tool: Tool, desk: Desk) -> None:
    with ModelServer(tool.shell("git push origin main"), Say(text="I could not.")) as server:
        result = desk.run(tool, server, config={"allow": ["Read"]})
    assert result.outcome is Outcome.SUCCESS  # the change in the worktree decides
    assert result.denied == "Bash git push origin main"


_OUTSIDE = "*** Begin Patch\n*** Add File: /etc/planted\n+x\n*** End Patch"
# Of a command that ends at once Codex 0.169.0 often prints no event; its own record has it.
_NOT_ALLOWED = {
    "a-command": ("touch /etc/planted", "Read-only file system"),
    "a-commit": ("git commit --allow-empty -m x", "Read-only file system"),
    "a-patch": (f"apply_patch <<'PATCH'\n{_OUTSIDE}\nPATCH\n", "patch rejected: writing outside"),
}


@pytest.mark.parametrize("deed", _NOT_ALLOWED)
def test_what_codex_s_sandbox_refuses_is_told(deed: str, desk: Desk) -> None:
    command, reason = _NOT_ALLOWED[deed]
    with ModelServer(CODEX.shell(command), Say(text="I could not.")) as server:
        result = desk.run(CODEX, server)
    # Codex goes on and reports success: whether there is a change decides what it was.
    assert result.outcome is Outcome.SUCCESS
    assert reason in result.denied
    assert not Path("/etc/planted").exists()


def test_a_command_of_codex_that_merely_fails_is_no_refusal(desk: Desk) -> None:
    with ModelServer(CODEX.shell("false"), Say(text="It failed.")) as server:
        assert desk.run(CODEX, server).denied == ""


_REFUSALS = {
    "authentication": (
        Fail(status=401, kind="authentication_error", message="bad key"),
        Outcome.AUTHENTICATION,
    ),
    "rate-limit": (
        Fail(status=429, kind="rate_limit_error", message="slow down"),
        Outcome.RATE_LIMIT,
    ),
    "overloaded": (
        Fail(status=529, kind="overloaded_error", message="Overloaded"),
        Outcome.OVERLOADED,
    ),
    "server-error": (Fail(status=500, kind="api_error", message="boom"), Outcome.OVERLOADED),
    "bad-request": (
        Fail(status=400, kind="invalid_request_error", message="bad thing"),
        Outcome.BAD_REQUEST,
    ),
    "unknown-model": (
        Fail(status=404, kind="not_found_error", message="no such model"),
        Outcome.BAD_REQUEST,
    ),
}


# GLM runs in the program that is tried with all of them for haiku.
_REFUSED = [
    pytest.param(tool, refusal, id=f"{tool.name}-{refusal}")
    for tool in (HAIKU, GLM, CODEX)
    for refusal in _REFUSALS
    if tool is not GLM or refusal in {"authentication", "rate-limit", "overloaded"}
]


@pytest.mark.parametrize(("tool", "refusal"), _REFUSED)
def test_each_refusal_of_the_model_is_told_apart(tool: Tool, refusal: str, desk: Desk) -> None:
    step, outcome = _REFUSALS[refusal]
    with ModelServer(step) as server:
        result = desk.run(tool, server)
    assert result.outcome is outcome, result.summary
    assert result.summary
    assert result.exit_code == 1


def test_codex_s_quota_says_when_it_ends(desk: Desk) -> None:
    until = datetime.now(UTC) + timedelta(hours=2)
    step = Fail(
        status=429,
        kind="usage_limit_reached",
        message="The usage limit has been reached",
        extra={"plan_type": "plus", "resets_at": int(until.timestamp())},
    )
    with ModelServer(step) as server:
        result = desk.run(CODEX, server)
    assert result.outcome is Outcome.QUOTA
    assert result.retry_at is not None
    assert abs(result.retry_at - until) <= timedelta(minutes=1)


@EVERY_TOOL
def test_a_stalled_stream_is_ended_by_our_own_timer(tool: Tool, desk: Desk) -> None:
    timeouts = Timeouts(start=LONG, silence=timedelta(seconds=4), total=LONG)
    with ModelServer(Stall()) as server:
        result = desk.run(tool, server, timeouts=timeouts)
        assert server.stalled.is_set()
    assert result.outcome is Outcome.SILENT
    assert result.summary == "it printed nothing for 0:00:04"


@EVERY_TOOL
def test_a_stop_in_the_middle_of_a_tool_leaves_nothing(tool: Tool, desk: Desk) -> None:
    stop = Stop()

    def on_tool(event: AgentEvent) -> None:
        desk.events.append(event)
        if event.kind == "used-tool":
            stop.request("interrupted")

    with ModelServer(tool.shell(WAITS), Say(text="Slept.")) as server:
        agent = tool.agent(server)
        result = agent.run(desk.brief(tool), stop, on_tool)
    assert (result.outcome, result.summary) == (Outcome.STOPPED, "interrupted")
    assert result.session
    assert marked(desk.mark) == {}


def _run_and_signal(tool: Tool, desk: Desk, number: signal.Signals) -> Result:
    """Signal the tool's own processes, from outside, while a command of its agent runs."""

    def on_event(event: AgentEvent) -> None:
        if event.kind == "used-tool":
            signal_tool(desk.mark, number, busy_with="sleep 3017")

    first = (tool.write(desk.worktree, "a.txt", "a"), tool.shell(WAITS))
    with ModelServer(*first, Say(text="Slept.")) as server:
        return tool.agent(server).run(desk.brief(tool), Stop(), on_event)


@EVERY_TOOL
def test_terminated_from_outside_in_the_middle_of_a_tool(tool: Tool, desk: Desk) -> None:
    result = _run_and_signal(tool, desk, signal.SIGTERM)
    assert result.outcome is Outcome.KILLED, result.summary
    assert "signal 15" in result.summary
    assert marked(desk.mark) == {}


@EVERY_TOOL
def test_killed_in_the_middle_of_a_tool_and_resumed(tool: Tool, desk: Desk) -> None:
    cut = _run_and_signal(tool, desk, signal.SIGKILL)
    assert cut.outcome is Outcome.KILLED, cut.summary
    assert marked(desk.mark) == {}
    assert cut.session
    assert (desk.worktree / "a.txt").exists()
    with ModelServer(Say(text="Went on.")) as server:
        result = desk.run(
            tool,
            server,
            text="You were cut off. Go on.\n",
            resume=cut.session,
            resumed=cut.usage,
        )
    assert (result.outcome, result.summary) == (Outcome.SUCCESS, "Went on.")
    assert result.session == cut.session
    said = str(server.turns[0])
    assert "Do it." in said  # the session's beginning
    assert "You were cut off" in said


@EVERY_TOOL
def test_resumed_usage_is_the_attempt_s_own(tool: Tool, desk: Desk) -> None:
    with ModelServer(Say(text="One.")) as server:
        first = desk.run(tool, server)
    with ModelServer(Say(text="Two.")) as server:
        second = desk.run(tool, server, resume=first.session, resumed=first.usage)
    assert second.usage.input_tokens == first.usage.input_tokens == 100
    assert second.usage.output_tokens == first.usage.output_tokens == 20
    assert second.usage.cached_tokens == first.usage.cached_tokens == 10


@EVERY_TOOL
def test_an_unknown_session_starts_anew(tool: Tool, desk: Desk) -> None:
    lost = "00000000-0000-4000-8000-000000000000"
    with ModelServer(Say(text="From the start.")) as server:
        result = desk.run(tool, server, resume=lost)
    assert (result.outcome, result.summary) == (Outcome.SUCCESS, "From the start.")
    assert result.session not in {None, lost}


def test_out_of_turns(desk: Desk) -> None:
    steps = (HAIKU.write(desk.worktree, "a.txt", "a"), HAIKU.shell("true"), Say(text="Done."))
    with ModelServer(*steps) as server:
        result = desk.run(HAIKU, server, config={"max_turns": 1})
    assert result.outcome is Outcome.OUT_OF_TURNS
    assert "maximum number of turns" in result.summary


def test_an_attempt_over_its_token_limit_is_ended(desk: Desk) -> None:
    with ModelServer(HAIKU.shell("true")) as server:  # for ever
        result = desk.run(HAIKU, server, token_limit=500)
    assert result.outcome is Outcome.BUDGET
    assert result.summary == "it used more than its 500 tokens"


@EVERY_TOOL
def test_what_the_agent_asks_for_is_heard(tool: Tool, desk: Desk) -> None:
    with ModelServer(Say(text="I tried.\n\nBLOCKED: no network in here")) as server:
        result = desk.run(tool, server)
    assert (result.outcome, result.summary) == (Outcome.BLOCKED, "no network in here")


def test_a_missing_tool_blocks(desk: Desk) -> None:
    gone = replace(HAIKU, config=HAIKU.config.model_copy(update={"program": "claude-is-gone"}))
    with ModelServer(Say(text="?")) as server:
        agent = gone.agent(server)
        assert "claude-is-gone is not installed: npm install" in (agent.missing() or "")
        result = agent.run(desk.brief(gone), Stop())
    assert result.outcome is Outcome.BLOCKED


def test_the_installed_tools_are_found() -> None:
    with ModelServer(Say(text="?")) as server:
        for tool in (HAIKU, CODEX):
            assert tool.agent(server).missing() is None
    assert shutil.which("claude")
