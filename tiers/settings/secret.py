"""Secrets that stand in files: those that people name, and those that we made up."""

from __future__ import annotations

import secrets
from pathlib import Path

from pydantic import SecretStr

from errors import ConfigError
from mission.private import put_private
from workspace.redact import register_secret


def read_secret(path: Path) -> SecretStr:
    """The content of a file without the line break at its end.

    Raises:
        ConfigError: It cannot be read, is empty, or has several lines.
    """
    try:
        text = path.read_bytes().decode()
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", path=str(path)) from None
    except UnicodeDecodeError:
        raise ConfigError("must be UTF-8 text", path=str(path)) from None
    text = text.removesuffix("\n").removesuffix("\r")
    if not text or any(character in text for character in "\0\r\n"):
        raise ConfigError("must hold a secret on one line", path=str(path))
    register_secret(text)
    return SecretStr(text)


def make_secret(path: Path) -> SecretStr:
    """The secret in `path`; made up and written there, for the owner's eyes only, if it is new."""
    path.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    if not path.exists():
        # Another process may make it up meanwhile: then its stays.
        put_private(path, secrets.token_urlsafe(32) + "\n", replace=False)
    return read_secret(path)


def kept_secret(path: Path, *, make: bool) -> SecretStr | None:
    """The secret in `path`, which is made up if it is new and `make` says so; else None."""
    return make_secret(path) if make or path.exists() else None
