"""What Tab offers, through real shells."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from cli.completing import SHELLS, offers
from tests.command import run
from tests.conftest import requires
from tests.scratch import Scratch, make, row
from tests.terminal import on_terminal

PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
_PRESS = """
eval "$(mission completion bash)"
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_mission_complete
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Scratch:
    rows = [row("A-1", status="needs-qa"), row("A-2", status="failed"), row("B-1")]
    return make(tmp_path_factory.mktemp("rows"), rows)


def press_tab(folder: Path, *words: str) -> list[str]:
    """What bash offers for the last of the words."""
    done = subprocess.run(
        ["bash", "-c", _PRESS, "bash", "mission", *words],
        cwd=folder,
        env={**os.environ, "PATH": PATH},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.split()


# What is typed, and what is offered
PRESSED: list[tuple[Sequence[str], list[str]]] = [
    (["appr"], ["approve"]),
    (["approve", ""], ["A-1"]),
    (["retry", ""], ["A-2"]),
    (["unblock", "B"], ["B-1"]),  # none is blocked: every row is shown
    (["show", "A-"], ["A-1", "A-2"]),
    (["show", "{path}", "B"], ["B-1"]),
    (["retry", "A-2", ""], []),  # no other row has failed
    (["set", "A-1", "n"], ["not-started", "needs-qa"]),
    (["run", "--milestone", ""], ["M1"]),
    (["run", "--task", "A-1", "--task", "B"], ["B-1"]),
    (["run", "--dry"], ["--dry-run"]),
    (["tier", "do"], ["doctor", "down"]),
    (["completion", ""], list(SHELLS)),
    (["show", "--no\0pe"], []),
    (["nonsense", ""], []),
]


@pytest.mark.parametrize(("typed", "offered"), PRESSED)
def test_what_is_offered(
    scratch: Scratch, monkeypatch: pytest.MonkeyPatch, typed: Sequence[str], offered: list[str]
) -> None:
    monkeypatch.chdir(scratch.top)
    words = [word.format(path=scratch.task_file) for word in typed]
    assert sorted(offers(words[:-1], words[-1])) == sorted(offered)


def test_bash_offers_it(scratch: Scratch, tmp_path: Path) -> None:
    assert press_tab(scratch.top, "show", "A") == ["A-1", "A-2"]
    assert press_tab(scratch.top, "che") == ["check"]
    assert press_tab(tmp_path, "show", "A") == []  # no plan here: file names, as bash has them


@requires("fish")
def test_fish_offers_it(scratch: Scratch, tmp_path: Path) -> None:
    assert asked_of_fish(scratch.top, "mission show A") == ["A-1", "A-2"]
    assert asked_of_fish(scratch.top, "mission tier do") == ["doctor", "down"]
    assert asked_of_fish(tmp_path, "mission show A") == []


def asked_of_fish(folder: Path, typed: str) -> list[str]:
    """What a real fish offers for the end of a line."""
    asks = f"mission completion fish | source; complete -C {shlex.quote(typed)}"
    done = subprocess.run(
        ["fish", "--no-config", "-c", asks],
        cwd=folder,
        env={**os.environ, "PATH": PATH},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.split()


@requires("zsh")
def test_zsh_offers_it(scratch: Scratch) -> None:
    zsh = shutil.which("zsh")
    assert zsh is not None
    own = {**os.environ, "PATH": PATH, "ZDOTDIR": str(scratch.top)}
    with on_terminal("-f", "-i", folder=scratch.top, environment=own, program=(zsh,)) as terminal:
        terminal.type('eval "$(mission completion zsh)"; echo is""there\n')
        terminal.wait_for("isthere")
        terminal.type("mission show A\t\t")
        terminal.wait_for("A-1  A-2")
        terminal.type("2\x15mission appr\t")  # as far as there is one way, Tab types it itself
        terminal.wait_for("mission approve ")


@pytest.mark.parametrize("shell", SHELLS)
def test_each_script_can_be_read_by_its_shell(
    capsys: pytest.CaptureFixture[str], shell: str
) -> None:
    script = run(capsys, "completion", shell)
    assert "mission completion" in run(capsys, "completion")
    assert "Did you mean" in run(capsys, "completion", f"{shell}h", code=2)
    program = shutil.which(shell)
    if program is not None:  # bash is everywhere; the others where somebody uses them
        subprocess.run([program, "-n", "/dev/stdin"], input=script, text=True, check=True)
