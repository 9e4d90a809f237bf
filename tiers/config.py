"""Which tier a mission's storage is on, and where its services are.

The settings come from `mission.config.json` (or `.yaml`, `.yml`) and, over it, from the environment
(`tiers.settings.environment` lists the variables). Secrets may stand in files of their own.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from errors import ConfigError
from tiers.settings.address import LOOPBACK, PostgresAddress, ValkeyAddress
from tiers.settings.destination import located_by_file, refuse_in_clear
from tiers.settings.document import read_document
from tiers.settings.environment import environment_values
from tiers.settings.folders import project_folder, secret_folders, tiers_home
from tiers.settings.layers import Layer, read_layer
from tiers.settings.model import DEPRECATED_TIERS, QueueType, StorageType, Tier
from tiers.settings.secret import read_secret

FILE_NAMES = ("mission.config.json", "mission.config.yaml", "mission.config.yml")
POSTGRES_PORTS = {Tier.STANDALONE: 5432, Tier.FEDERATED: 5433}
VALKEY_PORTS = {Tier.LOCAL: 6379, Tier.STANDALONE: 6379, Tier.FEDERATED: 6380}
POSTGRES_PASSWORD_FILE = "postgres-password"  # noqa: S105 - a file's name, below `tiers_home`
VALKEY_PASSWORD_FILE = "valkey-password"  # noqa: S105


@dataclass(frozen=True, kw_only=True, slots=True)
class TierConfig:
    """What was configured, complete. Its `repr` holds no secret."""

    tier: Tier
    storage: StorageType
    folder: Path | None  # of an embedded storage
    postgres: PostgresAddress | None  # None: embedded
    queue: QueueType
    valkey: ValkeyAddress | None  # None: no server
    file: Path | None = None  # where it was read from; None: defaults and environment alone
    notices: tuple[str, ...] = ()  # what people should be told, deprecations above all

    @property
    def vector(self) -> bool:
        """Whether the storage has embeddings, and so needs pgvector."""
        return self.tier is Tier.FEDERATED


def load_tier_config(
    path: Path | None = None,
    *,
    folder: Path | None = None,  # where to start looking for a file; the current one if None
    environment: Mapping[str, str] = os.environ,
) -> TierConfig:
    """Read the configuration. Without a file the tier is `local`, unless the environment says else.

    Raises:
        ConfigError: With file and line, or the variable, and what is accepted there.
    """
    folder = Path.cwd() if folder is None else folder
    path = find_config_file(folder) if path is None else path
    layers, notices = [], []
    if path is not None:
        document = read_document(path)
        secrets = _secret_folders(path, environment)
        layers.append(read_layer(document.values, document, path.parent, secrets=secrets))
        folder = path.parent
        notices += _deprecations(document.values, f"{path}:{document.line(('tier',))}")
    values = environment_values(environment)
    layers.append(read_layer(values, None, Path.cwd()))
    notices += _deprecations(values, "MISSION_TIER")
    return _combine(layers, path, folder, tuple(notices))


def find_config_file(folder: Path) -> Path | None:
    """The configuration file in `folder`, else in the nearest one above it in its repository.

    Raises:
        ConfigError: A folder holds several: which one counts would be a guess.
    """
    for place in _folders_of_repository(folder.absolute()):
        found = [place / name for name in FILE_NAMES if (place / name).is_file()]
        if len(found) > 1:
            names = " and ".join(file.name for file in found)
            raise ConfigError(f"{place} holds {names}", hint="Keep one of them")
        if found:
            return found[0]
    return None


def _folders_of_repository(folder: Path) -> Iterable[Path]:
    """`folder` and those above it, up to the repository's top; itself alone without one."""
    above = [folder, *folder.parents]
    tops = (number for number, place in enumerate(above) if _is_top(place / ".git"))
    return above[: next(tops, 0) + 1]


def _secret_folders(path: Path, environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Where the secrets are that a file may name: beside it, too, if it is in no repository."""
    folders = (path.absolute().parent, *path.absolute().parents, *path.resolve().parents)
    in_tree = any(_is_top(folder / ".git") for folder in folders)
    own = () if in_tree else (path.absolute().parent,)
    return (*own, *secret_folders(environment))


def _is_top(git: Path) -> bool:
    """A repository's own folder, or the file that points from a worktree to it."""
    return git.is_file() or (git / "HEAD").is_file()


def _deprecations(values: Mapping[str, Any], where: str) -> list[str]:
    new = DEPRECATED_TIERS.get(str(values.get("tier")))
    if new is None:
        return []
    return [f"{where}: tier `{values['tier']}` is deprecated: it is called `{new}` now"]


def _combine(
    layers: Sequence[Layer],
    path: Path | None,
    folder: Path,
    notices: tuple[str, ...],
) -> TierConfig:
    tier = _last(layer.settings.tier for layer in layers) or Tier.LOCAL
    home = tiers_home()
    storage = _storage_type(layers, tier)
    queue = _queue_type(layers, tier)
    for layer in layers:
        _refuse_unused(layer, storage, queue)
    postgres = valkey = data = None
    if storage is StorageType.POSTGRES:
        defaults = {"port": POSTGRES_PORTS[tier]}
        parts = _merge((layer.storage() for layer in layers), defaults)
        there = located_by_file(layers, "storage")
        postgres = PostgresAddress(
            **_with_generated(parts, home / POSTGRES_PASSWORD_FILE), named_by_file=there
        )
    else:
        data = _data_folder(layers, storage) or project_folder(folder)
    if queue is QueueType.VALKEY:
        parts = _merge((layer.queue() for layer in layers), {"port": VALKEY_PORTS[tier]})
        there = located_by_file(layers, "queue")
        valkey = ValkeyAddress(**_with_generated(parts, home / VALKEY_PASSWORD_FILE))
        if there:
            refuse_in_clear(layers, valkey)
    return TierConfig(
        tier=tier,
        storage=storage,
        folder=data,
        postgres=postgres,
        queue=queue,
        valkey=valkey,
        file=path,
        notices=notices,
    )


def _storage_type(layers: Sequence[Layer], tier: Tier) -> StorageType:
    default = StorageType.EMBEDDED if tier is Tier.LOCAL else StorageType.POSTGRES
    for layer in reversed(layers):
        kind = layer.settings.storage.type
        if kind is None:
            continue
        if (kind is StorageType.POSTGRES) is (tier is Tier.LOCAL):
            usable = "embedded, pglite" if tier is Tier.LOCAL else "postgres"
            raise layer.error(
                ("storage", "type"),
                f"the {tier} tier cannot use `{kind}`",
                hint=f"Usable there: {usable}",
            )
        return kind
    return default


def _queue_type(layers: Sequence[Layer], tier: Tier) -> QueueType:
    default = QueueType.LOCAL if tier is Tier.LOCAL else QueueType.VALKEY
    for layer in reversed(layers):
        kind = layer.settings.queue.type
        if kind is None:
            continue
        if kind is QueueType.LOCAL and tier is Tier.FEDERATED:
            raise layer.error(
                ("queue", "type"),
                "the federated tier cannot use `local`: its events cross processes and machines",
                hint="Usable there: valkey",
            )
        return kind
    return default


def _refuse_unused(layer: Layer, storage: StorageType, queue: QueueType) -> None:
    """A file that locates a server which is not used says something else than it means.

    The environment is left alone: it is often made for several tiers at once.
    """
    if layer.document is None:
        return
    given = layer.settings.storage.model_fields_set - {"type"}
    unused = given - {"folder"} if storage is not StorageType.POSTGRES else given & {"folder"}
    if unused:
        key = min(unused)
        raise layer.error(("storage", key), f"a storage of type `{storage}` has no `{key}`")
    given = layer.settings.queue.model_fields_set - {"type"}
    if given and queue is QueueType.LOCAL:
        key = min(given)
        raise layer.error(("queue", key), f"a queue of type `{queue}` has no `{key}`")


def _data_folder(layers: Sequence[Layer], storage: StorageType) -> Path | None:
    for layer in reversed(layers):
        folder = layer.settings.storage.folder
        if folder is not None:
            return layer.path(folder)
    if storage is StorageType.PGLITE:
        raise layers[-1].error(
            ("storage", "folder"), "`pglite` needs the folder that PGlite keeps its data in"
        )
    return None


def _merge(
    given: Iterable[tuple[dict[str, Any], bool]], defaults: Mapping[str, Any]
) -> dict[str, Any]:
    """Later sources over earlier ones. A URL replaces everything before it, the password too:
    one server's password is never sent to another."""
    parts = dict(defaults)
    for further, whole in given:
        parts = {**(defaults if whole else parts), **further}
    return parts


def _with_generated(parts: dict[str, Any], secret: Path) -> dict[str, Any]:
    """Where none is configured, the password that `mission tier up` made for its own server."""
    if "password" not in parts and parts.get("host", LOOPBACK[0]) in LOOPBACK and secret.exists():
        return {**parts, "password": read_secret(secret)}
    return parts


def _last(values: Iterable[Tier | None]) -> Tier | None:
    return next((value for value in reversed([*values]) if value is not None), None)
