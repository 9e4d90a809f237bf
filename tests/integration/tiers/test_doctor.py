"""`mission doctor` and `mission tier doctor`, on real services and with what people get wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cli.main import main
from tests.services import PASSWORD, free_port
from tiers.settings.address import PostgresAddress, ValkeyAddress
from tiers.storage.schema import upgrade

Doctor = Callable[..., tuple[int, str]]
ROOT = Path(__file__).parents[3]


@pytest.fixture
def environment(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    vector_database: PostgresAddress,
    valkey_address: ValkeyAddress,
) -> pytest.MonkeyPatch:
    """A healthy federated tier, and no mission."""
    for name, value in {
        "MISSION_HOME": str(tmp_path / "home"),
        "MISSION_TIER": "federated",
        "MISSION_DATABASE_PORT": str(vector_database.port),
        "MISSION_DATABASE_NAME": vector_database.database,
        "MISSION_DATABASE_PASSWORD": PASSWORD.get_secret_value(),
        "MISSION_VALKEY_PORT": str(valkey_address.port),
        "MISSION_VALKEY_PASSWORD": PASSWORD.get_secret_value(),
    }.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    return monkeypatch


@pytest.fixture
def doctor(capsys: pytest.CaptureFixture[str]) -> Doctor:
    def run(*arguments: str, command: tuple[str, ...] = ("doctor",)) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            main([*command, *arguments])
        said = capsys.readouterr()
        assert PASSWORD.get_secret_value() not in said.out + said.err
        assert isinstance(ended.value.code, int)
        return ended.value.code, said.out

    return run


def checks(out: str) -> dict[str, dict[str, Any]]:
    return {f"{c['group']} {c['name']}": c for c in json.loads(out)["checks"]}


def test_healthy_is_green(environment: pytest.MonkeyPatch, doctor: Doctor) -> None:
    code, out = doctor("--json", "--strict")
    report = json.loads(out)
    assert {c["name"]: c["detail"] for c in report["checks"] if c["health"] != "green"} == {}
    assert (code, report["version"], report["tier"], report["health"]) == (
        0,
        1,
        "federated",
        "green",
    )
    found = checks(out)
    assert found["tier pgvector"]["detail"].startswith("0.8")
    assert found["tier Postgres"]["milliseconds"] > 0
    assert found["tier schema"]["detail"] == "none yet: made at the first use"
    assert {"tier Postgres clock", "tier Valkey clock", "tier disk", "runner git"} <= found.keys()
    assert {
        "runner prefect",
        "runner fastapi",
        "runner names",
        "runner agent codex",
    } <= found.keys()


def test_it_is_a_command_of_the_tier_too(environment: pytest.MonkeyPatch, doctor: Doctor) -> None:
    code, out = doctor("--json", command=("tier", "doctor"))
    assert code == 0
    assert json.loads(out)["health"] == "green"


def test_a_repository_is_one_without_a_mission_too(
    environment: pytest.MonkeyPatch, doctor: Doctor
) -> None:
    _, out = doctor("--json")
    assert checks(out)["runner worktrees"]["detail"] == "no repository here"
    subprocess.run(["git", "init", "--quiet"], check=True)
    _, out = doctor("--json")
    assert checks(out)["runner worktrees"]["detail"] == "1 in this repository"


def test_it_changes_nothing(
    environment: pytest.MonkeyPatch, doctor: Doctor, vector_database: PostgresAddress
) -> None:
    doctor()
    with psycopg.connect(**vector_database.connect_arguments()) as connection:
        extensions = connection.execute("SELECT extname FROM pg_extension").fetchall()
    assert ("vector",) not in extensions


def test_the_schema_version_is_said(
    environment: pytest.MonkeyPatch, doctor: Doctor, vector_database: PostgresAddress
) -> None:
    versions = upgrade(vector_database, vector=True)
    schema = checks(doctor("--json")[1])["tier schema"]
    assert (schema["health"], schema["detail"]) == ("green", f"version {', '.join(versions)}")
    with psycopg.connect(**vector_database.connect_arguments()) as connection:
        connection.execute(
            "UPDATE alembic_version SET version_num = 'storage_9999' WHERE version_num LIKE 'sto%'"
        )
    code, out = doctor("--json")
    schema = checks(out)["tier schema"]
    assert (code, schema["health"]) == (1, "red")
    assert "storage_9999, which is newer than ours" in schema["detail"]
    assert schema["remedy"] == "Update the mission runner"


def test_red_has_a_glyph_a_word_and_a_remedy(
    environment: pytest.MonkeyPatch, doctor: Doctor
) -> None:
    environment.setenv("MISSION_VALKEY_PORT", str(free_port()))
    environment.setenv("MISSION_DATABASE_PASSWORD", "wrong")
    code, out = doctor()
    assert code == 1
    lines = out.splitlines()
    postgres = next(i for i, line in enumerate(lines) if "Postgres at" in line)
    assert lines[postgres].strip().startswith("✗ red")
    assert "→ Correct storage.user" in lines[postgres + 1]
    assert any("✗ red" in line and "Valkey at" in line for line in lines)
    for name in ("pgvector", "schema", "Postgres clock", "Valkey clock"):
        assert any(name in line and "not known" in line for line in lines)
    assert any("✓ green" in line and "git" in line for line in lines), "all checks always run"
    assert lines[-1].strip() == "overall: ✗ red"


def test_yellow_fails_only_when_strict(
    environment: pytest.MonkeyPatch, doctor: Doctor, plain_database: PostgresAddress
) -> None:
    environment.setenv("MISSION_TIER", "team")
    environment.setenv("MISSION_DATABASE_PORT", str(plain_database.port))
    environment.setenv("MISSION_DATABASE_NAME", plain_database.database)
    code, out = doctor()
    assert code == 0
    assert "! yellow" in out
    assert "tier `team` is deprecated" in out
    assert out.splitlines()[-1].strip() == "overall: ! yellow"
    assert doctor("--strict")[0] == 1


def test_a_broken_configuration_is_a_finding(
    environment: pytest.MonkeyPatch, doctor: Doctor
) -> None:
    Path("mission.config.yaml").write_text("tier: federal\n")
    code, out = doctor("--json")
    report = json.loads(out)
    assert (code, report["tier"], report["health"]) == (1, None, "red")
    found = checks(out)
    assert "mission.config.yaml:1: tier" in found["tier configuration"]["detail"]
    assert "runner git" in found


def test_a_missing_tool_matters_where_a_row_wants_it(
    environment: pytest.MonkeyPatch, doctor: Doctor
) -> None:
    Path("TASKS.md").write_text(
        "# Tasks — M\n\n## Milestone 1 — One (M1)\n\n"
        "| id | status | description | issue | agent | branch | depends_on | estimate | notes |\n"
        "|---|---|---|---|---|---|---|---|---|\n"
        "| A-1 | not-started | x | — | mine | feat/a | — | 1K | |\n"
        "| A-2 | done | x | — | other | feat/b | — | 1K | |\n"
    )
    config = {"mine": ["a-program-that-nobody-has"], "other": ["another-that-nobody-has"]}
    Path("mission.yaml").write_text(
        json.dumps({"agents": {n: {"type": "command", "run": run} for n, run in config.items()}})
    )
    code, out = doctor("--json")
    mine = checks(out)["runner agent mine"]
    assert (code, mine["health"]) == (0, "yellow")
    assert "a-program-that-nobody-has" in mine["remedy"]
    assert "runner agent other" not in checks(out), "its row is done"


def test_a_shadowed_package_is_found(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Another package on the index is imported as `agents`, too."""
    stranger = tmp_path / "stranger" / "agents"
    stranger.mkdir(parents=True)
    (stranger / "__init__.py").write_text("class Agent: ...\n")
    path = os.pathsep.join([str(tmp_path / "stranger"), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-P", "-m", "cli", "doctor", "--json"],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    names = checks(done.stdout)["runner names"]
    assert (done.returncode, names["health"]) == (1, "red")
    assert str(stranger) in names["detail"]
    assert "uninstall" in names["remedy"]


def test_an_old_git_is_found(
    environment: pytest.MonkeyPatch, doctor: Doctor, tmp_path: Path
) -> None:
    git = tmp_path / "bin" / "git"
    git.parent.mkdir()
    git.write_text("#!/bin/sh\necho git version 2.25.1\n")
    git.chmod(0o755)
    environment.setenv("PATH", f"{git.parent}:{os.environ['PATH']}")
    code, out = doctor("--json")
    assert code == 1
    assert checks(out)["runner git"]["detail"] == "git 2.25.1 is too old"
