"""Runs a command in this process."""

from __future__ import annotations

import pytest

from cli.main import main


def run(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    """What `mission` printed: to stdout, or to stderr where another exit code is expected."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    out, err = capsys.readouterr()
    assert ended.value.code == code, err
    return err if code else out


def answer(capsys: pytest.CaptureFixture[str], *arguments: str, code: int) -> str:
    """What a command printed to stdout that answers with this exit code."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    out, err = capsys.readouterr()
    assert ended.value.code == code, err
    return out
