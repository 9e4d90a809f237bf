from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agents.protocol import Result
from errors import AgentError
from mission.config import (
    CodexAgentConfig,
    ForgeConfig,
    MissionConfig,
    ScriptGateConfig,
    TimeoutsConfig,
)
from mission.outcome import Outcome
from mission.usage import Usage
from orchestrator.workers.errand import Delivery, Errand, WorkerVerdict, without_credentials
from tests.plugins import install

ERRAND = Errand(
    mission="plan-TASKS-1a2b",
    task="FED-M1-01",
    attempt=2,
    agent="codex",
    text="Do it — all of it.\n",
    remote="https://forge.invalid/team/repo.git",
    base="main",
    commit="c" * 40,
    branch="feat/x",
    author="codex via mission-runner",
    settings=CodexAgentConfig(where="worker", timeouts=TimeoutsConfig(total=timedelta(minutes=90))),
    gates=[ScriptGateConfig(run=["./gate"], exit_codes={"3": "busy"})],
    forge=ForgeConfig(),
    resumed=Usage(input_tokens=7, cost_usd=0.5),
)


def test_an_errand_travels_as_json() -> None:
    assert Errand.from_json(ERRAND.to_json()) == ERRAND


def test_a_delivery_travels_as_json() -> None:
    result = Result(
        outcome=Outcome.RATE_LIMIT,
        summary="later",
        usage=Usage(output_tokens=3),
        retry_at=datetime(2030, 1, 1, tzinfo=UTC),
    )
    gates = [WorkerVerdict(gate="queue", state="clear", detail="idle")]
    delivery = Delivery(result=result, head="a" * 40, host="there", log="…", gates=gates)
    assert Delivery.from_json(delivery.to_json()) == delivery


@pytest.mark.parametrize("damage", [{"format": 2}, {"commit": None}, {"settings": {"no": 1}}])
def test_another_version_is_refused(damage: dict[str, object]) -> None:
    with pytest.raises(AgentError, match="another version"):
        Errand.from_json({**ERRAND.to_json(), **damage})


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://bot:hunter2@forge.invalid/a/b.git", "https://forge.invalid/a/b.git"),
        ("https://ghp_token@forge.invalid:8443/a", "https://forge.invalid:8443/a"),
        ("ssh://git:pw@forge.invalid:2222/a/b", "ssh://git@forge.invalid:2222/a/b"),
        ("git@forge.invalid:a/b.git", "git@forge.invalid:a/b.git"),
        ("/srv/git/repo.git", "/srv/git/repo.git"),
        ("https://forge.invalid/a@b", "https://forge.invalid/a@b"),
    ],
)
def test_credentials_stay_here(url: str, sent: str) -> None:
    assert without_credentials(url) == sent


def test_what_a_plug_in_is_told_travels_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = """
from datetime import timedelta
from mission.config import AgentConfig, Duration, configured_by
class Config(AgentConfig):
    pace: Duration = timedelta(0)
@configured_by(Config)
def create(name, config): ...
"""
    install(tmp_path, "paced", source, {"agents:paced": "create"})
    monkeypatch.syspath_prepend(str(tmp_path))
    config = MissionConfig.model_validate({"agents": {"x": {"type": "paced", "pace": "90s"}}})
    sent = replace(ERRAND, settings=config.agents["x"])
    data = json.loads(json.dumps(sent.to_json()))
    assert data["settings"]["type"] == "paced"
    assert Errand.from_json(data) == sent
    monkeypatch.setattr("sys.path", [one for one in sys.path if one != str(tmp_path)])
    with pytest.raises(AgentError, match="there is no type paced") as caught:
        Errand.from_json(data)
    assert caught.value.hint.startswith("Install the plug-in on the workers")
