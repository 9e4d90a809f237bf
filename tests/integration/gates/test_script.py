"""The script gate: only exit code 0 is clear, and nothing reaches a shell."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import pytest

from gates.protocol import GateRequest, GateState, Purpose
from gates.script import ScriptGate
from workspace.process import Stop
from workspace.redact import Redactor

REQUEST = GateRequest(purpose=Purpose.PUSH, branch="feat/x", base="main")


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-S", "-c", code)


def exits(code: int) -> tuple[str, ...]:
    return python(f"print('says', {code}); raise SystemExit({code})")


@pytest.mark.parametrize(
    ("code", "state"),
    [
        (0, GateState.CLEAR),
        (1, GateState.UNKNOWN),
        (2, GateState.FAILED),
        (3, GateState.UNKNOWN),
        (75, GateState.BUSY),
    ],
)
def test_exit_codes(tmp_path: Path, code: int, state: GateState) -> None:
    verdict = ScriptGate(argv=exits(code), folder=tmp_path).check(REQUEST)

    assert verdict.state is state
    assert verdict.detail == f"says {code} (exit code {code})"


def test_configured_exit_codes_cannot_open_the_gate(tmp_path: Path) -> None:
    gate = ScriptGate(
        argv=exits(1), folder=tmp_path, exit_codes={1: GateState.FAILED, 0: GateState.FAILED}
    )

    assert gate.check(REQUEST).state is GateState.FAILED
    assert ScriptGate(argv=exits(0), folder=tmp_path).check(REQUEST).state is GateState.CLEAR


def test_placeholders_are_filled_in_once(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    code = f"import sys; open({str(seen)!r}, 'w').write(repr(sys.argv[1:]))"
    argv = (*python(code), "{purpose}", "--branch={branch}", "{base}", "{commit}", "{other}")
    request = GateRequest(purpose=Purpose.MERGE, branch="{base}$(id);'x'", base="main", commit="c0")

    ScriptGate(argv=argv, folder=tmp_path).check(request)

    assert seen.read_text() == repr(["merge", "--branch={base}$(id);'x'", "main", "c0", "{other}"])


def test_a_branch_that_looks_like_an_option_is_refused(tmp_path: Path) -> None:
    request = GateRequest(purpose=Purpose.MERGE, branch="--force", base="main")

    verdict = ScriptGate(argv=("false", "{branch}"), folder=tmp_path).check(request)

    assert verdict.state is GateState.FAILED


def test_a_missing_program_is_not_clear(tmp_path: Path) -> None:
    verdict = ScriptGate(argv=("no-such-program-here",), folder=tmp_path).check(REQUEST)

    assert verdict.state is GateState.FAILED
    assert "no-such-program-here" in verdict.detail


def test_a_program_that_hangs_is_ended(tmp_path: Path) -> None:
    gate = ScriptGate(
        argv=python("import time; time.sleep(600)"),
        folder=tmp_path,
        timeout=timedelta(milliseconds=1),
    )

    verdict = gate.check(REQUEST)

    assert verdict.state is GateState.UNKNOWN
    assert "total" in verdict.detail


def test_a_stop_ends_the_program(tmp_path: Path) -> None:
    stop = Stop()
    stop.request("Ctrl-C")
    gate = ScriptGate(argv=python("import time; time.sleep(600)"), folder=tmp_path, stop=stop)

    assert gate.check(REQUEST).state is GateState.UNKNOWN


def test_secrets_do_not_reach_the_verdict(tmp_path: Path) -> None:
    gate = ScriptGate(
        argv=python("print('token hunter22222')"),
        folder=tmp_path,
        redact=Redactor(["hunter22222"]).line,
    )

    assert "hunter22222" not in gate.check(REQUEST).detail
