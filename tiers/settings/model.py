"""What a configuration file or the environment may say about the tier. Every field is optional.

The same models check both, and the published JSON Schema is made from them.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    model_validator,
)
from pydantic.json_schema import WithJsonSchema

from tiers.settings.address import Tls

DEPRECATED_TIERS = {"team": "standalone"}  # old name -> today's


class Tier(StrEnum):
    """Which services the storage runs on."""

    LOCAL = "local"
    STANDALONE = "standalone"
    FEDERATED = "federated"


class StorageType(StrEnum):
    """What holds the data."""

    POSTGRES = "postgres"  # a server
    EMBEDDED = "embedded"  # the pip-installed Postgres, in a folder
    PGLITE = "pglite"  # PGlite, in a folder


class QueueType(StrEnum):
    """What carries the live events."""

    LOCAL = "local"  # inside the process
    VALKEY = "valkey"  # a Valkey server, or a Redis one: they speak the same protocol


def _today(value: object) -> object:
    return DEPRECATED_TIERS.get(value, value) if isinstance(value, str) else value


def _protocol(value: object) -> object:
    return QueueType.VALKEY if value == "redis" else value


# No line breaks and no NUL: neither a server nor a file with one password a line could take them.
Text = Annotated[str, StringConstraints(min_length=1, pattern=r"^[^\x00\r\n]+$")]
Host = Annotated[
    str, StringConstraints(min_length=1, pattern=r"^[^\s@,/?#][^\s@,?#]*$|^/[^\x00]+$")
]
Port = Annotated[int, Field(ge=1, le=65535)]


class Settings(BaseModel):
    """Strict: an unknown key is an error, and no error shows a value, which may be a secret."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Connection(Settings):
    """What storage and queue have in common: where a server is."""

    url: SecretStr | None = Field(default=None, description="Instead of the single parts below.")
    url_file: Path | None = Field(default=None, description="A file that holds the URL.")
    host: Host | None = None
    port: Port | None = None
    user: Text | None = None
    password: SecretStr | None = Field(
        default=None, description="Better kept in a file or in the environment."
    )
    password_file: Path | None = Field(default=None, description="A file that holds the password.")
    tls: Tls | None = Field(
        default=None, description="How far to encrypt, and to check the server."
    )
    tls_ca: Path | None = Field(
        default=None, description="Certificates of the trusted authorities."
    )

    @model_validator(mode="after")
    def _say_it_once(self) -> Self:
        given = self.model_fields_set
        for whole, parts in _EXCLUSIVE.items():
            if whole in given and (clash := sorted(given & parts)):
                raise ValueError(f"give either `{whole}` or `{clash[0]}`, not both")
        return self


# A URL says all of these itself. It may leave the password to `password` or `password_file`.
_PARTS = frozenset({"host", "port", "user", "database", "number"})
_EXCLUSIVE = {
    "url": _PARTS | {"url_file"},
    "url_file": _PARTS,
    "password": frozenset({"password_file"}),
}


class StorageSettings(Connection):
    """Where the data is."""

    type: StorageType | None = None
    folder: Path | None = Field(
        default=None, description="For `embedded` and `pglite`: the data's folder."
    )
    database: Text | None = None


class QueueSettings(Connection):
    """Where live events go."""

    type: Annotated[
        QueueType | None,
        BeforeValidator(_protocol),
        WithJsonSchema({"enum": [*QueueType, "redis"], "type": "string"}),
    ] = None
    number: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="The database's number."
    )


class TierSettings(Settings):
    """The configuration of the storage tier of a mission."""

    schema_address: str | None = Field(default=None, alias="$schema", description="For editors.")
    tier: Annotated[
        Tier | None,
        BeforeValidator(_today),
        WithJsonSchema(
            {
                "oneOf": [
                    {"enum": [*Tier], "type": "string"},
                    {"const": "team", "deprecated": True, "description": "Now `standalone`."},
                ],
                "default": "local",
            }
        ),
    ] = None
    storage: StorageSettings = StorageSettings()
    queue: QueueSettings = QueueSettings()
