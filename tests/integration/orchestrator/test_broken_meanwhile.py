"""What a person breaks or changes while a run is under way: said as it happens, and at the end."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from cli.carrying_out import _report
from orchestrator.ports.display import RecordingDisplay
from tests.scratch import make, row

pytestmark = pytest.mark.timeout(240)

ACTS = """
import os, pathlib
task, plan = os.environ["MISSION_TASK"], pathlib.Path({folder!r}) / "checkout" / "plan"
def save(name, old, new):
    fresh = plan.with_name("edited")
    fresh.write_text((plan / name).read_text().replace(old, new))
    fresh.replace(plan / name)
if task == "A":
{acts}
pathlib.Path(task + ".txt").write_text(task)
"""


def worker(folder: Path, *acts: str) -> str:
    lines = "\n".join(f"    {act}" for act in acts)
    return ACTS.format(folder=str(folder), acts=lines)


def test_what_is_broken_is_told_again_at_the_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    acts = worker(
        tmp_path,
        'save("TASKS.md", "| feat/c | B |", "| feat/c | Z |")',
        'save("mission.yaml", "agents:", "max_paralel: 3\\nagents:")',
    )
    rows = [row("A"), row("B", after="A"), row("C", after="B")]
    scratch = make(tmp_path, rows, worker=acts)
    display = RecordingDisplay()
    end = scratch.run(display=display)
    assert scratch.statuses() == {"A": "done", "B": "done", "C": "not-started"}
    of_plan, of_settings = end.broken
    assert "These rows cannot run: C (`mission check`" in of_plan
    assert "max_paralel" in of_settings
    assert {of_plan, of_settings} <= set(display.said)
    _report(end, as_json=False)
    out = capsys.readouterr().out
    assert of_plan in out
    assert of_settings in out


def test_settings_that_are_changed_count_from_the_next_run_on(tmp_path: Path) -> None:
    """Another agent, another verification, another limit: the rows of this run have what it began
    with."""
    change = {"verify": [{"name": "no", "run": ["false"]}], "max_parallel": 1}
    acts = worker(
        tmp_path, f'save("mission.yaml", "agents:", {yaml.safe_dump(change) + "agents:"!r})'
    )
    scratch = make(
        tmp_path, [row("A"), row("B", after="A"), row("C", status="blocked")], worker=acts
    )
    display = RecordingDisplay()
    end = scratch.run(display=display)
    assert end.broken == ()
    assert (scratch.statuses()["A"], scratch.statuses()["B"]) == ("done", "done")
    [told] = [told for told in display.said if told.startswith("mission.yaml was changed")]
    assert "(max_parallel, verify)" in told or "(verify, max_parallel)" in told
    scratch.edit("| C | blocked |", "| C | not-started |")
    assert scratch.run().exit_code == 1
    assert scratch.statuses()["C"] == "failed"
