"""Operations on the storage tier: boot its services, enable vectors, probe it, examine it.

Each can be run again at any time, waits for the same gates as a merge, and leaves what it checked,
with versions and times, as evidence.
"""

from __future__ import annotations

import time

import psycopg

from errors import TierError
from mission.amounts import counted
from orchestrator.operations.evidence import OperationEnd
from orchestrator.operations.operation import Means
from orchestrator.operations.tier_operation import TierOperation
from orchestrator.ports.assignment import Assignment
from tiers.checks import Health, overall
from tiers.detect import detect
from tiers.doctor import tier_checks
from tiers.pgvector import enable_vector
from tiers.services.service import with_passwords
from tiers.services.ways import Way, choose_services


def compose_boot(means: Means, assignment: Assignment) -> OperationEnd:
    """Start the tier's services, in containers where an engine answers, and wait for them.

    `with: {config: FILE, with: auto|compose|embedded}` in `mission.yaml`.

    Raises:
        ConfigError: `with` has a mistake.
        TierError: A service does not come up.
        StoppedError: The run was stopped meanwhile; what came up stays.
    """
    row = TierOperation(means, assignment)
    config = row.config()
    way = row.argument("with", Way.AUTO)
    if way not in {*Way}:
        raise row.mistake("with", f"is {way!r}", f"There are: {', '.join(Way)}")
    began = time.monotonic()
    row.doing("boots")
    services = choose_services(
        config,
        Way(way),
        starting=lambda line: row.doing("boots", line),
        stop=means.stop,
    )
    services.up(config, lambda line: row.doing("boots", line))
    row.proof.add("services", services.description, since=began)
    states = services.status(config)
    for state in states:
        row.proof.add(state.name, f"{_running(state.running)} at {state.where}: {state.detail}")
    told = ", ".join(f"{state.name} at {state.where} ({state.detail})" for state in states)
    down = [state.name for state in states if not state.running]
    if down:
        return row.failed(f"{services.description}: not running: {', '.join(down)}")
    return row.done(f"{services.description}: {told}")


def pgvector_init(means: Means, assignment: Assignment) -> OperationEnd:
    """Create the vector extension in the tier's Postgres, where it is not there yet.

    Raises:
        TierError: The server has no pgvector, or our user may not create it.
    """
    row = TierOperation(means, assignment)
    config = with_passwords(row.config())
    if config.postgres is None:
        return row.failed(f"the {config.tier} tier has no Postgres of its own")
    began = time.monotonic()
    try:
        with psycopg.connect(**config.postgres.connect_arguments()) as connection:
            version = enable_vector(connection)
            row.proof.add(
                "extension vector", f"in {config.postgres.label}", version=version, since=began
            )
            began = time.monotonic()
            answer = connection.execute("SELECT '[1,2]'::vector <-> '[1,3]'::vector").fetchone()
    except psycopg.OperationalError as error:
        detect(config).require()  # says what is wrong, without a credential
        raise TierError(
            f"Postgres at {config.postgres.where} broke off: {type(error).__name__}",
            hint="`mission tier doctor` examines it",
        ) from None
    distance = answer[0] if answer else None
    row.proof.add("distance query", f"answers {distance}", version=version, since=began)
    return row.done(
        f"vector {version} at {config.postgres.where}; a distance query answers {distance}"
    )


def tier_detect(means: Means, assignment: Assignment) -> OperationEnd:
    """Ask everything that the tier needs, and fail with its first error.

    Raises:
        TierError: Something that the tier needs is not there; with its remedy.
    """
    row = TierOperation(means, assignment)
    began = time.monotonic()
    detection = detect(row.config())
    detection.require()
    for one in detection.results:
        took = f", {one.milliseconds:.0f} ms" if one.milliseconds is not None else ""
        row.proof.add(one.service, f"usable at {one.where}{took}", version=one.version or "")
    row.proof.add("all of them, at once", f"the {detection.tier} tier is usable", since=began)
    told = ", ".join(
        f"{one.service} {one.version or ''} {one.milliseconds or 0:.0f} ms".replace("  ", " ")
        for one in detection.results
    )
    return row.done(f"{detection.tier}: {told}")


def tier_doctor(means: Means, assignment: Assignment) -> OperationEnd:
    """Examine the tier; red fails the row."""
    row = TierOperation(means, assignment)
    began = time.monotonic()
    checks = tier_checks(row.config())
    for check in checks:
        row.proof.add(check.name, f"{check.health}: {check.detail}")
    row.proof.add("overall", str(overall(checks)), since=began)
    red = [check for check in checks if check.health is Health.RED]
    if red:
        told = "; ".join(f"{check.name}: {check.detail}. {check.remedy}" for check in red)
        return row.failed(f"red: {told}")
    return row.done(f"{overall(checks)}: {counted(len(checks), 'check')}")


def _running(running: bool) -> str:
    return "running" if running else "not running"
