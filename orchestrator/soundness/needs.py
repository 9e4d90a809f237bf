"""What the runner itself needs of this machine: git, its home, its packages, the agents' tools."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from packaging.requirements import Requirement

import orchestrator
from errors import AgentError
from mission.config import SHIPPED_AGENTS, AgentConfig, ToolAgentConfig, load_config
from mission.place import Place, mission_home
from mission.plan import read_plan
from tiers.checks import Check, Health, Look, examine
from tiers.doctor import disk_check
from workspace.git import Git

GROUP = "runner"
GIT_MINIMUM = (2, 38)  # `git merge-tree --write-tree`
_DISTRIBUTION = "mission-runner"
_WATCHED = ("prefect", "fastapi")  # versions that do not work together crash at import
_PACKAGES = (
    *("agents", "cli", "flows", "gates", "lookup", "mission", "missions", "tasks_md", "tiers"),
    "workspace",
)


def runner_checks(place: Place | None) -> tuple[Check, ...]:
    """Look at everything, for the mission at `place` if there is one. Never raises."""
    looks: list[tuple[str, Look]] = [
        ("git", _git),
        ("worktrees", lambda: _worktrees(place)),
        ("home", _home),
        ("packages", _packages),
        ("names", _names),
        ("agents", lambda: _agents(place)),
    ]
    return examine(GROUP, looks)


def _green(name: str, detail: str) -> Check:
    return Check(group=GROUP, name=name, health=Health.GREEN, detail=detail)


def _red(name: str, detail: str, remedy: str) -> Check:
    return Check(group=GROUP, name=name, health=Health.RED, detail=detail, remedy=remedy)


def _yellow(name: str, detail: str, remedy: str) -> Check:
    return Check(group=GROUP, name=name, health=Health.YELLOW, detail=detail, remedy=remedy)


def _git() -> Iterator[Check]:
    wanted = ".".join(map(str, GIT_MINIMUM))
    try:
        said = subprocess.run(
            ["git", "--version"],  # noqa: S607 - the git that the runner will use: PATH's
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        yield _red("git", "git does not run", f"Install git {wanted} or newer")
        return
    found = re.search(r"(?<!\d)(\d++)\.(\d++)[\d.]*", said)
    if found is None or (int(found[1]), int(found[2])) < GIT_MINIMUM:
        version = found[0] if found else said.strip()
        yield _red("git", f"git {version} is too old", f"Install git {wanted} or newer")
        return
    yield _green("git", found[0].rstrip("."))


def _worktrees(place: Place | None) -> Iterator[Check]:
    # A repository with no mission, or with several of which none was named, is one all the same.
    here = place.repository if place is not None else Path.cwd()
    listed = Git(here).run("worktree", "list", "--porcelain", check=False) if here else None
    if listed is None or listed.code != 0:
        yield _green("worktrees", "no repository here")
        return
    entries = listed.stdout.strip().split("\n\n")
    lost = sum("\nprunable" in entry for entry in entries)
    if lost:
        yield _yellow(
            "worktrees", f"{lost} of {len(entries)} have lost their folder", "git worktree prune"
        )
    else:
        yield _green("worktrees", f"{len(entries)} in this repository")


def _home() -> Iterator[Check]:
    home = mission_home()
    try:
        home.mkdir(mode=0o711, parents=True, exist_ok=True)
        probe = home / ".doctor"
        probe.touch()
        probe.unlink()
    except OSError as error:
        yield _red(
            "home",
            f"{home} cannot be written to: {error.strerror}",
            "Set MISSION_HOME to a folder of yours",
        )
        return
    yield _green("home", str(home))
    yield disk_check(GROUP, home)


def _packages() -> Iterator[Check]:
    """Prefect's and FastAPI's versions against what our own package asks for."""
    try:
        asked = metadata.requires(_DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        yield _red("packages", f"{_DISTRIBUTION} is not installed here", "pip install --editable .")
        return
    required = {
        requirement.name.lower(): requirement
        for requirement in map(Requirement, asked)
        if requirement.marker is None
    }
    for name in _WATCHED:
        wanted = required[name].specifier
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            yield _red(name, f"{name} is not installed", f"pip install '{name}{wanted}'")
            continue
        if wanted.contains(version, prereleases=True):
            yield _green(name, version)
        else:
            yield _red(
                name, f"{name} {version} does not work here", f"pip install '{name}{wanted}'"
            )


def _names() -> Iterator[Check]:
    """Whether `import agents` and the like find our packages, and not somebody else's."""
    root = Path(orchestrator.__file__).resolve().parents[1]
    strangers = []
    for name in _PACKAGES:
        spec = find_spec(name)
        origin = Path(spec.origin).resolve() if spec is not None and spec.origin else None
        if origin is None or origin.parents[1] != root:
            strangers.append(f"`{name}` is {origin or 'not there'}")
    if strangers:
        yield _red(
            "names",
            "; ".join(strangers),
            "Another package has that name: uninstall it, or run from an environment of our own",
        )
    else:
        yield _green("names", f"our packages, in {root}{_installed()}")


def _installed() -> str:
    """Which version of ours was installed."""
    try:
        return f", version {metadata.version(_DISTRIBUTION)}"
    except metadata.PackageNotFoundError:
        return ""  # which is a check of its own


def _agents(place: Place | None) -> Iterator[Check]:
    """The tools. One that is missing matters where an open row wants it."""
    # Imported late: where another package has the name `agents`, the rest must still be said.
    from agents.registry import ADAPTERS, create, settings  # noqa: PLC0415
    from orchestrator.soundness.absent import open_rows  # noqa: PLC0415 - the same

    config = load_config(place.config_file if place is not None else None)
    wanted = open_rows(read_plan(place), config) if place is not None else {}
    for name in sorted({*SHIPPED_AGENTS, *wanted}):
        label = f"agent {name}"
        try:
            own = settings(name, config)
            if own.where == "worker":
                yield _green(label, f"works on the workers of the pool {own.pool}, not here")
                continue
            missing = create(name, own).missing()
        except AgentError as error:
            yield _red(label, error.message, error.hint)
            continue
        rows = len(wanted.get(name, ()))
        if missing is None:
            login = ADAPTERS[own.type].login if own.type in ADAPTERS else None
            told = ["ready"] if login is None else [_version(login.program, own)]
            if login is not None:
                missing = login.missing(os.environ, Path.home(), own)
                told.append("not logged in" if missing else "logged in")
            told += [_open(rows)] if rows else []
            if missing and rows:
                yield _yellow(label, "; ".join(told), missing[0].upper() + missing[1:])
            else:
                yield _green(label, "; ".join(told))
        elif rows:
            yield _yellow(label, f"{_open(rows)} for it", missing)
        else:
            yield _green(label, "not here, and no open row wants it")


def _version(name: str, own: AgentConfig) -> str:
    """The version of an agent's tool. Each program is asked once, whoever uses it."""
    from agents.versions import TRIED, version_text  # noqa: PLC0415 - as above

    program = own.program if isinstance(own, ToolAgentConfig) and own.program else name
    return f"{name} {version_text(program, TRIED.get(name, ()))}"


def _open(rows: int) -> str:
    return f"{rows} open row{'' if rows == 1 else 's'}"
