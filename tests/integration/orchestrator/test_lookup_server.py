"""The server of a run's tools, where it hangs."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from errors import AgentError
from orchestrator.workplace import lookup_server
from orchestrator.workplace.lookup_server import LookupServer

_HANGS = """#!/bin/sh
echo begun >> {folder}/begun
exec sleep 600
"""


def test_one_that_hangs_at_its_start_is_ended_and_waited_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "hangs"
    program.write_text(_HANGS.format(folder=tmp_path), encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(lookup_server, "sys", SimpleNamespace(executable=str(program)))
    monkeypatch.setattr(lookup_server, "_START_SECONDS", 2.0)
    server = LookupServer(tmp_path / "TASKS.md", tmp_path)
    with pytest.raises(AgentError, match="did not listen"):
        server.offer()
    monkeypatch.setattr(lookup_server, "_START_SECONDS", 600.0)  # nobody waits for that
    for _ in range(3):
        with pytest.raises(AgentError, match="did not listen"):
            server.offer()
    server.close()
    assert (tmp_path / "begun").read_text(encoding="utf-8") == "begun\n"


def _no_answer(_url: str, _token: str) -> None:
    raise AgentError("its server does not answer")


def test_one_late_answer_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "TASKS.md").write_text("# Tasks\n", encoding="utf-8")
    server = LookupServer(tmp_path / "TASKS.md", tmp_path)
    try:
        first = server.offer()
        with monkeypatch.context() as late:
            late.setattr(lookup_server, "_look", _no_answer)
            with pytest.raises(AgentError, match="does not answer"):
                server.offer()
        assert server.offer() == first
    finally:
        server.close()
