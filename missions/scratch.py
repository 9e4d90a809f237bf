"""A scratch repository with a bare remote, and a mission in it: where the demo runs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from git import Repo

from errors import UsageError
from mission.config import load_config
from mission.state import Status
from missions.beginning import Ports, put_tier
from tasks_md.model import AUTO, Plan, Task

# Whatever a person has set for all repositories, the demo must not sign or run their hooks.
_SETTINGS = {
    "user.name": "Mission demo",
    "user.email": "demo@mission.invalid",
    "commit.gpgsign": "false",
    "core.hooksPath": ".git/hooks",
    "core.autocrlf": "false",
}

_README = """\
# Gateway

The gateway's storage runs on one of three tiers. The plan is in [{plan}]({plan}).
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scratch:
    """Where everything of one demo lies; all of it is below `folder`."""

    folder: Path
    repository: Path  # the orchestrator's checkout
    remote: Path  # the bare repository that it pushes to
    task_file: Path  # in `repository`
    home: Path  # the runner's own state: worktrees, the local Prefect server


def shipped_plan() -> Traversable:
    """The `TASKS.md` of Federation v1 as it ships."""
    return resources.files("missions").joinpath("federation-v1", "TASKS.md")


def standalone_plan() -> Traversable:
    """The `TASKS.md` of a small mission, for the regression of the standalone tier."""
    return resources.files("missions").joinpath("standalone", "TASKS.md")


def make_scratch(
    folder: Path,
    plan: Plan,
    content: bytes,
    *,
    name: str = "federation-v1",
    tier: Ports | None = None,
) -> Scratch:
    """Make the repository, its remote and its history.

    Args:
        folder: An empty folder, or one that is still to be made.
        plan: The mission; its finished rows become the history, so that the open ones find it.
        content: The bytes of the task file, which go into the repository unchanged.
        name: Of the folder below `missions/` that gets it.
        tier: Where the services of a federated tier of the mission's own are to be; None: it has
            none, and its rows run no operations.

    Raises:
        UsageError: The folder holds something.
        GitError: Git refused.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty", hint="Give --folder a new or an empty folder")
    scratch = Scratch(
        folder=folder,
        repository=folder / "checkout",
        remote=folder / "remote.git",
        task_file=folder / "checkout" / "missions" / name / "TASKS.md",
        home=folder / "home",
    )
    _make_remote(scratch.remote)
    with _make_checkout(scratch) as repository:
        _put_mission(scratch, plan, content)
        if tier is not None:
            put_tier(scratch.repository, scratch.task_file.with_name("mission.yaml"), plan, tier)
        _commit(repository, "Put the mission in")
        for task in plan.tasks:
            if task.status == Status.DONE:
                _put_finished(scratch.repository, task)
                _commit(repository, f"{task.id}: {_title(task)}\n\nTask: {task.id}")
        repository.remote().push("main", set_upstream=True).raise_if_error()
    return scratch


def _make_remote(remote: Path) -> None:
    with Repo.init(remote, bare=True, initial_branch="main") as repository:
        _set(repository, {"core.hooksPath": "hooks"})
    (remote / "ci").mkdir()


def _make_checkout(scratch: Scratch) -> Repo:
    repository = Repo.init(scratch.repository, initial_branch="main")
    repository.create_remote("origin", str(scratch.remote))
    _set(repository, _SETTINGS)
    return repository


def _set(repository: Repo, settings: Mapping[str, str]) -> None:
    with repository.config_writer() as config:
        for key, value in settings.items():
            section, _, name = key.partition(".")
            config.set_value(section, name, value)


def _put_mission(scratch: Scratch, plan: Plan, content: bytes) -> None:
    path = scratch.task_file.relative_to(scratch.repository).as_posix()
    scratch.task_file.parent.mkdir(parents=True)
    scratch.task_file.write_bytes(content)
    config = scratch.task_file.with_name("mission.yaml")
    _ship("mission.yaml", config)
    _script_every_agent(config, plan)
    tools = scratch.repository / "tools"
    tools.mkdir()
    for name in ("scripted_agent.py", "ci-queue-wait.sh", "check_links.py"):
        _ship(name, tools / name)
    readme = scratch.repository / "README.md"
    readme.write_text(_README.format(plan=path), encoding="utf-8")


def _script_every_agent(config: Path, plan: Plan) -> None:
    """The plan may name agents that the shipped `mission.yaml`, which ends with them, does not."""
    known = load_config(config).agents
    named = dict.fromkeys([*plan.agents, *(task.agent for task in plan.tasks)])
    more = [name for name in named if name != AUTO and name not in known]
    with config.open("a", encoding="utf-8") as file:
        file.writelines(f"  {json.dumps(name)}: *scripted\n" for name in more)


def _ship(name: str, target: Path) -> None:
    target.write_bytes(resources.files("missions").joinpath("demo", name).read_bytes())


def start_ci(scratch: Scratch) -> None:
    """From now on a push keeps the remote's pretended CI busy for two seconds."""
    hook = scratch.remote / "hooks" / "post-receive"
    _ship("post-receive.sh", hook)
    hook.chmod(0o755)


def _put_finished(repository: Path, task: Task) -> None:
    """What a finished row left behind: one page, so that there is something to review."""
    page = repository / "delivered" / (re.sub(r"\W+", "-", task.id).lower() + ".txt")
    page.parent.mkdir(exist_ok=True)
    page.write_text(f"{task.id}\n\n{task.description}\n\n{task.notes}\n", encoding="utf-8")


def _title(task: Task) -> str:
    first = task.description.splitlines()[0] if task.description else task.id
    return first if len(first) <= 60 else f"{first[:59].rstrip()}…"


def _commit(repository: Repo, message: str) -> None:
    repository.git.add(all=True)
    repository.index.commit(message, skip_hooks=True)
