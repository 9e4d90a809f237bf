"""Operations on the storage tier: boot its services, enable vectors, probe it, examine it.

Each can be run again at any time, waits for the same gates as a merge, and leaves what it checked,
with versions and times, in the row's notes.
"""

from __future__ import annotations

from pathlib import Path

import psycopg

from gates.protocol import GateRequest, Purpose
from mission.errors import ConfigError, TierError
from orchestrator.assignment import Assignment
from orchestrator.context import Context
from orchestrator.operations.operation import OperationEnd
from orchestrator.passage import pass_gates
from tiers.checks import Health, overall
from tiers.config import TierConfig, load_tier_config
from tiers.detect import detect
from tiers.doctor import tier_checks
from tiers.pgvector import enable_vector
from tiers.services.service import with_passwords
from tiers.services.ways import Way, choose_services


def compose_boot(context: Context, assignment: Assignment) -> OperationEnd:
    """Start the tier's services, in containers where an engine answers, and wait for them.

    `with: {config: FILE, with: auto|compose|embedded}` in `mission.yaml`.

    Raises:
        TierError: A service does not come up.
    """
    config = _config(context, assignment)
    services = choose_services(config, Way(str(_argument(context, assignment, "with") or "auto")))
    services.up(config, lambda line: context.display.doing(assignment.task.id, "boots", line))
    states = services.status(config)
    down = [state.name for state in states if not state.running]
    told = ", ".join(f"{state.name} at {state.where} ({state.detail})" for state in states)
    if down:
        return OperationEnd(ok=False, word=f"{services.description}: not running: {down}")
    _pass_gates(context, assignment)
    return OperationEnd(ok=True, word=f"{services.description}: {told}")


def pgvector_init(context: Context, assignment: Assignment) -> OperationEnd:
    """Create the vector extension in the tier's Postgres, where it is not there yet.

    Raises:
        TierError: The server has no pgvector, or our user may not create it.
    """
    config = with_passwords(_config(context, assignment))
    if config.postgres is None:
        return OperationEnd(ok=False, word=f"the {config.tier} tier has no Postgres of its own")
    try:
        with psycopg.connect(**config.postgres.connect_arguments()) as connection:
            version = enable_vector(connection)
            answer = connection.execute("SELECT '[1,2]'::vector <-> '[1,3]'::vector").fetchone()
    except psycopg.OperationalError as error:
        detect(config).require()  # says what is wrong, without a credential
        raise TierError(
            f"Postgres at {config.postgres.where} broke off: {type(error).__name__}",
            hint="`mission tier doctor` examines it",
        ) from None
    _pass_gates(context, assignment)
    distance = answer[0] if answer else None
    word = f"vector {version} at {config.postgres.where}; a distance query answers {distance}"
    return OperationEnd(ok=True, word=word)


def tier_detect(context: Context, assignment: Assignment) -> OperationEnd:
    """Ask everything that the tier needs, and fail with its first error.

    Raises:
        TierError: Something that the tier needs is not there; with its remedy.
    """
    detection = detect(_config(context, assignment))
    detection.require()
    _pass_gates(context, assignment)
    told = ", ".join(
        f"{one.service} {one.version or ''} {one.milliseconds or 0:.0f} ms".replace("  ", " ")
        for one in detection.results
    )
    return OperationEnd(ok=True, word=f"{detection.tier}: {told}")


def tier_doctor(context: Context, assignment: Assignment) -> OperationEnd:
    """Examine the tier; red fails the row."""
    checks = tier_checks(_config(context, assignment))
    red = [check for check in checks if check.health is Health.RED]
    if red:
        told = "; ".join(f"{check.name}: {check.detail}. {check.remedy}" for check in red)
        return OperationEnd(ok=False, word=f"red: {told}")
    _pass_gates(context, assignment)
    return OperationEnd(ok=True, word=f"{overall(checks)}: {len(checks)} checks")


def _argument(context: Context, assignment: Assignment, name: str) -> object:
    settings = context.config.tasks.get(assignment.task.id)
    return settings.with_.get(name) if settings is not None else None


def _config(context: Context, assignment: Assignment) -> TierConfig:
    """The tier's configuration: the file named by `with: {config: …}`, else as found by itself."""
    named = _argument(context, assignment, "config")
    if named is None:
        return load_tier_config(folder=context.place.folder)
    path = (context.repository.top / str(named)).resolve()
    if not path.is_relative_to(Path(context.repository.top).resolve()):
        raise ConfigError(
            f"{named} is outside the repository",
            hint=f"Name a file in it as tasks.{assignment.task.id}.with.config",
        )
    return load_tier_config(path)


def _pass_gates(context: Context, assignment: Assignment) -> None:
    base = context.repository.base
    request = GateRequest(
        purpose=Purpose.MERGE, branch=base, base=base, commit=context.repository.fetch_base()
    )
    pass_gates(context, request, task=assignment.task.id, attempt=assignment.attempt.id)
