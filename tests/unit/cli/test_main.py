"""What holds for every command: help, errors, and errors as JSON."""

from __future__ import annotations

import json

import pytest

from cli.main import COMMANDS
from mission.place import Place
from tests.command import answer, run


def test_the_help_cuts_no_sentence_off(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for words in ([], ["tier"], ["gate"], ["gateway"], ["server"]):
        out = run(capsys, *words, "--help")
        assert "..." not in out.replace("[ARGS]...", "")
        assert max(map(len, out.splitlines())) <= 80
    assert all(f"  {name} " in run(capsys, "-h") for name in COMMANDS)


def test_a_mistyped_command_is_told_which_one_was_meant(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert "No such command 'chekc'. Did you mean check?" in run(capsys, "chekc", code=2)
    assert "Did you mean doctor?" in run(capsys, "tier", "doctr", code=2)


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--version").startswith("mission-runner ")


@pytest.mark.parametrize(
    "words", [("status",), ("run",), ("set", "NOPE", "done"), ("history",), ("verify",)]
)
def test_an_error_is_one_json_object_where_json_is_wanted(
    place: Place, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    command, *rest = words
    missing = str(place.folder / "nowhere")
    error = json.loads(answer(capsys, command, missing, *rest, "--json", code=2))["error"]
    assert error["exit_code"] == 2
    assert error["message"] == f"{missing}: no such file"
    assert error["hint"]
