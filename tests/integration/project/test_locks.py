"""Locks are taken in the order that docs/architecture.md says, so nobody waits in a circle."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from flows.server import LocalServer
from tests.forge.mission import forge_mission
from tests.forge.server import TOKEN
from tests.scratch import row

ROOT = Path(__file__).parents[3]


def _order() -> dict[str, int]:
    """The modules that make locks, with the place of each in the page's table."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = page.partition("| lock | made in |")[2].partition("\n\n")[0]
    paths = re.findall(r"^\| [^|]+ \| `([\w/]+)\.py` \|", table, re.MULTILINE)
    return {path.replace("/", "."): place for place, path in enumerate(paths)}


def test_the_page_has_every_lock() -> None:
    order = _order()
    made = re.compile(r"\b(?:R?Lock|Condition)\b(?:\(\)|\))(?!:)")
    for package in ("agents", "cli", "flows", "forecast", "forges", "gates", "lookup",
                    "mission", "notifiers", "orchestrator", "policy", "service", "tasks_md",
                    "tiers", "workspace"):  # fmt: skip
        for file in (ROOT / package).rglob("*.py"):
            name = ".".join(file.relative_to(ROOT).with_suffix("").parts)
            fake = name in ("agents.fake", "orchestrator.workers.remote")  # which hold nothing else
            text = file.read_text(encoding="utf-8")
            if made.search(text) and "thread" in text and not fake:
                assert name in order, f"{name} makes a lock that the page does not have"


@pytest.mark.parametrize(("strategy", "commit"), [("batch", "each"), ("serial", "end")])
def test_no_lock_is_taken_against_the_order(
    tmp_path: Path, prefect_server: LocalServer, strategy: str, commit: str
) -> None:
    step = {"name": "nothing", "run": ["true"], "on": ["branch", "merged"]}
    config = {"merge": {"strategy": strategy}, "status": {"commit": commit}, "verify": [step]}
    rows = [row("A", issue="#1"), row("B", issue="#1"), row("C"), row("D", after="A,B")]
    with forge_mission(tmp_path, rows, config=config) as mission:
        mission.server.model.add_issue(1)
        scratch, seen = mission.scratch, tmp_path / "locks"
        ran = subprocess.run(
            [sys.executable, "-m", "tests.lock_watch", seen, "run", scratch.task_file],
            cwd=scratch.top,
            env={
                **os.environ,
                "MISSION_HOME": str(prefect_server.folder.parent),
                "GITEA_TOKEN": TOKEN,
                "NETRC": "/none",
                "PYTHONPATH": str(ROOT),
            },
            capture_output=True,
            text=True,
            check=False,
        )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    order = _order()
    lines = [line.split() for line in seen.read_text().splitlines()]
    alone, pairs = ({tuple(line) for line in lines if len(line) == n} for n in (1, 2))
    assert {name for (name,) in alone} <= set(order)
    assert len(pairs) > 10  # or they were not watched
    # One stop hangs on another: the outer one is asked first.
    pairs -= {("workspace.process", "workspace.process")}
    assert [pair for pair in sorted(pairs) if order[pair[0]] >= order[pair[1]]] == []
