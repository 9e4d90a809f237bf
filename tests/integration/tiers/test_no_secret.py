"""No password is in what any command prints, whatever characters it has and whatever fails.

Each password here holds the word CORE twice, so that a fragment shows, too.
"""

from __future__ import annotations

import json
import string
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from psycopg import sql

from cli.main import main
from tests.integration.tiers.storage.configured import configured
from tests.integration.tiers.storage.sources import fill_camel_case
from tests.scratch import make, row
from tests.services import free_port
from tiers.config import load_tier_config
from tiers.services.embedded import EmbeddedServices
from tiers.settings.address import PostgresAddress, ValkeyAddress

CORE = "HUSHHUSH"
CHARACTERS = string.punctuation + string.digits[:2] + " \té€\u2028\U0001f511"
ALL = f"{CORE} {CHARACTERS} {CORE}"


def password(character: str) -> str:
    return f"{character}{CORE}{character}{character}{CORE}{character}"


@pytest.fixture
def holder(plain_database: PostgresAddress) -> PostgresAddress:
    """A filled database whose user's password can be anything: `set_password`."""
    fill_camel_case(plain_database)
    return plain_database


def set_password(address: PostgresAddress, secret: str, name: str) -> None:
    with psycopg.connect(**address.connect_arguments(), autocommit=True) as connection:
        role = sql.Identifier(name)
        found = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (name,)).fetchone()
        verb = "CREATE" if found is None else "ALTER"
        connection.execute(
            sql.SQL(verb + " ROLE {} SUPERUSER LOGIN PASSWORD {}").format(role, sql.Literal(secret))
        )


def silent(capsys: pytest.CaptureFixture[str], arguments: Sequence[str], code: int | None) -> str:
    """Run a command: it ends with this code (None: any but 0), and holds its tongue."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    out, err = capsys.readouterr()
    assert ended.value.code == code if code is not None else ended.value.code, err
    assert CORE not in out + err, f"{arguments[:2]} printed it"
    assert "Traceback" not in err
    return out + err


def url(address: PostgresAddress, user: str, secret: str) -> str:
    return f"postgresql://{user}:{secret}@{address.where}/{address.database}"


@pytest.mark.parametrize("character", CHARACTERS)
def test_any_character(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    holder: PostgresAddress,
    vector_database: PostgresAddress,
    character: str,
) -> None:
    """In a URL and in the environment, where it is right, where it is wrong, where nobody is."""
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    secret, user = password(character), f"user_{holder.database}"
    set_password(holder, secret, user)
    there = configured(tmp_path / "to.json", "federated", vector_database)
    dry = ("--to", there, "--dry-run")
    quoted = quote(secret, safe="")
    said = silent(capsys, ["tier", "migrate", "--from", url(holder, user, quoted), *dry], 0)
    assert f"{user}@{holder.where}" in said, "the password opened the door"
    nowhere = replace(holder, database="nowhere")
    nobody = replace(holder, port=free_port())
    for address in (nowhere, nobody):
        silent(capsys, ["tier", "migrate", "--from", url(address, user, quoted), *dry], 1)
    # Not encoded: whatever libpq makes of it. A few characters are no trouble in a URL.
    silent(capsys, ["tier", "migrate", "--from", url(nobody, user, secret), *dry], None)
    for name, value in {
        "MISSION_TIER": "standalone",
        "MISSION_QUEUE_TYPE": "local",
        "MISSION_DATABASE_USER": user,
        "MISSION_DATABASE_NAME": holder.database,
        "MISSION_DATABASE_PORT": str(holder.port),
        "MISSION_DATABASE_PASSWORD": secret,
    }.items():
        monkeypatch.setenv(name, value)
    silent(capsys, ["tier", "detect"], 0)
    set_password(holder, "another one", user)
    silent(capsys, ["tier", "detect", "--json"], 1)
    with psycopg.connect(**holder.connect_arguments(), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(user)))


COMMANDS = (
    ("tier", "detect"),
    ("tier", "detect", "--json"),
    ("tier", "doctor"),
    ("tier", "doctor", "--json"),
    ("tier", "status"),
    ("tier", "status", "--json"),
    ("tier", "down"),
    ("tier", "embed", "--embedder", "hashing"),
    ("tier", "migrate", "--from", "standalone", "--to", "federated", "--yes"),
    ("tier", "migrate", "--from", "federated", "--to", "federated", "--dry-run"),
    ("gateway", "serve"),
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("fault", ["refused", "password", "database", "valkey"])
def test_every_command_in_every_fault(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    vector_database: PostgresAddress,
    valkey_address: ValkeyAddress,
    command: tuple[str, ...],
    fault: str,
) -> None:
    """With a password of every character, in the environment and in the file that it is over."""
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    values = {
        "tier": "federated",
        "storage": {"port": vector_database.port, "password": ALL, "user": "nobody"},
        "queue": {"port": valkey_address.port, "password": ALL},
    }
    (tmp_path / "mission.config.json").write_text(json.dumps(values))
    monkeypatch.setenv("MISSION_DATABASE_PASSWORD", ALL)
    changes = {
        "refused": {"MISSION_DATABASE_PORT": str(free_port())},
        "password": {},
        "database": {"MISSION_DATABASE_NAME": "nowhere"},
        "valkey": {"MISSION_VALKEY_PORT": str(free_port())},
    }[fault]
    for name, value in changes.items():
        monkeypatch.setenv(name, value)
    # Ending services that do not run is no failure.
    silent(capsys, command, 0 if command == ("tier", "down") else None)


def test_services_of_our_own_and_what_is_copied_to_them(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    services_folder: Path,
) -> None:
    """Started with a password of every character, used, given a wrong one, and away."""
    scratch = make(tmp_path, [row("A")])
    for name, value in {
        "MISSION_HOME": str(services_folder / f"home-{tmp_path.name}"),
        "MISSION_TIER": "federated",
        "MISSION_DATABASE_PORT": str(free_port()),
        "MISSION_VALKEY_PORT": str(free_port()),
        "MISSION_DATABASE_PASSWORD": ALL,
        "MISSION_VALKEY_PASSWORD": ALL,
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    up = ("tier", "up", "--with", "embedded")
    sync = ("tier", "sync", str(scratch.task_file))
    try:
        silent(capsys, up, 0)
        silent(capsys, sync, 0)
        silent(capsys, ("tier", "status"), 0)
        monkeypatch.setenv("MISSION_DATABASE_PASSWORD", f"wrong {ALL}")
        silent(capsys, up, 1)
        silent(capsys, sync, 1)
        monkeypatch.setenv("MISSION_DATABASE_PASSWORD", ALL)
    finally:
        EmbeddedServices().down(load_tier_config(), print, remove_data=True)
    silent(capsys, sync, 1)


@pytest.mark.parametrize(
    "text",
    [
        f'{{"tier": "standalone", "storage": {{"password": "{CORE}"',
        f'{{"tier": "standalone", "storage": {{"password": ["{CORE}"]}}}}',
        f'{{"tier": "standalone", "storage": {{"password": "{CORE}\\n{CORE}", "port": "x"}}}}',
        f'{{"tier": "standalone", "storage": {{"pasword": "{CORE}"}}}}',
        f'{{"tier": "standalone", "storage": {{"url": "postgresql://u:{CORE}@h:x/d"}}}}',
        f'{{"tier": "standalone", "storage": {{"url": "mysql://u:{CORE}@h/d"}}}}',
        f'{{"tier": "standalone", "queue": {{"url": "valkey://u:{CORE}@h:99999999/0"}}}}',
        f'{{"tier": "federated", "storage": "postgresql://u:{CORE}@h/d"}}',
    ],
)
def test_a_configuration_that_cannot_be_read(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str
) -> None:
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "mission.config.json"
    file.write_text(text)
    for command in (
        ["tier", "detect"],
        ["tier", "doctor"],
        ["tier", "migrate", "--from", str(file), "--to", "federated", "--yes"],
    ):
        silent(capsys, command, None)
