"""The environment variables that say something about the tier."""

from __future__ import annotations

from collections.abc import Mapping

from errors import ConfigError
from tasks_md.nearest import did_you_mean
from tiers.settings.document import Keys

_CONNECTION = {
    "URL": "url",
    "URL_FILE": "url_file",
    "HOST": "host",
    "PORT": "port",
    "USER": "user",
    "PASSWORD": "password",
    "PASSWORD_FILE": "password_file",
    "TLS": "tls",
    "TLS_CA": "tls_ca",
}

# variable -> the setting that it stands for
VARIABLES: dict[str, Keys] = {
    "MISSION_TIER": ("tier",),
    **{f"MISSION_DATABASE_{name}": ("storage", key) for name, key in _CONNECTION.items()},
    "MISSION_DATABASE_TYPE": ("storage", "type"),
    "MISSION_DATABASE_NAME": ("storage", "database"),
    "MISSION_DATABASE_FOLDER": ("storage", "folder"),
    **{f"MISSION_VALKEY_{name}": ("queue", key) for name, key in _CONNECTION.items()},
    "MISSION_VALKEY_NUMBER": ("queue", "number"),
    "MISSION_QUEUE_TYPE": ("queue", "type"),
}
_OURS = ("MISSION_DATABASE_", "MISSION_VALKEY_", "MISSION_QUEUE_", "MISSION_TIER")
_BY_KEYS = {keys: name for name, keys in VARIABLES.items()}


def variable(keys: Keys) -> str:
    """The variable for a setting."""
    return _BY_KEYS.get(keys, ".".join(keys))


def environment_values(environment: Mapping[str, str]) -> dict[str, object]:
    """What the environment says, in the shape of a configuration file. Empty is not said.

    Raises:
        ConfigError: A variable of ours that does not exist, most likely a slip of the pen.
    """
    values: dict[str, object] = {}
    for name, value in environment.items():
        if not name.startswith(_OURS) or not value:
            continue
        if name not in VARIABLES:
            hint = did_you_mean(name, VARIABLES) or f"Known: {', '.join(VARIABLES)}"
            raise ConfigError(f"The environment variable {name} means nothing here", hint=hint)
        section, *rest = VARIABLES[name]
        if rest:
            nested = values.setdefault(section, {})
            assert isinstance(nested, dict)  # noqa: S101
            nested[rest[0]] = value
        else:
            values[section] = value
    return values
