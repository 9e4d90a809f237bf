"""What `--from` and `--to` may say."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from errors import UsageError
from tiers.config import TierConfig, find_config_file, load_tier_config
from tiers.settings.folders import project_folder, tiers_home
from tiers.settings.model import DEPRECATED_TIERS, QueueType, StorageType, Tier

_PASSWORDS = ("MISSION_DATABASE_PASSWORD", "MISSION_DATABASE_PASSWORD_FILE")


def find_place(
    text: str,
    *,
    url_tier: Tier,
    environment: Mapping[str, str] = os.environ,
    folder: Path | None = None,
) -> TierConfig:
    """The storage that a person means.

    Args:
        text: A tier's name, a configuration file, a folder with PGlite's or our embedded
            Postgres's data, or a `postgresql://` URL.
        url_tier: What the database of a URL is of.
        environment: A URL without a password finds it there.
        folder: Where relative paths begin, and where a configuration is looked for; the current one
            if None.

    Raises:
        UsageError: It is none of these.
        ConfigError: The configuration has a mistake.
    """
    name = DEPRECATED_TIERS.get(text, text)
    if name in {*Tier}:
        return _tier(Tier(name), environment, folder or Path.cwd())
    if text.startswith(("postgresql://", "postgres://")):
        given = {"MISSION_TIER": url_tier.value, "MISSION_DATABASE_URL": text}
        given |= {key: environment[key] for key in _PASSWORDS if key in environment}
        return load_tier_config(folder=tiers_home(), environment=given)
    path = Path(text) if folder is None else folder / text
    if path.is_file():
        return load_tier_config(path, environment={})
    if (path / "PG_VERSION").is_file():
        return _local(StorageType.PGLITE, path.absolute())
    if (path / "data" / "PG_VERSION").is_file():
        return _local(StorageType.EMBEDDED, path.absolute())
    raise UsageError(
        f"{text} is no storage" if "://" not in text else "This URL is no storage",
        hint="Give local, standalone, federated, a configuration file, a folder with PGlite's data,"
        " or a postgresql:// URL",
    )


def label(config: TierConfig) -> str:
    """The storage as people read it, without a secret; the same for the same storage."""
    if config.postgres is not None:
        return config.postgres.label
    return f"{config.storage} {config.folder}"


def _tier(tier: Tier, environment: Mapping[str, str], folder: Path) -> TierConfig:
    """The configured storage if it is of this tier, else the tier's usual one."""
    configured = load_tier_config(folder=folder, environment=environment)
    if configured.tier is tier:
        return configured
    if tier is Tier.LOCAL:
        file = find_config_file(folder)
        return _local(StorageType.EMBEDDED, project_folder(file.parent if file else folder))
    return load_tier_config(folder=tiers_home(), environment={"MISSION_TIER": tier.value})


def _local(kind: StorageType, folder: Path) -> TierConfig:
    return TierConfig(
        tier=Tier.LOCAL,
        storage=kind,
        folder=folder,
        postgres=None,
        queue=QueueType.LOCAL,
        valkey=None,
    )
