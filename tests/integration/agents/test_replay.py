"""The adapters with a stand-in for their tools, which plays a recorded stream.

These run everywhere; `test_real_tools` runs the tools themselves.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agents.claude import ALLOWED, WITHHELD
from agents.glm import BASE_URL
from agents.protocol import Result, Timeouts
from agents.registry import create
from mission.config import AgentConfig, ClaudeAgentConfig, CodexAgentConfig, GlmAgentConfig
from mission.outcome import Outcome
from tests.integration.agents.briefs import QUICK, make_brief
from workspace.process import Stop

FIXTURES = Path(__file__).parents[2] / "fixtures" / "agents"

# A stand-in that stays, and that calls it an error when it is asked to go.
STAYS = -1

STAND_IN = """#!{python} -S
import json, os, pathlib, signal, sys
got = {{"argv": sys.argv[1:], "environment": dict(os.environ), "stdin": sys.stdin.read()}}
calls = pathlib.Path({calls!r})
with calls.open("a") as file:
    file.write(json.dumps(got) + "\\n")
name, code, error = {plays!r}[min(len(calls.read_text().splitlines()), {count}) - 1]
sys.stdout.write(pathlib.Path(name).read_text() if name else "")
sys.stderr.write(error)
if code == {stays}:
    sys.stdout.flush()
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    signal.sigwait([signal.SIGINT])
    end = {{"type": "result", "subtype": "error_during_execution", "is_error": True}}
    print(json.dumps(end | {{"num_turns": 9}}), flush=True)
    print(json.dumps({{"type": "turn.failed", "error": {{"message": "interrupted"}}}}), flush=True)
    code = 1
sys.exit(code)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Played:
    """What came of one attempt."""

    result: Result
    calls: list[dict[str, Any]]  # what the stand-in got, per start


Play = Callable[..., Played]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    worktree = tmp_path / "worktree"
    worktree.mkdir()

    def run(
        config: AgentConfig,
        *plays: tuple[str, int, str],
        environment: dict[str, str] | None = None,
        resume: str | None = None,
        timeouts: Timeouts = QUICK,
    ) -> Played:
        program, calls = tmp_path / "tool", tmp_path / "calls.jsonl"
        streams = [(str(FIXTURES / name) if name else "", code, say) for name, code, say in plays]
        program.write_text(
            STAND_IN.format(
                python=sys.executable,
                calls=str(calls),
                plays=streams,
                count=len(plays),
                stays=STAYS,
            ),
            encoding="utf-8",
        )
        program.chmod(0o755)
        agent = create("tested", config.model_copy(update={"program": str(program)}))
        assert agent.missing() is None
        brief = make_brief(worktree, environment=environment, resume=resume, timeouts=timeouts)
        result = agent.run(brief, Stop())
        return Played(
            result=result, calls=[json.loads(line) for line in calls.read_text().splitlines()]
        )

    return run


CLAUDE, CODEX = ClaudeAgentConfig(model="haiku"), CodexAgentConfig()


def test_claude_is_asked_as_it_should_be(play: Play) -> None:
    config = CLAUDE.model_copy(update={"max_turns": 9, "effort": "low", "options": ["--no-chrome"]})
    inherited = {
        "ANTHROPIC_API_KEY": "sk-planted-anthropic-key",
        "CLAUDECODE": "1",
        "CLAUDE_CODE_ENTRYPOINT": "cli",
        "CLAUDE_CODE_OAUTH_TOKEN": "planted-oauth-token",
    }
    played = play(config, ("claude/success.jsonl", 0, ""), environment=inherited)
    assert played.result.outcome is Outcome.SUCCESS
    (call,) = played.calls
    session = next(word for word in call["argv"] if word.startswith("--session-id="))
    assert call["argv"] == [
        *("-p", "--output-format", "stream-json", "--verbose"),
        "--include-partial-messages",
        "--model=haiku",
        session,
        "--permission-mode=acceptEdits",
        f"--allowedTools={','.join(ALLOWED)}",
        f"--disallowedTools={','.join(WITHHELD)}",
        *(
            "--strict-mcp-config",
            "--setting-sources=user",
            "--max-turns=9",
            "--effort=low",
            "--no-chrome",
        ),
    ]
    assert call["stdin"] == "Do it.\n"
    seen = call["environment"]
    assert seen["ANTHROPIC_API_KEY"] == "sk-planted-anthropic-key"
    assert seen["CLAUDE_CODE_OAUTH_TOKEN"] == "planted-oauth-token"
    assert seen["CLAUDE_CODE_MAX_RETRIES"] == "2"
    assert not {"CLAUDECODE", "CLAUDE_CODE_ENTRYPOINT"} & seen.keys()


def test_glm_gets_an_environment_of_its_own(play: Play) -> None:
    keys = {"GLM_API_KEY": "planted-glm-key", "ANTHROPIC_API_KEY": "sk-planted-anthropic-key"}
    config = GlmAgentConfig(set={"GLM_API_KEY": "named in mission.yaml"})
    played = play(config, ("claude/success.jsonl", 0, ""), environment=keys)
    (call,) = played.calls
    seen = call["environment"]
    assert "ANTHROPIC_API_KEY" not in seen
    assert "GLM_API_KEY" not in seen
    assert seen["ANTHROPIC_AUTH_TOKEN"] == "planted-glm-key"
    assert seen["ANTHROPIC_BASE_URL"] == BASE_URL
    assert seen["API_TIMEOUT_MS"] == "3000000"
    for kind in ("HAIKU", "SONNET", "OPUS"):
        assert seen[f"ANTHROPIC_DEFAULT_{kind}_MODEL"] == "glm-5.1"
    assert "--model=sonnet" in call["argv"]


def test_glm_without_a_key_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GLM_API_KEY", "ZAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    agent = create("glm-5.1", GlmAgentConfig(program=sys.executable))
    assert agent.missing() == ("glm-5.1 has no key: set GLM_API_KEY in the environment of the run")
    monkeypatch.setenv("ZAI_API_KEY", "x")
    assert agent.missing() is None


def test_codex_is_asked_as_it_should_be(play: Play, tmp_path: Path) -> None:
    update = {"model": "gpt-test", "base_url": "http://127.0.0.1:1/v1", "key": "OUR_KEY"}
    played = play(
        CODEX.model_copy(update=update),
        ("codex/success.jsonl", 0, ""),
        environment={"OUR_KEY": "planted-codex-key"},
        resume="thread-1",
    )
    assert played.result.outcome is Outcome.SUCCESS
    (call,) = played.calls
    untrusted = f'projects={{"{tmp_path / "worktree"}"={{trust_level="untrusted"}}}}'
    assert call["argv"][:16] == [
        *("exec", "--json", "-m", "gpt-test", "-C", str(tmp_path / "worktree")),
        *("-s", "workspace-write", "-c", 'approval_policy="never"'),
        *("-c", untrusted, "-c", "features.skill_mcp_dependency_install=false"),
        *("-c", 'model_provider="mission"'),
    ]
    assert call["argv"][-3:] == ["resume", "thread-1", "-"]
    assert 'model_providers.mission.base_url="http://127.0.0.1:1/v1"' in call["argv"]
    assert "model_providers.mission.request_max_retries=2" in call["argv"]
    assert call["environment"]["CODEX_API_KEY"] == "planted-codex-key"
    assert "OUR_KEY" not in call["environment"]


@pytest.mark.parametrize("config", [CLAUDE, CODEX], ids=["claude", "codex"])
def test_a_success_with_a_bad_exit_code_is_none(config: AgentConfig, play: Play) -> None:
    played = play(config, (f"{config.type}/success.jsonl", 1, "segmentation fault\n"))
    assert played.result.outcome is Outcome.CRASHED
    assert played.result.summary == "it ended with exit code 1: segmentation fault"
    assert played.result.session  # it can be resumed all the same
    assert played.result.usage.input_tokens == 300


@pytest.mark.parametrize("config", [CLAUDE, CODEX], ids=["claude", "codex"])
def test_a_stream_without_an_end_is_no_success(config: AgentConfig, play: Play) -> None:
    played = play(config, (f"{config.type}/killed.jsonl", 0, ""))
    assert played.result.outcome is Outcome.CRASHED
    assert played.result.summary == "it ended without a result: it said nothing"


@pytest.mark.parametrize("config", [CLAUDE, CODEX], ids=["claude", "codex"])
def test_silence_with_a_good_exit_code_is_no_success(config: AgentConfig, play: Play) -> None:
    played = play(config, ("", 0, ""))
    assert played.result.outcome is Outcome.CRASHED


def test_a_failure_before_the_first_event_is_read_from_standard_error(play: Play) -> None:
    played = play(CODEX, ("", 1, "Error: Not logged in. Run codex login.\n"))
    assert played.result.outcome is Outcome.AUTHENTICATION


@pytest.mark.parametrize(
    ("config", "says"),
    [
        (CLAUDE, "No conversation found with session ID: is-gone\n"),
        (CODEX, "Error: thread/resume failed: no rollout found for thread id is-gone\n"),
    ],
    ids=["claude", "codex"],
)
def test_a_lost_session_is_started_anew(config: AgentConfig, says: str, play: Play) -> None:
    played = play(config, ("", 1, says), (f"{config.type}/success.jsonl", 0, ""), resume="is-gone")
    assert played.result.outcome is Outcome.SUCCESS
    first, second = (" ".join(call["argv"]) for call in played.calls)
    assert "is-gone" in first
    assert "is-gone" not in second


@pytest.mark.parametrize("said", ["quota", "overloaded", "bad-request", "authentication"])
@pytest.mark.parametrize("config", [CLAUDE, CODEX], ids=["claude", "codex"])
def test_the_tool_s_own_word_for_a_failure_counts(
    config: AgentConfig, said: str, play: Play
) -> None:
    played = play(config, (f"{config.type}/{said}.jsonl", 1, ""))
    assert str(played.result.outcome) == said
    assert played.result.summary


@pytest.mark.parametrize("config", [CLAUDE, CODEX], ids=["claude", "codex"])
def test_a_tool_that_stays_after_its_last_event_is_ended_and_its_work_is_taken(
    config: AgentConfig, play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agents.farewell.LINGER", timedelta(milliseconds=50))
    played = play(config, (f"{config.type}/success.jsonl", STAYS, ""))
    assert (played.result.outcome, played.result.summary) == (Outcome.SUCCESS, "Said hello.")
    assert played.result.usage.input_tokens == 300


def test_a_silence_after_the_last_event_loses_nothing(play: Play) -> None:
    quick = Timeouts(silence=timedelta(milliseconds=200))
    played = play(CLAUDE, ("claude/success.jsonl", STAYS, ""), timeouts=quick)
    assert played.result.outcome is Outcome.SUCCESS


@pytest.mark.parametrize("config", [CLAUDE, CODEX], ids=["claude", "codex"])
def test_a_session_that_is_refused_is_started_anew_once(config: AgentConfig, play: Play) -> None:
    refused = (f"{config.type}/bad-request.jsonl", 1, "")
    played = play(config, refused, (f"{config.type}/success.jsonl", 0, ""), resume="too-long")
    assert played.result.outcome is Outcome.SUCCESS
    first, second = played.calls
    assert "too-long" in " ".join(first["argv"])
    assert "too-long" not in " ".join(second["argv"])
    assert first["stdin"] == "Do it.\n"
    assert second["stdin"].startswith("An earlier session worked on")
    assert second["stdin"].endswith("Do it.\n")
    played = play(config, refused, refused, refused, resume="too-long")
    assert played.result.outcome is Outcome.BAD_REQUEST
    assert len(played.calls) == 4  # two of them are those of before


def test_a_session_that_outgrows_its_model_is_started_anew(play: Play, tmp_path: Path) -> None:
    stream = (FIXTURES / "claude" / "success.jsonl").read_text().splitlines()
    last = json.loads(stream[-1]) | {"is_error": True, "result": "Prompt is too long"}
    (tmp_path / "long.jsonl").write_text("\n".join([*stream[:-1], json.dumps(last)]) + "\n")
    plays = [(str(tmp_path / "long.jsonl"), 1, ""), ("claude/success.jsonl", 0, "")]
    played = play(CLAUDE, *plays)
    assert played.result.outcome is Outcome.SUCCESS
    assert len(played.calls) == 2
    assert played.result.usage.input_tokens == 600  # what both have used


def test_a_brief_that_is_refused_is_not_asked_twice(play: Play) -> None:
    assert len(play(CLAUDE, ("claude/bad-request.jsonl", 1, "")).calls) == 1


def test_a_denied_tool_is_told_with_what_it_was_for(play: Play) -> None:
    played = play(CLAUDE, ("claude/denied.jsonl", 0, ""))
    assert played.result.outcome is Outcome.SUCCESS  # if it changed something
    assert played.result.denied.startswith("Bash ")
