"""The tier's configuration: defaults, the environment over the file, refusals, no secret shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from errors import ConfigError
from tiers.config import TierConfig, load_tier_config
from tiers.config_schema import schema_text
from tiers.settings.address import Tls
from tiers.settings.model import QueueType, StorageType, Tier
from tiers.settings.secret import make_secret

SCHEMA = Path(__file__).parents[3] / "docs" / "mission.config.schema.json"
SECRET = "s3cr3t-value"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The runner's own folder, empty."""
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def load(
    folder: Path, content: object = None, environment: Mapping[str, str] | None = None
) -> TierConfig:
    """Read `content` as the configuration file of `folder`."""
    if isinstance(content, str):
        (folder / "mission.config.yaml").write_text(content)
    elif content is not None:
        (folder / "mission.config.json").write_text(json.dumps(content, indent=2))
    return load_tier_config(folder=folder, environment=environment or {})


def test_without_anything_the_tier_is_local_and_embedded(tmp_path: Path) -> None:
    config = load(tmp_path)
    assert (config.tier, config.storage, config.queue) == (
        Tier.LOCAL,
        StorageType.EMBEDDED,
        QueueType.LOCAL,
    )
    assert config.postgres is None
    assert config.valkey is None
    assert config.folder is not None
    assert config.folder.is_relative_to(tmp_path / "home")
    assert not config.vector


def test_federated_defaults(tmp_path: Path) -> None:
    config = load(tmp_path, {"tier": "federated"})
    assert config.vector
    assert config.postgres is not None
    assert config.valkey is not None
    assert config.postgres.label == "postgresql://mission@127.0.0.1:5433/mission"
    assert config.valkey.label == "valkey://127.0.0.1:6380/0"
    assert config.postgres.password is None, "no password is made up by reading"


def test_standalone_defaults(tmp_path: Path) -> None:
    config = load(tmp_path, "tier: standalone")
    assert not config.vector
    assert config.postgres is not None
    assert config.valkey is not None
    assert (config.postgres.port, config.valkey.port) == (5432, 6379)
    assert config.notices == ()


def test_team_is_standalone_with_a_notice(tmp_path: Path) -> None:
    config = load(tmp_path, "# the old name\ntier: team\n")
    assert config.tier is Tier.STANDALONE
    (notice,) = config.notices
    assert "mission.config.yaml:2: tier `team` is deprecated" in notice
    assert "standalone" in notice


def test_team_in_the_environment_has_a_notice_too(tmp_path: Path) -> None:
    config = load(tmp_path, environment={"MISSION_TIER": "team"})
    assert config.tier is Tier.STANDALONE
    assert config.notices[0].startswith("MISSION_TIER: ")


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        {"tier": "standalone", "storage": {"host": "db", "port": 1, "user": "u"}},
        {
            "MISSION_TIER": "federated",
            "MISSION_DATABASE_PORT": "15433",
            "MISSION_DATABASE_NAME": "gateway",
            "MISSION_VALKEY_NUMBER": "3",
            "MISSION_DATABASE_USER": "",  # empty is not given
        },
    )
    assert config.postgres is not None
    assert config.valkey is not None
    assert config.tier is Tier.FEDERATED
    assert config.postgres.label == "postgresql://u@db:15433/gateway"
    assert config.valkey.number == 3


def test_a_url_is_taken_apart(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        {
            "tier": "federated",
            "storage": {
                "url": "postgresql://me:p%40ss@db.example:6000/gw?sslmode=verify-full"
                "&sslrootcert=/ca.pem&application_name=x"
            },
            "queue": {"url": f"rediss://:{SECRET}@cache:7000/2"},
        },
    )
    assert config.postgres is not None
    assert config.valkey is not None
    arguments = config.postgres.connect_arguments()
    assert arguments == {
        "host": "db.example",
        "port": 6000,
        "dbname": "gw",
        "user": "me",
        "password": "p@ss",
        "sslmode": "verify-full",
        "sslrootcert": "/ca.pem",
        "application_name": "x",
    }
    assert config.valkey.label == "valkeys://cache:7000/2"
    assert config.valkey.tls is Tls.VERIFY_FULL
    assert config.valkey.connect_arguments()["password"] == SECRET


def test_a_url_replaces_the_password_of_the_file(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        {"tier": "federated", "storage": {"host": "a", "password": SECRET}},
        {"MISSION_DATABASE_URL": "postgresql://me@b/x"},
    )
    assert config.postgres is not None
    assert config.postgres.password is None, "one server's password goes to no other server"
    assert config.postgres.port == 5433


def test_a_url_may_leave_the_password_to_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET + "\n")
    config = load(
        tmp_path,
        {
            "tier": "federated",
            "storage": {"url": "postgresql://me@b/x", "password_file": "secret"},
        },
    )
    assert config.postgres is not None
    assert config.postgres.password is not None
    assert config.postgres.password.get_secret_value() == SECRET


def test_an_environments_password_file_replaces_the_files_password(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from-file")
    config = load(
        tmp_path,
        {"tier": "standalone", "queue": {"password": SECRET}},
        {"MISSION_VALKEY_PASSWORD_FILE": str(secret)},
    )
    assert config.valkey is not None
    assert config.valkey.connect_arguments()["password"] == "from-file"


def test_a_generated_password_is_for_loopback_alone(tmp_path: Path, home: Path) -> None:
    made = make_secret(home / "tiers" / "postgres-password")
    assert (home / "tiers" / "postgres-password").stat().st_mode & 0o077 == 0
    near = load(tmp_path, {"tier": "federated"})
    far = load(tmp_path, {"tier": "federated", "storage": {"host": "db.example"}})
    assert near.postgres is not None
    assert far.postgres is not None
    assert near.postgres.password == made
    assert far.postgres.password is None


def test_pglite_needs_its_folder(tmp_path: Path) -> None:
    config = load(tmp_path, "tier: local\nstorage: {type: pglite, folder: data}")
    assert config.folder == tmp_path / "data"
    with pytest.raises(ConfigError, match=r"folder"):
        load(tmp_path, "tier: local\nstorage: {type: pglite}")


@pytest.mark.parametrize(
    ("content", "where", "says"),
    [
        ("tier: federal", "yaml:1", "'local', 'standalone' or 'federated'"),
        ("tier: federated\nqueue:\n  type: local", "yaml:3", "cannot use `local`"),
        ("tier: federated\nqueue:\n  type: bullmq", "yaml:3", "'local' or 'valkey'"),
        ("tier: federated\nstorage:\n  type: pglite", "yaml:3", "cannot use `pglite`"),
        ("tier: local\nstorage: {type: postgres}", "yaml:2", "cannot use `postgres`"),
        ("tier: local\nstorage: {host: db}", "yaml:2", "has no `host`"),
        ("tier: standalone\nstorage: {folder: x}", "yaml:2", "has no `folder`"),
        ("tier: local\nqueue: {port: 1}", "yaml:2", "has no `port`"),
        ("tier: federated\n\nstorage:\n  prot: 1", "yaml:4", "unknown key `prot`"),
        ("tier: federated\nstorage:\n  port: 70000", "yaml:3", "less than or equal to 65535"),
        ("tier: federated\nstorage: 5", "yaml:2", "must be a mapping"),
        ("tier: federated\nstorage:\n  host: a,b", "yaml:3", "has characters"),
        ("tier: federated\ntier: local", "yaml:2", "has this key twice"),
        ("- tier", "yaml:1", "must hold a mapping"),
        ("tier: federated\nstorage:\n  url: mysql://x", "yaml:3", "must start with postgresql://"),
        ("tier: federated\nstorage:\n  url: postgresql://h:99999/x", "yaml:3", "its part `port`"),
        ("tier: federated\nqueue:\n  url: valkey://h/x", "yaml:3", "its part `number`"),
        ("tier: federated\nqueue:\n  password_file: gone", "gone", "No such file"),
    ],
)
def test_mistakes_are_pointed_at(tmp_path: Path, content: str, where: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, content)
    assert where in caught.value.message
    assert says in caught.value.message


def test_mistakes_in_the_environment_name_the_variable(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="MISSION_DATABASE_PORT"):
        load(tmp_path, environment={"MISSION_DATABASE_PORT": "x"})
    with pytest.raises(ConfigError, match="MISSION_DATABASE_PASWORD") as caught:
        load(tmp_path, environment={"MISSION_DATABASE_PASWORD": SECRET})
    assert caught.value.hint == "Did you mean MISSION_DATABASE_PASSWORD?"


def test_two_files_are_refused(tmp_path: Path) -> None:
    load(tmp_path, "tier: local")
    with pytest.raises(ConfigError, match="Keep one of them"):
        load(tmp_path, {"tier": "local"})


def test_the_file_may_stand_above_within_the_repository(tmp_path: Path) -> None:
    below = tmp_path / "docs" / "plan"
    below.mkdir(parents=True)
    (tmp_path / "mission.config.yaml").write_text("tier: federated")
    assert load(below).tier is Tier.LOCAL, "not a repository"
    (tmp_path / "docs" / ".git").touch()
    assert load(below).tier is Tier.LOCAL, "outside the repository"
    (tmp_path / "docs" / ".git").rename(tmp_path / ".git")
    assert load(below).tier is Tier.FEDERATED
    (below / "mission.config.yaml").write_text("tier: standalone")
    assert load(below).tier is Tier.STANDALONE, "the nearest"


def test_json_may_be_indented_with_tabs(tmp_path: Path) -> None:
    (tmp_path / "mission.config.json").write_text('{\n\t"tier": "federated",\n\t"x": 1\n}')
    with pytest.raises(ConfigError, match=r"json:3: x: unknown key `x`"):
        load(tmp_path)
    (tmp_path / "mission.config.json").write_text('{\n\t"tier": "federated",\n}')
    with pytest.raises(ConfigError, match=r"json:\d:\d+: is not valid JSON"):
        load(tmp_path)


_BROKEN: list[Any] = [
    {"storage": {"password": [SECRET]}},
    {"storage": {"passwort": SECRET}},
    {"storage": {"url": f"postgresql://u:{SECRET}%zz@h/d"}},
    {"storage": {"url": f"postgresql://u:x/{SECRET}@h:1/d"}},
    {"storage": {"url": f"postgresql://u:{SECRET}@h:70000/d"}},
    {"storage": {"url": f"postgresql://u@h/d?sslpassword={SECRET}"}},
    {"storage": {"url": f"postgresql://u:{SECRET}@h/d", "password": SECRET}},
    {"storage": {"url": f"http://u:{SECRET}@h/d", "port": 1}},
    {"queue": {"url": f"valkey://u:a/{SECRET}@h:1/0"}},
    {"queue": {"url": f"valkey://u:{SECRET}@h:1/0?x={SECRET}"}},
    {"queue": {"url": f"valkey://[{SECRET}"}},
    {"queue": {"password": {SECRET: 1}}},
    f"tier: federated\nstorage:\n  password: *{SECRET}",
    f"tier: federated\nstorage:\n  password: @{SECRET}",
    f"tier: federated\nstorage:\n  password: '{SECRET}",
    f"tier: federated\nstorage:\n  password: !{SECRET} x",
    f"tier: federated\nstorage:\n  password: {{{SECRET}: 1}}",
]


@pytest.mark.parametrize("content", _BROKEN)
def test_no_mistake_shows_a_secret(tmp_path: Path, content: Any) -> None:
    if isinstance(content, dict):
        content = {"tier": "federated", **content}
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, content)
    assert SECRET not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


passwords = st.text(
    st.characters(exclude_characters="\0\r\n", exclude_categories=["Cs"]), min_size=1, max_size=30
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(passwords)
def test_any_password_survives_a_url_and_is_never_printed(password: str) -> None:
    config = load_tier_config(
        folder=Path("/nonexistent"),
        environment={
            "MISSION_TIER": "federated",
            "MISSION_DATABASE_URL": f"postgresql://u:{quote(password, safe='')}@h/d",
            "MISSION_VALKEY_URL": f"valkey://:{quote(password, safe='')}@h/0",
        },
    )
    assert config.postgres is not None
    assert config.valkey is not None
    assert config.postgres.connect_arguments()["password"] == password
    assert config.valkey.connect_arguments()["password"] == password
    marked = f"<{password}>"
    other = load_tier_config(
        folder=Path("/nonexistent"),
        environment={
            "MISSION_TIER": "federated",
            "MISSION_DATABASE_PASSWORD": marked,
            "MISSION_VALKEY_PASSWORD": marked,
        },
    )
    assert other.postgres is not None
    assert other.valkey is not None
    assert marked not in f"{other!r} {other.postgres.label} {other.valkey.label} {other}"


def test_the_published_schema_is_up_to_date() -> None:
    assert SCHEMA.read_text() == schema_text(), "run `make schema`"


@pytest.mark.parametrize(
    ("content", "valid"),
    [
        ({"tier": "team"}, True),
        ({"$schema": "x", "tier": "federated", "queue": {"type": "redis"}}, True),
        ({"tier": "local", "storage": {"type": "pglite", "folder": "x"}}, True),
        ({"tier": "regional"}, False),
        ({"storage": {"port": 0}}, False),
        ({"queues": {}}, False),
    ],
)
def test_the_schema_says_what_reading_says(content: dict[str, object], valid: bool) -> None:
    Draft202012Validator.check_schema(json.loads(SCHEMA.read_text()))
    assert Draft202012Validator(json.loads(SCHEMA.read_text())).is_valid(content) is valid
