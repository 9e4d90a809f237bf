"""What holds for every command: help, errors, and errors as JSON."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from cli.help_page import GROUPS
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


def test_every_command_is_in_one_group_on_one_screen(capsys: pytest.CaptureFixture[str]) -> None:
    named = [name for group in GROUPS.values() for name in group]
    assert sorted(named) == sorted(COMMANDS)
    page = run(capsys, "--help").splitlines()
    assert (len(page) <= 23, max(map(len, page)) <= 80) == (True, True)  # a prompt comes below
    assert all(name in "\n".join(page).split() for name in COMMANDS)


def test_help_imports_no_command() -> None:
    code = (
        "import contextlib, sys\n"
        "from cli.main import main\n"
        "with contextlib.suppress(SystemExit):\n"
        "    main(['--help'])\n"
        "loud = {'pydantic', 'prefect', 'httpx', 'yaml', 'rich'} & set(sys.modules)\n"
        "print(sorted(loud), [name for name in sys.modules if name.startswith('orchestrator')])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("\n[] []\n")


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
