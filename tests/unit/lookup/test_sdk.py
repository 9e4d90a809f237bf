"""What is installed of the protocol's SDK, and that the run's token is known as a secret."""

from __future__ import annotations

import importlib.metadata
import sys

import pytest

import agents.lookup
from agents.lookup import new_token, sdk_hindrance
from cli import gateway
from errors import UsageError
from lookup.sdk import need_sdk
from workspace.redact import Redactor


@pytest.mark.parametrize("version", ["1.27.0", "2.2.9", "3.0.0", "unknown"])
def test_another_version_is_told_by_its_number(
    version: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(agents.lookup, "version", lambda _: version)
    assert version in sdk_hindrance()
    with pytest.raises(UsageError, match=r"2\.3 or newer") as refused:
        need_sdk()
    assert "mission-runner[mcp]" in refused.value.hint
    assert gateway._tools() is None
    assert "nothing is served at /mcp" in capsys.readouterr().err


def test_one_that_is_missing_or_broken_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lookup.server", None)  # as an import that fails
    with pytest.raises(UsageError, match="broken"):
        need_sdk()

    def none(_: str) -> str:
        raise importlib.metadata.PackageNotFoundError

    monkeypatch.setattr(agents.lookup, "version", none)
    with pytest.raises(UsageError, match="not installed"):
        need_sdk()


def test_the_one_that_the_lock_has_is_good() -> None:
    assert sdk_hindrance() == ""
    need_sdk()


def test_the_token_of_a_run_is_a_secret_from_its_beginning() -> None:
    redactor = Redactor()
    token = new_token()
    assert redactor.text(f"MISSION_LOOKUP_TOKEN={token}") == "MISSION_LOOKUP_TOKEN=[secret]"
    assert redactor.finds(f"x{token}".encode())
