"""`mission tier detect`: facts to stdout, one error to stderr, never a credential."""

from __future__ import annotations

import json

import pytest

from cli.main import main
from tests.services import PASSWORD, free_port
from tiers.settings.address import PostgresAddress, ValkeyAddress


@pytest.fixture
def environment(
    monkeypatch: pytest.MonkeyPatch,
    vector_database: PostgresAddress,
    valkey_address: ValkeyAddress,
) -> pytest.MonkeyPatch:
    for name, value in {
        "MISSION_TIER": "federated",
        "MISSION_DATABASE_PORT": str(vector_database.port),
        "MISSION_DATABASE_NAME": vector_database.database,
        "MISSION_DATABASE_PASSWORD": PASSWORD.get_secret_value(),
        "MISSION_VALKEY_PORT": str(valkey_address.port),
        "MISSION_VALKEY_PASSWORD": PASSWORD.get_secret_value(),
    }.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["tier", "detect", *arguments])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_a_healthy_tier(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run() == 0
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["Postgres", "yes"],
        ["pgvector", "yes"],
        ["Valkey", "yes"],
    ]
    assert said.err == ""


def test_an_unhealthy_tier(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    port = free_port()
    environment.setenv("MISSION_VALKEY_PORT", str(port))
    assert run() == 1
    said = capsys.readouterr()
    assert f"Valkey  no  127.0.0.1:{port}" in said.out
    message, remedy = said.err.splitlines()
    assert message.startswith("mission: The federated tier cannot be used: Valkey at 127.0.0.1:")
    assert "queue.port" in remedy
    assert PASSWORD.get_secret_value() not in said.out + said.err


def test_json(environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    environment.setenv("MISSION_DATABASE_PASSWORD", "wrong")
    assert run("--json") == 1
    facts = json.loads(capsys.readouterr().out)
    assert (facts["version"], facts["tier"], facts["ok"]) == (1, "federated", False)
    postgres, valkey = facts["services"]
    assert (postgres["ok"], postgres["cause"]) == (False, "credentials")
    assert postgres["remedy"]
    assert valkey["ok"]
