"""Text that others wrote cannot hold the interpreter: each pattern is linear in its length."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from typing import Any

import pytest

from tests.integration.project.patterns import ROOT, calls, sources
from tests.integration.project.trial import CARELESS

# What makes a pattern while it runs, and of what.
ELSEWHERE = {
    "mission/lint/matches.py": "a person's own patterns, from mission.yaml",
    "mission/matching.py": "the same",
    "agents/outcomes.py": "constants of the module",
    "lookup/machine.py": "the mission's folders are all of it, each as it stands",
    "mission/config/document.py": "constants, which its loader holds",
    "mission/config/tools.py": "constants of the module",
    "workspace/settings.py": "the remote's name is part of it",
    "workspace/worktrees.py": "the task's id is part of it",
    "missions/demo/scripted_agent.py": "the heading is part of it",
}


@pytest.fixture(scope="module")
def tried() -> Any:
    """What the patterns did to a process of their own. It bounds the processor's time."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.project.trial"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_no_pattern_is_slow_on_the_worst_megabytes(tried: Any) -> None:
    assert tried["tried"] > 50
    assert tried["too_slow"] == []


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_careless_pattern_would_be_found(tried: Any) -> None:
    assert tried["careless"] == list(CARELESS)


def test_the_trial_knows_all_patterns_but_these() -> None:
    made = {
        str(path.relative_to(ROOT))
        for path in sources()
        for call in calls(path)
        if not isinstance(call.args[0], ast.Constant)
    }
    assert made == set(ELSEWHERE)
