"""What the local server and its clients get as environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from flows.settings import AUTH_STRING, Access, client_settings, connect, given_api, server_settings
from workspace.process import allowed_environment


def test_the_server_gets_no_settings_or_secrets_of_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PREFECT_API_KEY", "not-for-it")
    monkeypatch.setenv("PREFECT_SERVER_UI_ENABLED", "false")
    monkeypatch.setenv("GITHUB_TOKEN", "not-for-it")
    monkeypatch.setenv("PATH", "/usr/bin")
    given = server_settings(tmp_path, secret="user:password")
    assert "not-for-it" not in given.values()
    assert "PREFECT_SERVER_UI_ENABLED" not in given
    assert given["PATH"] == "/usr/bin"
    assert given["PREFECT_HOME"] == str(tmp_path)
    assert given["PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE"] == "200"
    assert given["PREFECT_SERVER_CORS_ALLOWED_ORIGINS"] == ""
    assert given["PREFECT_SERVER_API_AUTH_STRING"] == "user:password"


def test_a_client_never_starts_the_ephemeral_server(tmp_path: Path) -> None:
    access = Access(home=tmp_path, secret="user:password")
    local = client_settings("http://127.0.0.1:1/api", access)
    assert local["PREFECT_SERVER_ALLOW_EPHEMERAL_MODE"] == "false"
    assert local["PREFECT_API_URL"] == "http://127.0.0.1:1/api"
    assert local["PREFECT_HOME"] == str(tmp_path)
    assert local[AUTH_STRING] == "user:password"
    assert not {"PREFECT_HOME", AUTH_STRING} & {*client_settings("http://127.0.0.1:1/api")}
    assert "user:password" not in repr(access)


@pytest.mark.parametrize(("value", "given"), [("http://h/api", "http://h/api"), ("", None)])
def test_a_given_api(monkeypatch: pytest.MonkeyPatch, value: str, given: str | None) -> None:
    monkeypatch.setenv("PREFECT_API_URL", value)
    assert given_api() == given


def test_connecting_keeps_what_a_person_set_but_not_where_the_record_goes() -> None:
    script = (
        "import os; from flows.settings import connect; connect('http://127.0.0.1:1/api');"
        "print(os.environ['PREFECT_LOGGING_LEVEL'], os.environ['PREFECT_API_URL'],"
        "os.environ['PREFECT_SERVER_ALLOW_EPHEMERAL_MODE'])"
    )
    person = {"PREFECT_LOGGING_LEVEL": "DEBUG", "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **person},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.split() == ["DEBUG", "http://127.0.0.1:1/api", "false"]


HOSTILE = {  # `{}` is a logging configuration, which names a function that is then called
    ".env": "PREFECT_LOGGING_SETTINGS_PATH={}\nPREFECT_API_AUTH_STRING=theirs\n",
    "prefect.toml": "[logging]\nconfig_path = '{}'\n",
    "pyproject.toml": "[tool.prefect.logging]\nconfig_path = '{}'\n",
}
UNREADABLE = {".env": "\udcff", "prefect.toml": "not = = toml", "pyproject.toml": "["}


@pytest.mark.parametrize("files", [HOSTILE, UNREADABLE])
def test_no_setting_of_the_current_folder_reaches_prefect(
    files: dict[str, str], tmp_path: Path
) -> None:
    logging, called = tmp_path / "logging.yml", tmp_path / "called"
    logging.write_text(
        "version: 1\nhandlers:\n  x:\n    '()': subprocess.check_output\n"
        f"    args: [touch, {called}]\nroot: {{handlers: [x]}}\n"
    )
    for name, content in files.items():
        text = content.format(logging)
        (tmp_path / name).write_text(text, encoding="utf-8", errors="surrogateescape")
    script = (
        "from flows.settings import *; connect('http://127.0.0.1:1/api'); load_prefect();"
        "from prefect.logging.configuration import setup_logging; setup_logging();"
        "from prefect.settings import get_current_settings as now; print(now().api.auth_string)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=allowed_environment(extra={"PREFECT_HOME": str(tmp_path / "home")}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "None\n"), done.stderr
    assert not called.exists()


def test_connecting_after_prefect_was_imported_is_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prefect", sys)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    with pytest.raises(RuntimeError, match="PREFECT_API_URL"):
        connect("http://127.0.0.1:1/api")
