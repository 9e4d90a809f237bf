"""How the storage tier is: configuration, services, latency, extension, schema, disk, clock."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import redis

from tiers.checks import Check, Health, Look, examine
from tiers.config import TierConfig
from tiers.detect import Detection, detect
from tiers.probes.probe import ProbeResult, Service
from tiers.settings.address import PostgresAddress, ValkeyAddress
from tiers.settings.folders import data_folder, tiers_home
from tiers.settings.server_user import ServerUser

GROUP = "tier"
SLOW = 2000.0  # milliseconds for connecting and asking; far beyond what a busy machine takes
SKEW = timedelta(seconds=2)  # between two clocks; more and events stand in the wrong order
LOW_DISK, NO_DISK = 2_000_000_000, 200_000_000  # bytes
_PATIENCE = timedelta(seconds=3)


def tier_checks(config: TierConfig) -> tuple[Check, ...]:
    """Look at everything about the tier. Never raises; at most about ten seconds."""
    detection = detect(config)
    usable = {result.service for result in detection.results if result.failure is None}
    looks: list[tuple[str, Look]] = [
        ("configuration", lambda: _configuration(config)),
        ("services", lambda: _services(detection)),
    ]
    if config.postgres is not None:
        postgres = config.postgres
        if Service.POSTGRES in usable:
            looks.append(("schema", lambda: _schema(postgres)))
            looks.append(
                ("Postgres clock", lambda: [_skew("Postgres clock", *_postgres_time(postgres))])
            )
        else:
            names = [*(["pgvector"] if config.vector else []), "schema", "Postgres clock"]
            looks.append(("Postgres", lambda: [_not_known(n, Service.POSTGRES) for n in names]))
    if config.valkey is not None:
        valkey = config.valkey
        if Service.VALKEY in usable:
            looks.append(("Valkey clock", lambda: [_skew("Valkey clock", *_valkey_time(valkey))]))
        else:
            looks.append(("Valkey", lambda: [_not_known("Valkey clock", Service.VALKEY)]))
    looks.append(("disk", lambda: [disk_check(GROUP, _data_folder(config))]))
    return examine(GROUP, looks)


def disk_check(group: str, folder: Path) -> Check:
    """Whether there is room left where `folder` is, or will be."""
    existing = next(path for path in (folder, *folder.absolute().parents) if path.is_dir())
    free = shutil.disk_usage(existing).free
    health = Health.GREEN
    if free < LOW_DISK:
        health = Health.RED if free < NO_DISK else Health.YELLOW
    remedy = "" if health is Health.GREEN else f"Free space on the disk of {existing}"
    detail = f"{free / 1e9:.1f} GB free at {existing}"
    return Check(group=group, name="disk", health=health, detail=detail, remedy=remedy)


def _data_folder(config: TierConfig) -> Path:
    """Where servers of this machine keep, or would keep, the tier's data."""
    wanted = config.folder or tiers_home() / config.tier.value
    return data_folder(wanted, ServerUser.current())


def _not_known(name: str, service: Service) -> Check:
    return Check(
        group=GROUP,
        name=name,
        health=Health.RED,
        detail=f"not known while {service} cannot be used",
        remedy=f"Follow the remedy of {service}",
    )


def _configuration(config: TierConfig) -> Iterator[Check]:
    where = str(config.file) if config.file is not None else "defaults and environment"
    if not config.notices:
        detail = f"tier {config.tier}, from {where}"
        yield Check(group=GROUP, name="configuration", health=Health.GREEN, detail=detail)
    for notice in config.notices:
        yield Check(
            group=GROUP,
            name="configuration",
            health=Health.YELLOW,
            detail=notice,
            remedy="Write the new name",
        )


def _services(detection: Detection) -> Iterable[Check]:
    return [_service(result) for result in detection.results]


def _service(result: ProbeResult) -> Check:
    if result.failure is not None:
        return Check(
            group=GROUP,
            name=result.service.value,
            health=Health.RED,
            detail=result.failure.message,
            remedy=result.failure.remedy,
            milliseconds=result.milliseconds,
        )
    slow = result.milliseconds is not None and result.milliseconds > SLOW
    # A folder says nothing of what it holds; the other services are called by their servers' names.
    holds = f"Postgres {result.version}" if result.service is Service.FOLDER else result.version
    parts = (holds, f"at {result.where}", result.detail)
    return Check(
        group=GROUP,
        name=result.service.value,
        health=Health.YELLOW if slow else Health.GREEN,
        detail=", ".join(part for part in parts if part),
        remedy="Look at the load of the server and at the network to it" if slow else "",
        milliseconds=result.milliseconds,
    )


def _schema(address: PostgresAddress) -> Iterator[Check]:
    """The version that the migrations left behind; the first use of the storage makes it.

    Raises:
        SchemaTooNewError: A newer mission runner was here.
    """
    # Imported late: Alembic takes half a second, which only a doctor has.
    from tiers.storage.schema import require_known, schema_versions  # noqa: PLC0415

    with psycopg.connect(**address.connect_arguments(timeout=_PATIENCE)) as connection:
        versions = schema_versions(connection)
    require_known(versions, address.label)
    detail = f"version {', '.join(versions)}" if versions else "none yet: made at the first use"
    yield Check(group=GROUP, name="schema", health=Health.GREEN, detail=detail)


def _postgres_time(address: PostgresAddress) -> tuple[datetime, datetime]:
    """Its time, and ours at that moment."""
    with psycopg.connect(**address.connect_arguments(timeout=_PATIENCE)) as connection:
        before = time.time()
        row = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchone()
        after = time.time()
    assert row is not None  # noqa: S101 - a SELECT without FROM has one row
    return _moment(float(row[0])), _moment((before + after) / 2)


def _valkey_time(address: ValkeyAddress) -> tuple[datetime, datetime]:
    with redis.Redis(**address.connect_arguments(timeout=_PATIENCE)) as client:
        before = time.time()
        seconds, microseconds = client.time()
        after = time.time()
    return _moment(seconds + microseconds / 1e6), _moment((before + after) / 2)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _skew(name: str, theirs: datetime, ours: datetime) -> Check:
    difference = abs(theirs - ours)
    well = difference <= SKEW
    return Check(
        group=GROUP,
        name=name,
        health=Health.GREEN if well else Health.YELLOW,
        detail=f"{difference.total_seconds():.1f} s off ours",
        remedy="" if well else "Let both machines keep time by NTP",
    )
