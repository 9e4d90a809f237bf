"""What Prefect has to know before workers can do anything: pools, deployments, limits, watching.

Everything here may be done again at any time; the last one counts.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import yaml
from prefect.automations import AutomationCore
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import StateType
from prefect.deployments.runner import RunnerDeployment
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import EventTrigger, Posture
from prefect.exceptions import ObjectNotFound
from prefect.types.entrypoint import EntrypointType
from prefect.workers.process import ProcessWorker

from flows.attempt import carry_out_attempt
from flows.server import ServerError
from flows.settings import TAG
from flows.trouble import SERVER_TROUBLE, remedy
from mission.config import AgentConfig

AUTOMATION = "mission-runner: runs whose machine died"
_FILE = Path(__file__).with_name("prefect.yaml")  # in a wheel, too; the root links to it
_SECONDS = 300  # for `prefect deploy`
_HEARTBEAT = "prefect.flow-run.heartbeat"
_ENDS = ("Completed", "Failed", "Cancelled", "Crashed")
_ENVIRONMENT = {
    # The ephemeral server loses task runs while the flow says that all went well.
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
    # Prefect's shortest; the automation waits for some of them.
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployed:
    """What is set up in Prefect by now."""

    pools: tuple[str, ...]
    deployments: tuple[str, ...]  # flow/name
    limits: Mapping[str, int]  # deployment -> runs at the same time
    automation: str  # its name
    lost_after: float  # seconds without a sign of life


def deploy(agents: Mapping[str, AgentConfig], *, lost_after: timedelta) -> Deployed:
    """Set up the missions' deployments of prefect.yaml, and one for each of `agents`.

    Args:
        agents: Those that work on workers, by name, with their settings.
        lost_after: How long a run may give no sign of life; it gives one every 30 s.

    Raises:
        ServerError: Prefect refused something.
    """
    missions = yaml.safe_load(_FILE.read_text(encoding="utf-8"))["deployments"]
    pools = {str(one["work_pool"]["name"]) for one in missions}
    pools |= {config.pool for config in agents.values()}
    try:
        with get_client(sync_client=True) as client:
            for pool in sorted(pools):
                _ensure_pool(client, pool)
            _watch(client, lost_after)
        _deploy_file()
        for name, config in agents.items():
            _deploy_agent(name, config)
    except SERVER_TROUBLE as error:
        raise ServerError(f"Prefect refused: {error}", hint=remedy(error)) from error
    return Deployed(
        pools=tuple(sorted(pools)),
        deployments=(
            *(f"{one['name']}/{one['name']}" for one in missions),
            *(f"{carry_out_attempt.name}/{name}" for name in agents),
        ),
        limits={name: c.parallel for name, c in agents.items() if c.parallel is not None},
        automation=AUTOMATION,
        lost_after=lost_after.total_seconds(),
    )


def _ensure_pool(client: SyncPrefectClient, name: str) -> None:
    """A pool of process workers, unless there is one of that name: people may have changed it."""
    try:
        client.read_work_pool(name)
    except ObjectNotFound:
        client.create_work_pool(
            WorkPoolCreate(
                name=name,
                type=ProcessWorker.type,
                base_job_template=ProcessWorker.get_default_base_job_template(),
            )
        )


def _deploy_file() -> None:
    """What `prefect deploy --all` does, where our packages are: the checkout, or an environment.

    Raises:
        ServerError: It failed.
    """
    done = subprocess.run(
        [
            *(sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"),
            *("--prefect-file", str(_FILE)),
        ],
        cwd=_FILE.parents[1],
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().rpartition("\n")[2]
        raise ServerError(f"`prefect deploy --all` failed: {said}")


def _deploy_agent(name: str, config: AgentConfig) -> None:
    """A deployment of the flow `attempt`. Workers import it from the runner that they have."""
    RunnerDeployment.from_flow(
        carry_out_attempt,
        name=name,
        description=f"Attempts by {name}, for missions that run elsewhere.",
        tags=[TAG],
        concurrency_limit=config.parallel,
        work_pool_name=config.pool,
        job_variables={"env": _ENVIRONMENT},
        entrypoint_type=EntrypointType.MODULE_PATH,
    ).apply()


def _watch(client: SyncPrefectClient, lost_after: timedelta) -> None:
    """The automation that marks our runs as crashed when they give no sign of life any more."""
    wanted = AutomationCore(
        name=AUTOMATION,
        description="`mission deploy` made it, and writes it anew.",
        trigger=EventTrigger(
            after={_HEARTBEAT},
            expect={_HEARTBEAT, *(f"prefect.flow-run.{end}" for end in _ENDS)},
            match={"prefect.resource.id": "prefect.flow-run.*"},
            match_related={
                "prefect.resource.role": "tag",
                "prefect.resource.id": f"prefect.tag.{TAG}",
            },
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=lost_after,
        ),
        actions=[
            ChangeFlowRunState(
                name=None,
                state=StateType.CRASHED,
                force=False,
                message="It gave no sign of life any more: its machine or its process died.",
            )
        ],
    )
    found = client.read_automations_by_name(AUTOMATION)
    for one in found:
        client.update_automation(one.id, wanted)
    if not found:
        client.create_automation(wanted)
