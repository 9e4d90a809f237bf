"""`.ci/setup` takes an interpreter that works, not one that is only on PATH."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

SETUP = Path(__file__).parents[3] / ".ci" / "setup"
TOOLS = ("bash", "cat", "cut", "dirname", "env", "sort")  # what the script itself calls


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A folder that is the whole PATH: the shell's tools, a uv, and no Python at all."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        assert found is not None
        (folder / name).symlink_to(found)
    _put(folder, "uv", "exit 0")
    return folder


def _put(folder: Path, name: str, script: str) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/usr/bin/env bash\n{script}\n", encoding="utf-8")
    file.chmod(0o755)
    return file


def _real(folder: Path, name: str) -> Path:
    """Under `name`, the interpreter that runs these tests."""
    return _put(folder, name, f'exec "{sys.executable}" "$@"')


def _which(path: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    home = {"HOME": str(path.parent), "PATH": str(path), "PYTHON": ""}
    return subprocess.run(
        ["bash", SETUP, "--which", *arguments],
        env={"LANG": os.environ.get("LANG", "C"), **home, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_shim_that_cannot_run_is_passed_over(path: Path) -> None:
    for name in ("python3.12", "python3.13", "python3.11"):
        _put(path, name, 'echo "pyenv: command not found" >&2; exit 127')
    python = _real(path, "python3")
    assert _which(path).stdout.strip() == str(python)


def test_an_interpreter_that_only_pyenv_has_is_found(path: Path) -> None:
    root = path.parent / "pyenv"
    _put(path, "pyenv", f'echo "{root}"')
    _put(path, "python3", "exit 127")
    version = ".".join(map(str, sys.version_info[:3]))
    python = _real(root, f"versions/{version}/bin/python")
    assert _which(path).stdout.strip() == str(python)


def test_a_version_that_does_not_fit_is_refused(path: Path) -> None:
    _put(path, "python3", "exit 1")
    done = _which(path)
    assert done.returncode != 0
    assert "no Python 3.11, 3.12 or 3.13" in done.stderr
    assert "make PYTHON=" in done.stderr


def test_the_one_that_is_asked_for_is_taken(path: Path) -> None:
    _real(path, "python3")
    mine = _real(path.parent, "mine/python")
    assert _which(path, "--python", str(mine)).stdout.strip() == str(mine)
    assert _which(path, PYTHON=str(mine)).stdout.strip() == str(mine)


def test_one_that_is_asked_for_and_does_not_run_is_an_error(path: Path) -> None:
    _real(path, "python3")
    done = _which(path, "--python", "/nonexistent/python3.12")
    assert done.returncode != 0
    assert "/nonexistent/python3.12 does not run" in done.stderr


@pytest.mark.skipif(not find_spec("ensurepip"), reason="this Python has no ensurepip")
def test_a_uv_that_cannot_run_is_not_used(path: Path) -> None:
    _put(path, "uv", "exit 127")
    python = _real(path, "python3")
    assert _which(path).stdout.strip() == str(python)


def test_an_unknown_argument_is_an_error(path: Path) -> None:
    assert _which(path, "--fast").returncode == 2
