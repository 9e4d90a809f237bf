"""Gates from configuration."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from errors import ConfigError
from gates.pause import PauseFiles
from gates.protocol import GateState
from gates.queue_guard import QueueGuard
from gates.registry import Patience, Surroundings, create_gates
from gates.script import ScriptGate
from mission.config import AnyGate, ForgeConfig, GateConfig
from tests.unit.gates.fakes import request


def config(**keys: object) -> GateConfig:
    return TypeAdapter[GateConfig](AnyGate).validate_python(keys)


def surroundings(folder: Path, **keys: object) -> Surroundings:
    return Surroundings(
        folder=folder,
        environ={"PATH": "/bin", "GITEA_TOKEN": "t0ken", "NETRC": "/nonexistent"},
        remote_url="https://codeberg.org/a/b.git",
        forge=ForgeConfig.model_validate(keys),
    )


def test_a_pause_comes_first(tmp_path: Path) -> None:
    around = Surroundings(folder=tmp_path, pause=PauseFiles.of(state_dir=tmp_path, folder=tmp_path))

    gates = create_gates([config(type="none")], around)

    assert [gate.name for gate in gates] == ["pause", "none"]
    assert all(gate.check(request()).state is GateState.CLEAR for gate in gates)


def test_a_script_sees_the_variables_that_it_is_to_see(tmp_path: Path) -> None:
    asked = config(
        type="script", name="guard", run=["true"], environment=["GITEA_TOKEN"],
        exit_codes={"1": "failed"},
    )  # fmt: skip

    (gate,) = create_gates([asked], surroundings(tmp_path))

    assert isinstance(gate, ScriptGate)
    assert gate.environment == {"PATH": "/bin", "GITEA_TOKEN": "t0ken"}
    assert gate.exit_codes == {1: GateState.FAILED}
    assert "t0ken" not in repr(gate)


def test_a_queue_guard(tmp_path: Path) -> None:
    asked = config(type="queue", ci="none", required=["build"], no_report="idle", grace="5m")

    (gate,) = create_gates([asked], surroundings(tmp_path))

    assert isinstance(gate, QueueGuard)
    assert gate.forge.name == "gitea codeberg.org/a/b"
    assert gate.policy.no_ci
    assert gate.policy.idle_without_report
    assert gate.policy.required == ("build",)
    assert gate.policy.grace == timedelta(minutes=5)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"type": "script", "run": ["x"], "exit_codes": {"0": "failed"}}, "no exit code"),
        ({"type": "script", "run": ["x"], "exit_codes": {"256": "busy"}}, "no exit code"),
    ],
)
def test_wrong_configuration(tmp_path: Path, keys: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        create_gates([config(**keys)], surroundings(tmp_path))


def test_a_queue_guard_needs_a_forge(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="needs a forge"):
        create_gates([config(type="queue")], surroundings(tmp_path, type="none"))


def test_patience_is_that_of_all() -> None:
    patience = Patience.of(
        [
            config(type="script", run=["x"], timeout="10m", interval="30s"),
            config(type="queue", timeout="1h", interval="20s"),
        ]
    )

    assert patience == Patience(
        timeout=timedelta(hours=1), interval=timedelta(seconds=20), clear_reads=2
    )
    assert Patience.of([config(type="queue", reads=5)]).clear_reads == 5
    assert Patience.of([]) == Patience()
