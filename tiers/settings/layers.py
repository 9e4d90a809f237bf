"""One source of settings, a file or the environment, checked alone so that errors point at it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError

from errors import ConfigError
from tiers.settings.document import Document, Keys
from tiers.settings.environment import variable
from tiers.settings.folders import SECRET_FOLDERS
from tiers.settings.model import Connection, QueueSettings, StorageSettings, TierSettings
from tiers.settings.secret import read_secret
from tiers.settings.urls import postgres_parts, valkey_parts
from workspace.redact import register_secret

# What locates a server; `type` and `folder` are about the kind of storage.
PARTS = ("host", "port", "user", "database", "number", "password", "tls", "tls_ca")


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """The settings of one source."""

    settings: TierSettings
    document: Document | None  # None: the environment
    folder: Path  # where relative paths start
    # Where the files with secrets are that it may name; None: anywhere, for it is no file of a tree
    secrets: tuple[Path, ...] | None

    def error(self, keys: Keys, message: str, hint: str = "") -> ConfigError:
        """An error about one of this source's settings."""
        return _error(self.document, keys, message, hint)

    def path(self, value: Path) -> Path:
        """A path of this source, made absolute."""
        return self.folder / value.expanduser()

    def storage(self) -> tuple[dict[str, Any], bool]:
        """The parts of the Postgres address, and whether they come from a URL, thus all of it.

        Raises:
            ConfigError: A URL or a file with a secret is not as it must be.
        """

        def parse(url: str) -> dict[str, Any]:
            parts, parameters = postgres_parts(url)
            return {**_checked(StorageSettings, parts), "parameters": parameters}

        return self._parts("storage", self.settings.storage, parse)

    def queue(self) -> tuple[dict[str, Any], bool]:
        """The same for the Valkey address."""

        def parse(url: str) -> dict[str, Any]:
            return _checked(QueueSettings, valkey_parts(url))

        return self._parts("queue", self.settings.queue, parse)

    def _parts(
        self, section: str, given: Connection, parse: Callable[[str], dict[str, Any]]
    ) -> tuple[dict[str, Any], bool]:
        parts = _present(given)
        _register(parts)
        if given.tls_ca is not None:
            parts["tls_ca"] = self.path(given.tls_ca)
        if given.password_file is not None:
            parts["password"] = self._secret((section, "password_file"), given.password_file)
        url = given.url
        if given.url_file is not None:
            url = self._secret((section, "url_file"), given.url_file)
        if url is None:
            return parts, False
        key = "url_file" if given.url_file is not None else "url"
        try:
            whole = parse(url.get_secret_value())
        except ValueError as error:
            raise self.error((section, key), str(error)) from None
        _register(whole)
        if "password" in whole and "password" in parts:
            raise self.error((section, key), "has a password, and one is given beside it too")
        return whole | parts, True

    def _secret(self, keys: Keys, value: Path) -> SecretStr:
        """What stands in a file that this source names."""
        path = self.path(value)
        if self.secrets is not None:
            # Links are followed first: they are part of the tree as well.
            path = path.resolve()
            if not any(path.is_relative_to(folder.resolve()) for folder in self.secrets):
                raise self.error(
                    keys,
                    "names a file that nobody outside of this repository gave it",
                    hint=f"Name it in {variable(keys)}, or its folder in {SECRET_FOLDERS}",
                )
        return read_secret(path)


def read_layer(
    values: Mapping[str, Any],
    document: Document | None,
    folder: Path,
    *,
    secrets: tuple[Path, ...] | None = None,
) -> Layer:
    """Check what one source says.

    Raises:
        ConfigError: With the place of the first mistake and the values that are accepted.
    """
    try:
        settings = TierSettings.model_validate(values)
    except ValidationError as error:
        keys, message, hint = _explain(error)
        raise _error(document, keys, message, hint) from None
    return Layer(settings=settings, document=document, folder=folder, secrets=secrets)


def _present(given: Connection) -> dict[str, Any]:
    values = {name: getattr(given, name, None) for name in PARTS}
    return {name: value for name, value in values.items() if value is not None}


def _register(parts: Mapping[str, Any]) -> None:
    if "password" in parts:
        register_secret(parts["password"].get_secret_value())


def _checked(model: type[Connection], parts: Mapping[str, str]) -> dict[str, Any]:
    try:
        return _present(model.model_validate(parts))
    except ValidationError as error:
        keys, message, _ = _explain(error)
        raise ValueError(f"{message} (its part `{'.'.join(keys)}`)") from None


def _explain(error: ValidationError) -> tuple[Keys, str, str]:
    """The first mistake: where it is, what is wrong, what to do. No value is quoted."""
    first = error.errors(include_input=False, include_url=False)[0]
    keys = tuple(str(key) for key in first["loc"])
    if first["type"] == "extra_forbidden":
        accepted = _accepted(keys[:-1])
        return keys, f"unknown key `{keys[-1]}`", f"Accepted here: {', '.join(accepted)}"
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "string_pattern_mismatch":
        message = "has characters that cannot be in it"
    if first["type"] in ("model_type", "dict_type"):
        message = "must be a mapping of keys to values"
    hint = "Put the value in quotes" if first["type"] == "string_type" else ""
    return keys, message[:1].lower() + message[1:], hint


def _accepted(keys: Keys) -> list[str]:
    models: dict[Keys, type[Any]] = {
        (): TierSettings,
        ("storage",): StorageSettings,
        ("queue",): QueueSettings,
    }
    fields = models[keys].model_fields
    return [field.alias or name for name, field in fields.items()]


def _error(document: Document | None, keys: Keys, message: str, hint: str) -> ConfigError:
    if document is None:
        return ConfigError(f"{variable(keys)}: {message}", hint=hint, path="environment")
    text = f"{'.'.join(keys)}: {message}" if keys else message
    return ConfigError(text, hint=hint, path=str(document.path), line=document.line(keys))
