"""What `mission deploy` sets up in Prefect, and what it says of it."""

from __future__ import annotations

import shlex
import sys
from dataclasses import asdict
from pathlib import Path

from agents.registry import settings as agent_settings
from cli.console import fact, print_json, printable, talk
from cli.typed_here import place_at
from errors import UsageError
from flows.reach import Reached, reach
from flows.settings import AUTH_STRING
from mission.config import SHIPPED_AGENTS, AgentConfig, load_config, parse_duration

SHORTEST = "40s"  # a run gives a sign of life every 30 s


def deploy_and_tell(path: str | None, lost_after: str, *, as_json: bool) -> None:
    """Set up in Prefect what workers need, and say what there is then.

    Args:
        path: The mission's, for its agents; None: the one here, if there is one.
        lost_after: Without a sign of life for so long a run counts as lost.

    Raises:
        UsageError: There is no mission at `path`, or the time is none, or too short.
        ServerError: Prefect's server cannot be started or reached.
    """
    agents = _on_workers(path)
    try:
        patience = parse_duration(lost_after)
    except ValueError as error:
        raise UsageError(f"--lost-after: {error}") from error
    if patience < parse_duration(SHORTEST):
        raise UsageError(
            f"--lost-after {lost_after} is too short: a run gives a sign of life every 30s",
            hint=f"The shortest is {SHORTEST}",
        )
    server = reach(talk)
    # Prefect reads its settings as it is imported, and `reach` has just made them.
    from flows.deploy import deploy as set_up  # noqa: PLC0415 - imports Prefect, after `reach`

    done = set_up(agents, lost_after=patience)
    if as_json:
        print_json({"api": server.api, **asdict(done)})
        return
    fact(f"Prefect at {server.api}")
    for name in done.deployments:
        fact(printable(f"  deployment {name}"))
    for name, limit in done.limits.items():
        fact(printable(f"  {name}: {limit} at the same time"))
    for pool in done.pools:
        fact(printable(f"  {_worker_command(server, pool)}"))
    fact(f"  a run without a sign of life counts as lost after {lost_after}")


def _worker_command(server: Reached, pool: str) -> str:
    """What starts a worker, for a shell. The local server's secret is read when it is run, so that
    it stands neither here nor on the command line of a process."""
    start = f"worker start --pool {shlex.quote(pool)}"
    if server.secret_file is None:
        url = f"PREFECT_API_URL={shlex.quote(server.api)}"
        return f"{url} prefect {start}   # on each machine of this pool"
    secret = f'"$(cat {shlex.quote(str(server.secret_file))})"'
    program = shlex.quote(str(Path(sys.executable).with_name("prefect")))
    return f"PREFECT_API_URL={server.api} {AUTH_STRING}={secret} {program} {start}"


def _on_workers(path: str | None) -> dict[str, AgentConfig]:
    """The agents that the mission lets work on workers.

    Raises:
        UsageError: There is no mission at `path`.
    """
    try:
        place = place_at(path)
    except UsageError as error:
        if path is not None:
            raise
        talk(f"Without the agents of a mission: {printable(error.message)}")
        return {}
    config = load_config(place.config_file)
    names = sorted({*SHIPPED_AGENTS, *config.agents})
    found = {name: agent_settings(name, config) for name in names}
    return {name: one for name, one in found.items() if one.where == "worker"}
