"""Verification runs real programs and names the first that does not pass."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

from gates.verification import StepEnd, run_steps
from mission.config import VerifyStep
from workspace.process import Stop


def step(name: str, code: str, **settings: object) -> VerifyStep:
    return VerifyStep.model_validate(
        {"name": name, "run": [sys.executable, "-S", "-c", code], **settings}
    )


def run(steps: list[VerifyStep], folder: Path) -> tuple[StepEnd | None, list[StepEnd]]:
    ends: list[StepEnd] = []
    failed = run_steps(steps, folder, Stop(), folder / "logs", on_step=ends.append)
    return failed, ends


def test_all_pass(tmp_path: Path) -> None:
    failed, ends = run([step("one", "print(1)"), step("two", "print(2)")], tmp_path)

    assert failed is None
    assert [end.name for end in ends] == ["one", "two"]
    assert [end.log.name for end in ends] == ["01-one.log", "02-two.log"]
    assert "2" in ends[1].log.read_text()


def test_the_first_failure_ends_it_with_its_last_lines(tmp_path: Path) -> None:
    failed, ends = run(
        [
            step("unit tests", "print('assertion 7 failed'); raise SystemExit(3)"),
            step("never", "open('ran', 'w')"),
        ],
        tmp_path,
    )

    assert failed is not None
    assert failed is ends[-1]
    assert failed.reason == "verify step unit tests failed with exit code 3"
    assert failed.note.endswith("assertion 7 failed")
    assert failed.log.name == "01-unit-tests.log"
    assert not (tmp_path / "ran").exists()


def test_steps_run_in_the_folder(tmp_path: Path) -> None:
    run([step("write", "open('here', 'w')")], tmp_path)

    assert (tmp_path / "here").exists()


def test_a_step_that_takes_too_long(tmp_path: Path) -> None:
    # Not Python: what that makes of an interrupt depends on how far it has started.
    slow = VerifyStep(name="slow", run=["sleep", "600"], timeout=timedelta(milliseconds=50))

    failed, _ = run([slow], tmp_path)

    assert failed is not None
    assert "ended by total" in failed.reason
    assert failed.exit_code is None


def test_a_step_that_cannot_start(tmp_path: Path) -> None:
    missing = VerifyStep(name="lint", run=["no-such-program-here"])

    failed, _ = run([missing], tmp_path)

    assert failed is not None
    assert "verify step lint cannot be run" in failed.reason


def test_a_name_cannot_leave_the_folder_of_logs(tmp_path: Path) -> None:
    _, ends = run([step("../../x", "print(1)")], tmp_path)

    assert ends[0].log.parent == tmp_path / "logs"
