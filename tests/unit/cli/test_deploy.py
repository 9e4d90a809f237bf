"""What `mission deploy` refuses before it asks Prefect; its work has an integration test."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.deploying import _on_workers, _worker_command
from cli.main import main
from errors import UsageError
from flows.reach import Reached

TASKS = "# Tasks\n\n> **Mission:** m\n"


@pytest.mark.parametrize("given", ["10s", "90", "soon"])
def test_a_wrong_patience_is_refused(
    given: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "TASKS.md").write_text(TASKS)
    with pytest.raises(SystemExit) as ended:
        main(["deploy", str(tmp_path), "--lost-after", given])
    assert ended.value.code == 2
    assert "--lost-after" in capsys.readouterr().err


def test_only_agents_on_workers_get_a_deployment(tmp_path: Path) -> None:
    (tmp_path / "TASKS.md").write_text(TASKS)
    (tmp_path / "mission.yaml").write_text(
        "agents:\n  codex: {where: worker, pool: big}\n  mine: {run: [true-program]}\n"
    )
    found = _on_workers(str(tmp_path))
    assert {name: (one.type, one.pool) for name, one in found.items()} == {
        "codex": ("codex", "big")
    }


def test_without_a_mission_there_are_no_agents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert _on_workers(None) == {}
    with pytest.raises(UsageError):
        _on_workers(str(tmp_path / "nothing"))


def test_the_command_for_workers_of_another_server_names_it() -> None:
    server = Reached(api="http://prefect.example:4200/api", secret_file=None)
    assert _worker_command(server, "big").startswith(
        "PREFECT_API_URL=http://prefect.example:4200/api prefect worker start --pool big "
    )
