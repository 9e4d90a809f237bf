"""The `command` adapter with real programs."""

from __future__ import annotations

import json
import signal
from datetime import timedelta
from pathlib import Path

import pytest

from agents.command import CommandAgent
from agents.protocol import AgentEvent, Result, Timeouts
from agents.registry import create
from mission.config import CommandAgentConfig, SandboxConfig
from mission.outcome import Outcome
from tests.integration.agents.briefs import make_brief, python
from workspace.process import Stop


def _run(folder: Path, code: str, **more: object) -> Result:
    folder.mkdir(exist_ok=True)
    return CommandAgent(python(code)).run(make_brief(folder, **more), Stop())  # type: ignore[arg-type]


@pytest.fixture
def worktree(tmp_path: Path) -> Path:
    folder = tmp_path / "worktree"
    folder.mkdir()
    return folder


def test_the_brief_is_in_a_file_on_stdin_and_in_the_environment(worktree: Path) -> None:
    code = (
        "import json, os, pathlib, sys\n"
        "told = {'stdin': sys.stdin.read(), 'argv': pathlib.Path(sys.argv[1]).read_text(),"
        " 'variable': pathlib.Path(os.environ['MISSION_BRIEF']).read_text(),"
        " 'task': os.environ['MISSION_TASK'], 'cwd': os.getcwd(), 'where': sys.argv[2]}\n"
        "pathlib.Path('told.json').write_text(json.dumps(told))\n"
    )
    agent = CommandAgent([*python(code), "{brief}", "in={worktree}"])
    result = agent.run(make_brief(worktree, text="Grüße, ```fence```\n"), Stop())
    assert result.outcome is Outcome.SUCCESS
    told = json.loads((worktree / "told.json").read_text(encoding="utf-8"))
    assert told["stdin"] == told["argv"] == told["variable"] == "Grüße, ```fence```\n"
    assert told["task"] == "T-1"
    assert told["cwd"] == str(worktree)
    assert told["where"] == f"in={worktree}"


def test_its_last_line_is_its_report(worktree: Path) -> None:
    report = {"outcome": "needs-qa", "summary": "look at it", "input_tokens": 7, "session": "s"}
    result = _run(worktree, f"print('working'); print({json.dumps(report)!r}); print()")
    assert (result.outcome, result.summary) == (Outcome.NEEDS_QA, "look at it")
    assert (result.usage.input_tokens, result.session) == (7, "s")


def test_all_that_it_prints_is_its_answer_unless_it_says_otherwise(worktree: Path) -> None:
    plain = _run(worktree, "print('# Report'); print('All is well.')")
    assert (plain.summary, plain.answer) == ("All is well.", "# Report\nAll is well.")
    line = json.dumps({"outcome": "success", "summary": "looked", "answer": {"verdict": "approve"}})
    asked = _run(worktree, f"print('thinking'); print({line!r})")
    assert json.loads(asked.answer) == {"verdict": "approve"}


def test_a_summary_is_bounded_and_an_answer_is_whole(worktree: Path) -> None:
    result = _run(worktree, "print('x' * 100_000)")
    assert len(result.summary) < 5_000
    assert len(result.answer) == 100_000


def test_success_is_not_believed_when_the_exit_code_says_otherwise(worktree: Path) -> None:
    code = """print('{"outcome": "success", "summary": "all fine"}'); raise SystemExit(3)"""
    result = _run(worktree, code)
    assert (result.outcome, result.exit_code) == (Outcome.CRASHED, 3)
    assert result.summary == "it ended with exit code 3: all fine"


def test_its_own_word_for_a_failure_counts(worktree: Path) -> None:
    code = """print('{"outcome": "blocked", "summary": "no database"}'); raise SystemExit(1)"""
    result = _run(worktree, code)
    assert (result.outcome, result.summary) == (Outcome.BLOCKED, "no database")


def test_it_may_ask_for_a_person_as_every_agent(worktree: Path) -> None:
    for code, outcome in (
        ("print('half of it'); print('BLOCKED: no database')", Outcome.BLOCKED),
        ("print('NEEDS-QA: none')", Outcome.SUCCESS),
    ):
        agent = create("ours", CommandAgentConfig(run=python(code)))
        assert agent.run(make_brief(worktree), Stop()).outcome is outcome


def test_without_a_report_the_exit_code_counts(worktree: Path) -> None:
    assert _run(worktree, "print('done')").outcome is Outcome.SUCCESS
    failed = _run(worktree, "import sys; print('oh no', file=sys.stderr); sys.exit(1)")
    assert (failed.outcome, failed.summary) == (
        Outcome.CRASHED,
        "it ended with exit code 1: oh no",
    )


def test_a_signal_from_outside_is_told_apart(worktree: Path) -> None:
    result = _run(worktree, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert result.outcome is Outcome.KILLED
    assert str(int(signal.SIGKILL)) in result.summary


def test_silence_and_the_total_time_are_told_apart(worktree: Path) -> None:
    long, short = timedelta(seconds=60), timedelta(seconds=0.5)
    quiet = Timeouts(start=short, silence=long, total=long)
    code = "import time; time.sleep(300)"
    assert _run(worktree, code, timeouts=quiet).outcome is Outcome.SILENT
    talks = "import time\nwhile True: print('.', flush=True); time.sleep(0.05)"
    bounded = Timeouts(start=long, silence=long, total=timedelta(seconds=1))
    assert _run(worktree, talks, timeouts=bounded).outcome is Outcome.TIMED_OUT


def test_a_stop_ends_it(worktree: Path) -> None:
    stop = Stop()

    def on_event(event: AgentEvent) -> None:
        if event.text == "ready":
            stop.request("interrupted")

    code = "import time; print('ready', flush=True); time.sleep(300)"
    result = CommandAgent(python(code)).run(make_brief(worktree), stop, on_event)
    assert (result.outcome, result.summary) == (Outcome.STOPPED, "interrupted")


def test_a_program_that_cannot_start_blocks(worktree: Path) -> None:
    result = CommandAgent(["./not-there"]).run(make_brief(worktree), Stop())
    assert result.outcome is Outcome.BLOCKED
    assert "not-there" in result.summary


def test_what_is_missing_is_said_with_its_remedy() -> None:
    assert CommandAgent(["no-such-program-x"], name="mine").missing() == (
        "no-such-program-x is not installed: install it, or change `run` of mine"
    )
    assert "nothing to run" in (CommandAgent([]).missing() or "")
    assert CommandAgent(["./agent.sh"]).missing() is None


def test_it_sees_no_secret_of_the_runner(worktree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORGE_TOKEN", "planted-forge-token")
    result = _run(worktree, "import os; print(os.environ.get('FORGE_TOKEN'))")
    assert result.summary == "None"


def test_secrets_that_it_prints_appear_nowhere(
    worktree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted = ["planted-forge-token", "ghp_" + "a" * 36, "sk-" + "b" * 40]
    monkeypatch.setenv("FORGE_TOKEN", planted[0])
    events: list[str] = []
    said = json.dumps({"outcome": "failed", "summary": " ".join(planted)})
    code = f"import sys; print({' '.join(planted)!r}, file=sys.stderr); print({said!r})"
    brief = make_brief(worktree)
    result = CommandAgent(python(code)).run(brief, Stop(), lambda event: events.append(event.text))
    everything = f"{result} {events} {brief.log.read_text(encoding='utf-8')}"
    for secret in planted:
        assert secret not in everything
    assert "[secret]" in result.summary


def test_a_grandchild_in_a_session_of_its_own_ends_with_it(worktree: Path) -> None:
    code = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)'],"
        " start_new_session=True)\n"
        "print(child.pid)\n"
    )
    result = _run(worktree, code)
    assert not Path(f"/proc/{int(result.summary)}").exists()


@pytest.mark.parametrize("word", ["; touch pwned", "$(touch pwned)", "`touch pwned`"])
def test_no_text_reaches_a_shell(worktree: Path, word: str) -> None:
    agent = CommandAgent([*python("import sys; print(sys.argv[1])"), word])
    result = agent.run(make_brief(worktree, text=word), Stop())
    assert result.summary == word
    assert not list(worktree.iterdir())


def test_bubblewrap_is_missed_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    sandbox = SandboxConfig(type="bubblewrap")
    agent = create("x", CommandAgentConfig(run=["./agent.sh"], sandbox=sandbox))
    assert "bubblewrap is not installed" in (agent.missing() or "")


def test_what_it_says_can_be_kept_and_shown_and_holds_no_secret(
    worktree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEPLOY_TOKEN", "hush-hush-hush")
    # Escapes hide the token from what looks at the printed line.
    hidden = "".join(f"\\u{ord(letter):04x}" for letter in "hush-hush-hush")
    line = (
        f'{{"outcome": "success", "summary": "{hidden} a\\u0000b\\ud800c\\u001b[2J",'
        f' "answer": "{hidden} \\ud800\\u0000\\n\\tkept", "session": "a\\u0000b"}}'
    )
    result = _run(worktree, f"print({line!r})")
    assert result.summary == "[secret] a\ufffdb\ufffdc\ufffd[2J"
    assert result.answer == "[secret] \ufffd\ufffd\n\tkept"
    assert result.session is None


@pytest.mark.parametrize(
    ("session", "kept"),
    [("0199-ab_c.d:e/f@g+h=", True), ("-c", False), ("a b", False), ("x" * 201, False)],
)
def test_a_session_is_a_word_that_is_no_option(worktree: Path, session: str, kept: bool) -> None:
    line = json.dumps({"summary": "done", "session": session})
    assert _run(worktree, f"print({line!r})").session == (session if kept else None)
