"""The operation that carries a whole mission out on the standalone tier, without federation.

Mission, repository, Postgres and Valkey are made for it and thrown away. Each of our own processes
writes down its import graph; a module of the federated tier in one of them fails the row.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.resources import as_file
from pathlib import Path

import psycopg

from missions.scratch import Scratch, make_scratch, standalone_plan
from orchestrator.operations.evidence import OperationEnd
from orchestrator.operations.operation import Means
from orchestrator.operations.own_processes import OwnCommands, own_environment
from orchestrator.operations.tier_operation import TierOperation
from orchestrator.ports.assignment import Assignment
from tasks_md.model import DONE
from tasks_md.parse import read
from tiers.federation import federation_modules
from tiers.servers.postgres_binaries import find_postgres
from tiers.servers.throwaway import throwaway_folder, throwaway_postgres, throwaway_valkey
from tiers.settings.address import PostgresAddress, ValkeyAddress
from workspace.process import Stop

_OURS = (
    *("agents", "cli", "errors", "flows", "forges", "gates", "mission", "missions"),
    *("orchestrator", "policy", "service", "tasks_md", "tiers", "workspace"),
)
_TRACE = """
SELECT (SELECT count(*) FROM pg_extension WHERE extname = 'vector')
    + (SELECT count(*) FROM information_schema.columns WHERE column_name = 'embedding')
"""
_PREFECT = ("PREFECT_API_URL", "PREFECT_API_AUTH_STRING")

Graph = Mapping[str, str | None]  # module -> who loaded it first


class _Broken(Exception):  # noqa: N818 - a finding, caught in this module
    """Something of the regression is not as it must be."""


@dataclass(frozen=True, kw_only=True)
class _Regression:
    """One go."""

    row: TierOperation
    folder: Path  # for everything
    commands: OwnCommands
    scratch: Scratch
    graphs: dict[str, Path] = field(default_factory=dict)  # command -> where its graph is

    def imports(self, command: str) -> Path:
        """Where a command's import graph is to go."""
        return self.graphs.setdefault(command, self.folder / f"imports-{len(self.graphs)}.json")

    def run(self, *words: str) -> str:
        """Run a command that must end well; its last lines."""
        command = f"mission {' '.join(words)}"
        self.row.doing("standalone", command)
        named = [str(self.scratch.task_file)] if words[-1] in ("run", "sync") else []
        end = self.commands.run(*words, *named, imports=self.imports(command))
        said = " ".join(end.tail.split())
        if not end.ok:
            raise _Broken(f"`{command}` ended with {end.exit_code}: {said}")
        self.row.proof.add(command, "ended well", seconds=end.seconds)
        return said


def standalone_regression(means: Means, assignment: Assignment) -> OperationEnd:
    """A mission goes from its file to the gateway's answers on a standalone tier of its own.

    Raises:
        TierError: This machine lacks a Postgres or a Valkey.
        StoppedError: The run was stopped meanwhile.
    """
    row = TierOperation(means, assignment)
    row.doing("starts a Postgres and a Valkey")
    plain = False if find_postgres(vector=False) is not None else None
    began = time.monotonic()
    with (
        throwaway_folder() as folder,
        throwaway_postgres(folder, vector=plain) as (postgres, binaries),
        throwaway_valkey(folder) as (valkey, product),
        as_file(standalone_plan()) as plan,
    ):
        kind = "without pgvector" if plain is False else "with pgvector beside it, unused"
        row.proof.add(
            "standalone tier",
            f"Postgres {kind}, {product}",
            version=str(binaries.version),
            since=began,
        )
        scratch = make_scratch(folder / "mission", read(plan), plan.read_bytes(), name="standalone")
        regression = _Regression(
            row=row,
            folder=folder,
            commands=OwnCommands(
                folder=scratch.repository,
                environment=_environment(scratch, postgres, valkey),
                stop=means.stop,
            ),
            scratch=scratch,
        )
        try:
            told = _carry_out(regression, postgres)
        except _Broken as broken:
            return row.failed(str(broken))
        finally:
            if _PREFECT[0] not in os.environ:  # then it started a server of its own
                replace(regression.commands, stop=Stop()).run("server", "stop")
    return row.done(told)


def _environment(
    scratch: Scratch, postgres: PostgresAddress, valkey: ValkeyAddress
) -> dict[str, str]:
    """The standalone tier, and nothing of ours but where Prefect is and what it asks for."""
    kept = {k: v for k, v in own_environment().items() if not k.startswith("MISSION_")}
    prefect = {name: os.environ[name] for name in _PREFECT if name in os.environ}
    passwords = {
        f"MISSION_{name}_PASSWORD": address.password.get_secret_value()
        for name, address in (("DATABASE", postgres), ("VALKEY", valkey))
        if address.password is not None
    }
    return {
        **kept,
        **prefect,
        **passwords,
        # `python3` of the mission's scripted agent must be one that runs: this one.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", os.defpath)]),
        "MISSION_HOME": str(scratch.home),
        "MISSION_TIER": "standalone",
        "MISSION_DATABASE_PORT": str(postgres.port),
        "MISSION_VALKEY_PORT": str(valkey.port),
    }


def _carry_out(regression: _Regression, postgres: PostgresAddress) -> str:
    """Everything, in the order in which a team would; a line about it."""
    regression.run("tier", "detect")
    regression.run("run")
    tasks = read(regression.scratch.task_file).tasks
    done = sum(task.status == DONE for task in tasks)
    if done != len(tasks):
        raise _Broken(f"{done} of {len(tasks)} rows are done")
    regression.run("tier", "sync")
    _ask_gateway(regression, len(tasks))
    _look_for_vectors(regression, postgres)
    processes, modules = _look_at_imports(regression)
    return (
        f"{done} of {len(tasks)} rows done on the standalone tier, and the gateway shows them;"
        f" {processes} processes loaded {modules} modules of ours, none of the federated tier"
    )


def _ask_gateway(regression: _Regression, rows: int) -> None:
    imports = regression.imports("mission gateway serve")
    with regression.commands.gateway(imports=imports) as (client, seconds):
        missions = client.get("/api/v1/missions").raise_for_status().json()["missions"]
        counts = missions[0]["counts"] if missions else {}
        if counts != {DONE: rows}:
            raise _Broken(f"the gateway counts {counts}, not {rows} rows that are done")
        found = client.get("/api/v1/search", params={"q": "module"}).raise_for_status().json()
        if found["way"] != "text" or not found["results"]:
            raise _Broken(f"searching for a word by {found['way']} finds nothing")
    regression.row.proof.add(
        "mission gateway serve",
        f"shows {rows} rows that are done, searches by words",
        seconds=seconds,
    )


def _look_for_vectors(regression: _Regression, postgres: PostgresAddress) -> None:
    with psycopg.connect(**postgres.connect_arguments()) as connection:
        row = connection.execute(_TRACE).fetchone()
    if row is None or row[0]:
        raise _Broken("the standalone storage has traces of vectors")
    regression.row.proof.add("schema", "no extension and no column of vectors")


def _look_at_imports(regression: _Regression) -> tuple[int, int]:
    """How many processes loaded how many modules of ours."""
    loaded: set[str] = set()
    for command, file in regression.graphs.items():
        graph: Graph = json.loads(file.read_text(encoding="utf-8"))
        found = federation_modules(graph)
        if found:
            raise _Broken(f"`{command}` loads {found[0]}: {' > '.join(chain(graph, found[0]))}")
        ours = {name for name in graph if name.partition(".")[0] in _OURS}
        regression.row.proof.add(
            f"import graph of `{command}`",
            f"{len(graph)} modules, {len(ours)} of ours, none of the federated tier",
        )
        loaded |= ours
    return len(regression.graphs), len(loaded)


def chain(graph: Graph, module: str) -> list[str]:
    """Who loaded a module, from the first that did."""
    names = [module]
    while (loader := graph.get(names[0])) is not None and loader not in names:
        names.insert(0, loader)
    return names
