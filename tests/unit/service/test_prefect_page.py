"""Where Prefect has the page of a run."""

from __future__ import annotations

import socket
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows.server_record import Server, ServerRecord
from service.prefect_page import prefect_page
from service.standing import RunSign

RUN = "0198c1d4-5c5e-7a3a-9b53-6a3f2f3f7b11"
SIGN = RunSign(
    alive=True,
    host=socket.gethostname(),
    pid=1,
    since=datetime(2026, 1, 1, tzinfo=UTC),
    command="",
    last_sign=datetime(2026, 1, 1, tzinfo=UTC),
    ended=None,
    outcome=None,
    slots=1,
    engine_run=RUN,
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MISSION_HOME", str(tmp_path))
    return tmp_path


def test_a_run_of_this_machine_is_on_the_local_server(home: Path) -> None:
    assert prefect_page(SIGN) == ""  # there is no server
    server = Server(pid=1, port=4211, version="3", since="2026-01-01T00:00:00+00:00")
    (home / "prefect").mkdir(mode=0o700)
    ServerRecord(home / "prefect").write(server)
    assert prefect_page(SIGN) == f"http://127.0.0.1:4211/runs/flow-run/{RUN}"
    assert prefect_page(replace(SIGN, host="another machine")) == ""
    assert prefect_page(replace(SIGN, engine_run=None)) == ""
    assert prefect_page(None) == ""


@pytest.mark.parametrize(
    ("api", "page"),
    [
        ("https://prefect.example/api", f"https://prefect.example/runs/flow-run/{RUN}"),
        ("http://127.0.0.1:4200/api/", f"http://127.0.0.1:4200/runs/flow-run/{RUN}"),
        ("https://x.example/team/api", f"https://x.example/team/runs/flow-run/{RUN}"),
        ("https://ann:secret@prefect.example/api", ""),
        ("javascript:alert(1)", ""),
        ("no address", ""),
        ("http://[no", ""),
    ],
)
def test_a_run_is_where_a_person_chose(api: str, page: str) -> None:
    assert prefect_page(SIGN, api) == page


def test_what_is_no_run_of_prefect_leads_nowhere() -> None:
    odd = replace(SIGN, engine_run='"><script>')
    assert prefect_page(odd, "https://prefect.example/api") == ""
