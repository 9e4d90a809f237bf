"""The oldest and the newest version of each tool that the adapters were tried with, and those
between."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from agents.versions import TRIED, installed_version, version_text
from tests.conftest import requires
from tests.integration.agents.test_billing import (
    SCENES,
    Desk,
    agrees,
    desk,
    test_what_nobody_heard_of_is_booked_when_the_session_goes_on,
)
from tests.integration.agents.test_billing import _bill as bill_of
from tests.integration.agents.tools import CODEX, HAIKU, Tool
from tests.model_server import ModelServer

__all__ = ["desk"]  # the fixture

ROOT = Path(__file__).parents[3]
TOOLS = ROOT / "build" / "ci-tools"  # as .ci/services lays them out
#: By the folder of a set, the versions that it has, as places in `TRIED`.
SETS = {"newest": {"claude": -1, "codex": -1}, "others": {"claude": 1}}
#: Where the adapters read what a tool says, or what it keeps; plans and boundaries are ours.
SCENES_OF = (
    *("test_real_tools.py", "test_billing.py", "test_told_tools.py", "test_sandbox.py"),
    "test_mission_with_real_tools.py",
)

pytestmark = [requires("claude", "codex"), requires(system="linux"), pytest.mark.slow]


def _program(folder: str, name: str) -> Path:
    return TOOLS / folder / "node_modules" / ".bin" / name


def _newest(tool: Tool) -> Tool:
    program = _program("newest", tool.program)
    if not program.exists():
        pytest.skip(f"not installed: {program} (.ci/services installs it)")
    return replace(tool, config=tool.config.model_copy(update={"program": str(program)}))


@pytest.mark.parametrize("tool", [HAIKU, CODEX], ids=lambda tool: tool.name)
@pytest.mark.parametrize("name", ["success", "failed-midway"])
def test_the_newest_version_is_heard_and_booked(tool: Tool, name: str, desk: Desk) -> None:
    scene, newest = SCENES[name], _newest(tool)
    with ModelServer(*scene.steps(tool, desk.worktree), bill=bill_of(tool)) as server:
        result = desk.play(newest, scene, server)
    assert result.outcome is scene.outcome, result.summary
    agrees(result.usage, server, tool, scene)


@pytest.mark.parametrize("tool", [HAIKU, CODEX], ids=lambda tool: tool.name)
def test_the_newest_version_goes_on_after_it_was_killed(tool: Tool, desk: Desk) -> None:
    test_what_nobody_heard_of_is_booked_when_the_session_goes_on(_newest(tool), desk)


def test_the_versions_are_those_that_are_said_to_be_tried() -> None:
    for tool in (HAIKU, CODEX):
        oldest, newest = TRIED[tool.program][0], TRIED[tool.program][-1]
        assert installed_version(tool.program) == oldest
        assert installed_version(str(_newest(tool).config.program)) == newest  # type: ignore[attr-defined]  # a tool's has one
        assert version_text(tool.program, TRIED[tool.program]) == f"{oldest}, which was tried"
        assert "was not tried: 9.9 were" in version_text(tool.program, ("9.9",))
    assert installed_version("no-such-program-at-all") is None
    assert version_text("false", ()) == "of unknown version"


@pytest.mark.soak
@pytest.mark.parametrize("folder", SETS)
def test_every_scene_with_each_further_version(folder: str) -> None:
    """The oldest ones are those that the rest of the tests has on its PATH."""
    for name, place in SETS[folder].items():
        assert installed_version(str(_program(folder, name))) == TRIED[name][place]
    found = _program(folder, "").parent / ".bin"
    scenes = [str(Path(__file__).parent / name) for name in SCENES_OF]
    scenes.append(str(ROOT / "tests" / "walls" / "test_planted_settings.py"))
    played = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "2", "-m", "soak or not soak", *scenes],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{found}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=3_600,
        check=False,
    )
    assert played.returncode == 0, played.stdout[-4_000:]
