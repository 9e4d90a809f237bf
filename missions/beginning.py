"""A mission as it was before anything of it was done, and a tier of its own to be built by it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import yaml

from mission.state import Status
from tasks_md.edit import CellChange, set_cells
from tasks_md.model import Plan

CONFIG = "mission.config.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ports:
    """Where on loopback the tier's services are to be."""

    postgres: int
    valkey: int


def reset(plan: Plan) -> bytes:
    """The plan's file with every row not started, and what finished ones noted taken out."""
    changes = [
        CellChange(task=task.id, column=column, value=value)
        for task in plan.tasks
        if task.status != Status.NOT_STARTED
        for column, value in (("status", Status.NOT_STARTED.value), ("notes", ""))
        if column in task.cells
    ]
    return set_cells(plan, changes).encode("utf-8", "surrogateescape")


def operations_for(plan: Plan) -> dict[str, object]:
    """The rows of a plan that the shipped mission has operations for, and these."""
    shipped = resources.files("missions").joinpath("federation-v1", "mission.yaml")
    tasks: dict[str, object] = yaml.safe_load(shipped.read_text(encoding="utf-8"))["tasks"]
    return {name: settings for name, settings in tasks.items() if name in plan.by_id}


def put_tier(top: Path, mission_yaml: Path, plan: Plan, ports: Ports) -> None:
    """Configure the federated tier on these ports, and let rows run the operations on it."""
    config = {
        "tier": "federated",
        "storage": {"port": ports.postgres},
        "queue": {"port": ports.valkey},
    }
    (top / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    with mission_yaml.open("a", encoding="utf-8") as file:
        file.write("\n" + yaml.safe_dump({"tasks": operations_for(plan)}, sort_keys=False))
