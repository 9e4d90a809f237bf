"""The wheel holds every file of the packages: what runs from a checkout runs when installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

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


def test_the_wheel_holds_every_file_of_the_packages(tmp_path: Path) -> None:
    copy, dist = tmp_path / "copy", tmp_path / "dist"
    for name in _tracked():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, copy / name)
    dist.mkdir()
    subprocess.run(
        [sys.executable, "-c", BUILD, str(dist)], cwd=copy, capture_output=True, check=True
    )
    (wheel,) = dist.iterdir()
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
