"""`requirements.lock`: hashes for everything, no index address, and all that pyproject asks for."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[3]
UNLOCKED = {"model"}  # brings PyTorch, of which everybody chooses a build
LOCKS = [ROOT / "requirements.lock", ROOT / "bench" / "requirements.lock"]


def _entries(lock: Path) -> Iterator[tuple[Requirement, str]]:
    """Each pinned package with the lines of its hashes."""
    for entry in re.split(r"\n(?=\S)", lock.read_text(encoding="utf-8").strip()):
        pinned, _, hashes = entry.partition("\\\n")
        yield Requirement(pinned.strip()), hashes


def _asked_for() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = list(project["project"]["dependencies"])
    for name, extra in project["project"]["optional-dependencies"].items():
        if name not in UNLOCKED:
            asked += extra
    asked += project["dependency-groups"]["dev"]
    return [Requirement(text) for text in asked]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.parent.name)
def test_it_names_no_index(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    for word in ("://", "--index", "--extra-index", "--find-links", "--trusted-host"):
        assert word not in text


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.parent.name)
def test_every_package_is_pinned_and_hashed(lock: Path) -> None:
    entries = list(_entries(lock))
    assert entries
    for pinned, hashes in entries:
        assert [part.operator for part in pinned.specifier] == ["=="], pinned
        assert re.findall(r"--hash=sha256:[0-9a-f]{64}", hashes), pinned


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_it_covers_what_pyproject_asks_for(python: str) -> None:
    environment = {key: str(value) for key, value in default_environment().items()}
    environment |= {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": "linux",
    }
    locked = {
        canonicalize_name(pinned.name): next(iter(pinned.specifier)).version
        for pinned, _hashes in _entries(LOCKS[0])
        if pinned.marker is None or pinned.marker.evaluate(environment)
    }
    for wanted in _asked_for():
        if wanted.marker is not None and not wanted.marker.evaluate(environment):
            continue
        name = canonicalize_name(wanted.name)
        assert name in locked, f"{wanted} is not locked: run `make lock`"
        assert wanted.specifier.contains(locked[name]), f"{wanted}, locked {locked[name]}"
