"""A file in a repository decides neither where a person's secrets go, nor which ones."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from errors import ConfigError
from tiers.config import TierConfig, load_tier_config
from tiers.probes.postgres import probe_postgres
from tiers.probes.probe import Cause

SECRET = "s3cr3t-of-a-person"
POSTGRES = {"MISSION_DATABASE_PASSWORD": SECRET}
VALKEY = {"MISSION_VALKEY_PASSWORD": SECRET}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A repository."""
    top = tmp_path / "tree"
    (top / ".git").mkdir(parents=True)
    (top / ".git" / "HEAD").touch()
    return top


def load(tree: Path, text: str, environment: dict[str, str] | None = None) -> TierConfig:
    (tree / "mission.config.yaml").write_text(f"tier: federated\n{text}")
    return load_tier_config(folder=tree, environment=environment or {})


@pytest.mark.parametrize(
    ("text", "environment"),
    [
        ("storage: {host: db.example}", POSTGRES),
        ("storage: {host: 127.0.0.1}", POSTGRES),
        ("storage: {url: 'postgresql://u@db.example/x'}", POSTGRES),
        ("storage: {host: db.example}", {"MISSION_DATABASE_PASSWORD_FILE": "secret"}),
        ("queue: {host: cache.example, tls: verify-full}", VALKEY),
        ("queue: {url: 'valkeys://cache.example'}", VALKEY),
    ],
)
def test_a_password_of_the_environment_is_for_no_server_of_a_file(
    tree: Path, monkeypatch: pytest.MonkeyPatch, text: str, environment: dict[str, str]
) -> None:
    monkeypatch.chdir(tree)
    Path("secret").write_text(SECRET)
    with pytest.raises(ConfigError, match="is for no server that a file names") as caught:
        load(tree, text, environment)
    assert next(iter(environment)) in caught.value.message
    assert SECRET not in str(caught.value)
    host = {"DATABASE": "MISSION_DATABASE_HOST", "VALKEY": "MISSION_VALKEY_HOST"}
    named = host[next(iter(environment)).split("_")[1]]
    assert named in caught.value.hint
    if "url" not in text:
        load(tree, text, {**environment, named: "mine.example"})


def test_the_usual_server_of_this_machine_may_have_it(tree: Path) -> None:
    config = load(tree, "storage: {user: me, port: 5444}", {**POSTGRES, **VALKEY})
    assert config.postgres is not None
    assert config.postgres.password is not None


@pytest.mark.parametrize("key", ["password_file", "url_file"])
def test_a_file_of_a_tree_names_no_secret_of_its_own_choice(
    tree: Path, tmp_path: Path, home: Path, key: str
) -> None:
    mine = tmp_path / ".ssh"
    mine.mkdir()
    (mine / "id_secret").write_text("postgresql://u@h/x")
    (tree / "link").symlink_to(mine / "id_secret")
    (tree / "inside").write_text("postgresql://u@h/x")
    allowed = home / "secrets"
    allowed.mkdir(parents=True)
    (allowed / "link").symlink_to(mine / "id_secret")
    for named in (mine / "id_secret", "link", "inside", "../.ssh/id_secret", allowed / "link"):
        with pytest.raises(ConfigError, match=r"mission\.config\.yaml:3: .*nobody outside"):
            load(tree, f"storage:\n  {key}: {named}")
    folders = {"MISSION_SECRET_FOLDERS": f"relative:{mine}"}
    load(tree, f"storage:\n  {key}: {mine / 'id_secret'}", folders)
    (allowed / "own").write_text("postgresql://u@h/x")
    load(tree, f"storage:\n  {key}: {allowed / 'own'}")


def test_a_password_goes_to_no_other_valkey_server_in_clear(tree: Path) -> None:
    for text in ("{host: far, password: x}", "{url: 'redis://:x@far'}"):
        with pytest.raises(ConfigError, match=r"yaml:\d: queue.tls: .*in clear"):
            load(tree, f"queue: {text}")
    load(tree, "queue: {host: localhost, password: x}")
    load(tree, "queue: {host: far, password: x, tls: verify-full}")


@pytest.mark.parametrize("name", ["passfile", "service", "hostaddr", "require_auth", "unknown"])
def test_a_url_has_no_parameter_that_takes_a_secret_elsewhere(tree: Path, name: str) -> None:
    with pytest.raises(ConfigError):
        load(tree, f"storage: {{url: 'postgresql://u@h/x?{name}=1'}}")


@pytest.mark.parametrize("name", ["mission.config.yaml", "mission.config.json"])
@pytest.mark.parametrize(
    "value", ["[" * 40 + "]" * 40, "[" * 100_000, '{"a":' * 50_000, "9" * 5_000, "9" * 30]
)
def test_deep_and_huge_values_are_mistakes_with_a_place(tree: Path, name: str, value: str) -> None:
    (tree / name).write_text(f'{{"tier": "federated",\n"storage": {{"port": {value}}}}}')
    with pytest.raises(ConfigError, match=rf"{name}:2"):
        load_tier_config(folder=tree, environment={})


@contextmanager
def listener() -> Iterator[tuple[int, bytearray]]:
    """Takes itself for a Postgres server without TLS that asks for passwords in clear.

    Yields its port, and all that it was told, complete when the block ends.
    """
    heard = bytearray()
    no_tls, asks = b"N", b"R" + struct.pack("!II", 8, 3)

    def serve(server: socket.socket) -> None:
        with server, server.accept()[0] as client:
            client.settimeout(20)
            for answer in (no_tls, asks, b""):
                try:
                    said = client.recv(4_096)
                except OSError:
                    return
                heard.extend(said)
                if not said or not answer:
                    return
                client.sendall(asks if len(said) > 8 else answer)

    server = socket.create_server(("127.0.0.1", 0))
    with ThreadPoolExecutor(1) as pool:
        served = pool.submit(serve, server)
        yield server.getsockname()[1], heard
        served.result(timeout=30)


@pytest.mark.parametrize("where", ["a file", "the environment"])
def test_who_asks_for_the_password_in_clear_does_not_get_it(
    tree: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Neither libpq's own variable, for a server that a file names, nor ours for any server."""
    with listener() as (port, heard):
        storage = json.dumps({"host": "127.0.0.1", "port": port})
        if where == "a file":
            monkeypatch.setenv("PGPASSWORD", SECRET)
            config = load(tree, f"storage: {storage}")
        else:
            place = {"MISSION_DATABASE_HOST": "127.0.0.1", "MISSION_DATABASE_PORT": str(port)}
            config = load(tree, "", {**POSTGRES, **place})
        assert config.postgres is not None
        (result,) = probe_postgres(config.postgres, vector=False, timeout=timedelta(seconds=20))
    assert result.failure is not None
    assert result.failure.cause is Cause.IN_CLEAR
    assert b"user\0mission" in heard, "it was asked"
    assert SECRET.encode() not in heard
