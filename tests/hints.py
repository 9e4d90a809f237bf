"""Commands that the product prints, typed as they are printed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from cli.main import main

MARKED = re.compile(r"`((?:mission|git) [^`]+)`")


def commands_in(said: str) -> list[str]:
    """What is marked as a command in a text that may have been broken into lines."""
    return MARKED.findall(" ".join(said.split()))


def asked(capsys: pytest.CaptureFixture[str], words: Sequence[str]) -> tuple[int, str]:
    """Exit code of `mission WORDS`, and all that it printed."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    out, err = capsys.readouterr()
    code = ended.value.code
    return (code if isinstance(code, int) else int(code is not None)), f"{out}{err}"


def split_by_a_shell(command: str) -> list[str]:
    """The words of a command, as a shell hands them on: it knows what was not quoted."""
    told = subprocess.run(
        ["sh", "-c", f"printf '%s\\0' {command}"], check=True, capture_output=True
    )
    return told.stdout.decode().split("\0")[:-1]


def typed(
    capsys: pytest.CaptureFixture[str], command: str, *, code: int = 0, folder: Path | None = None
) -> str:
    """Type it as it is, in the current folder; what it printed. In another `folder`, and where it
    is git's, in a shell; else in this process, with the words as a shell has them."""
    if command.startswith("mission ") and folder is None:
        ended, said = asked(capsys, split_by_a_shell(command)[1:])
    else:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=folder,
            env={**os.environ, "PATH": path},
            stdin=subprocess.DEVNULL,
            check=False,
            capture_output=True,
            text=True,
        )
        ended, said = done.returncode, done.stdout + done.stderr
    assert ended == code, (command, said)
    return said


def form_of(command: str) -> str:
    """A command of the code, without what stands for a name in it: `mission retry ID` is the
    `mission retry X` of another place."""
    return re.sub(r"\b(?:ID|NAME|URL|ADDRESS|FILE)\b", "X", command)


def is_of(command: str, form: str) -> bool:
    """Whether a printed command is of this form: with words wherever it says X, and with another
    value where only some are taken."""
    pattern = re.escape(form).replace("X", r"\S+(?: \S+)*")
    pattern = pattern.replace(r"\-\-purpose\ merge", r"\-\-purpose\ (?:push|merge)")
    pattern = re.sub(r"(\\-parallel\\ )2", r"\1\\d+", pattern)
    return re.fullmatch(pattern, command) is not None
