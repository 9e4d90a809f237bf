"""What mission.yaml names and the machine or the repository lacks: `mission check` tells it, and
`mission run` refuses it before anything starts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from errors import FindingsError
from mission.journal import RequestKind
from orchestrator.ports.display import RecordingDisplay
from orchestrator.run import apply_requests
from tests.command import answer, run
from tests.scratch import Scratch, make, row
from workspace.process import Stop

CONFIG: dict[str, object] = {
    "base": "main",
    "remote": "origin",
    "qa": [{"match": {"branch": "feat/a"}}],
    "verify": [{"name": "look", "run": ["tools/look.sh"]}],
    "gates": [{"type": "script", "run": ["tools/queue.sh", "{purpose}"]}],
    "tasks": {"A": {"agent": "other"}},
    "notify": {
        "to": [
            {"type": "webhook", "shape": "slack", "address_file": "~/chat"},
            {"type": "command", "run": ["tools/queue.sh", "{title}"]},
        ]
    },
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Scratch:
    """A mission with nothing to find in it."""
    scratch = make(tmp_path_factory.mktemp("sound"), [row("A"), row("B")], config=CONFIG)
    tools = scratch.top / "tools"
    tools.mkdir()
    (scratch.top / ".gitignore").write_text("built.sh\n")
    for name, mode in (("look.sh", 0o755), ("queue.sh", 0o755), ("plain.sh", 0o644)):
        (tools / name).write_text("#!/bin/sh\n")
        (tools / name).chmod(mode)
    scratch.git.run("add", "--all")
    scratch.git.run("commit", "--quiet", "-m", "Tools")
    scratch.git.run("push", "--quiet", "origin", "main", "main:maintenance")
    scratch.git.run("update-ref", "-d", "refs/remotes/origin/maintenance")  # nobody heard of it
    for name in ("fresh.sh", "built.sh"):
        (tools / name).write_text("#!/bin/sh\n")
        (tools / name).chmod(0o755)
    return scratch


@pytest.fixture
def mission(sound: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scratch]:
    """The same, put right again afterwards."""
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    kept = {file: file.read_bytes() for file in sound.task_file.parent.iterdir()}
    yield sound
    for file in sound.task_file.parent.iterdir():
        file.unlink()
    for file, content in kept.items():
        file.write_bytes(content)


def change(mission: Scratch, *changes: tuple[str, str]) -> str:
    """The settings with one text in place of another."""
    file = mission.task_file.parent / "mission.yaml"
    text = file.read_text()
    for right, wrong in changes:
        assert right in text
        text = text.replace(right, wrong, 1)
    file.write_text(text)
    return text


def place_of(text: str, what: str) -> tuple[int, int]:
    """Line and column of the first place where `what` stands."""
    before = text[: text.index(what)]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


# what stands in the settings, what stands there instead, the rule, its place, what is said
SLIPS = [
    ("base: main", "base: mian", "unknown-base", "base", "Did you mean main?"),
    ("remote: origin", "remote: orign", "unknown-remote", "remote", "Did you mean origin?"),
    ("- tools/look.sh", "- tools/lok.sh", "missing-program", "tools/lok", "not in the repository"),
    ("- tools/look.sh", "- tools/fresh.sh", "uncommitted-program", "tools/fre", "git add tools/fr"),
    ("- tools/look.sh", "- tools/plain.sh", "missing-program", "tools/plain", "--chmod=+x"),
    ("- tools/look.sh", "- ./tools", "missing-program", "./tools", "not as a program"),
    ("- tools/look.sh", "- ../look.sh", "missing-program", "../look", "out of the repository"),
    ("- tools/look.sh", "- no-such-program", "missing-program", "no-such", "not installed"),
    ("- tools/look.sh", "- /no/such/program", "missing-program", "/no/such", "no file"),
    ("- tools/queue.sh", "- tools/quue.sh", "missing-program", "tools/quue", "no file"),
    ("- tools/queue.sh", "- tools/fresh.sh", "uncommitted-program", "tools/fresh", "no commit"),
    ("branch: feat/a", "brnch: feat/a", "unknown-column", "brnch", "Did you mean branch?"),
    ("  A:", "  AA:", "unknown-task", "AA", "Did you mean A?"),
    ("{title}", "{titel}", "unknown-placeholder", "'{titel}'", "Did you mean title?"),
    ("shape: slack", "shape: slak", "bad-value", "shape: slak", "Did you mean slack?"),
    ("type: webhook", "type: wbhook", "unknown-type", "type: wbhook", "webhook"),
]


@pytest.mark.parametrize(("right", "wrong", "rule", "place", "said"), SLIPS)
def test_a_slip_is_told_and_refused(
    mission: Scratch,
    capsys: pytest.CaptureFixture[str],
    right: str,
    wrong: str,
    rule: str,
    place: str,
    said: str,
) -> None:
    line, column = place_of(change(mission, (right, wrong)), place)
    told = json.loads(answer(capsys, "check", str(mission.task_file), "--json", code=1))
    (one,) = told["findings"]
    assert (one["rule"], one["line"], one["column"]) == (rule, line, column)
    assert one["path"].endswith("mission.yaml")
    assert said in one["message"] + one["hint"]
    refused = run(capsys, "run", str(mission.task_file), code=2)
    assert f"mission.yaml:{line}:{column}: {one['message']}" in refused


def test_an_address_in_the_repository_is_told_and_refused(
    mission: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    planted = f"{mission.top}/plan/chat"
    line, column = place_of(change(mission, ("~/chat", planted)), "address_file")
    told = json.loads(answer(capsys, "check", str(mission.task_file), "--json", code=1))
    (one,) = told["findings"]
    assert (one["rule"], one["line"], one["column"]) == ("planted-secret", line, column)


def test_a_pattern_that_is_none_hides_no_other_finding(
    mission: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    mission.edit("| worker | feat/b |", "| — | feat/b |")
    unclosed = 'routing: [{match: {description: "(unclosed"}, agent: codex}]\nbase: mian'
    change(mission, ("base: main", unclosed))
    told = json.loads(answer(capsys, "check", str(mission.task_file), "--json", code=1))
    assert {"bad-pattern", "unknown-base"} <= {one["rule"] for one in told["findings"]}
    refused = run(capsys, "run", str(mission.task_file), code=2)
    assert "is no regular expression" in refused
    assert "mian" in refused


def test_an_agent_that_cannot_start_here_is_told_once(
    mission: Scratch, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GLM_API_KEY", raising=False)
    monkeypatch.delenv("ZAI_API_KEY", raising=False)
    mission.edit("| worker | feat/b |", "| glm-5.1 | feat/b |")
    told = json.loads(answer(capsys, "check", str(mission.task_file), "--json", code=0))
    (one,) = told["findings"]
    assert (one["rule"], one["severity"], one["task"]) == ("absent-agent", "warning", "B")
    line = mission.task_file.read_text().split("\n")[one["line"] - 1]
    assert line[one["column"] - 1 :].startswith("glm-5.1 |")
    assert one["message"] == "B would go to glm-5.1, which cannot start here"
    assert "set " in one["hint"]


def test_a_branch_that_the_repository_cannot_have(
    mission: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    mission.edit("| feat/b |", "| main/b |")
    told = json.loads(answer(capsys, "check", str(mission.task_file), "--json", code=1))
    (one,) = told["findings"]
    assert (one["rule"], one["severity"], one["task"]) == ("invalid-branch", "error", "B")
    line = mission.task_file.read_text().split("\n")[one["line"] - 1]
    assert line[one["column"] - 1 :].startswith("main/b |")
    refused = run(capsys, "run", str(mission.task_file), code=2)
    assert "branch main/b cannot exist beside the base main" in refused

    mission.edit("| main/b |", "| maintenance/b |")
    mission.git.run("update-ref", "refs/remotes/origin/maintenance", "main")
    told = json.loads(answer(capsys, "check", str(mission.task_file), "--json", code=0))
    mission.git.run("update-ref", "-d", "refs/remotes/origin/maintenance")
    assert [(one["rule"], one["severity"]) for one in told["findings"]] == [
        ("invalid-branch", "warning")
    ]

    mission.edit("| maintenance/b |", "| Feat/A |")
    kept = mission.git.run("config", "--get", "core.ignorecase", check=False).text
    assert kept != "true"
    answer(capsys, "check", str(mission.task_file), "--json", code=0)
    mission.git.run("config", "core.ignorecase", "true")
    told = json.loads(answer(capsys, "check", str(mission.task_file), "--json", code=1))
    mission.git.run("config", "--unset", "core.ignorecase")
    assert [(one["rule"], one["task"]) for one in told["findings"]] == [("branch-in-use", "B")]


def test_all_of_them_take_one_round(mission: Scratch, capsys: pytest.CaptureFixture[str]) -> None:
    slips = [
        slip[:2] for slip in SLIPS if slip[3] in {"base", "remote", "tools/lok", "brnch", "AA"}
    ]
    change(
        mission, *slips, ("tools/queue.sh", "tools/quue.sh"), ("verify:", "max_paralel: 3\nverify:")
    )
    mission.edit("| other |", "| othr |")
    mission.edit("| B | not-started", "| B | not-strted")
    told = json.loads(answer(capsys, "check", str(mission.task_file), "--json", code=1))
    assert told["errors"] == 8
    for command in (("run",), ("run", "--dry-run")):
        refused = run(capsys, *command, str(mission.task_file), code=2)
        assert refused.count("mission.yaml:") + refused.count("TASKS.md:") == 8
    said = json.loads(answer(capsys, "run", str(mission.task_file), "--json", code=2))
    assert len(said["error"]["findings"]) == 8


def test_what_an_earlier_step_makes_is_a_warning(
    mission: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    change(mission, ("- tools/look.sh", "- tools/built.sh"))
    assert "no errors, 1 warning" in run(capsys, "check", str(mission.task_file))


def test_a_base_that_only_the_remote_knows_is_there(
    mission: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    change(mission, ("base: main", "base: maintenance"))
    assert "no errors, no warnings" in run(capsys, "check", str(mission.task_file))


def test_what_is_no_yaml_hides_nothing_of_the_plan(
    mission: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    (mission.task_file.parent / "mission.yaml").write_text("qa: [\n")
    (mission.task_file.parent / "Mission.yml").write_text("qa: []\n")
    mission.edit("| B | not-started", "| B | not-strted")
    told = json.loads(answer(capsys, "check", str(mission.task_file), "--json", code=2))
    rules = [one["rule"] for one in told["findings"]]
    assert {"unreadable-settings", "stray-settings", "unknown-status"} <= set(rules)


def test_nobody_approves_what_the_rules_cannot_be_held_against(mission: Scratch) -> None:
    mission.edit("| B | not-started", "| B | needs-qa")
    change(mission, ("branch: feat/a", "brnch: feat/a"))
    with mission.journal() as journal:
        journal.submit_request(RequestKind.APPROVE, "B", by="a test")
    with pytest.raises(FindingsError, match="no such column"):
        apply_requests(str(mission.task_file), RecordingDisplay(), Stop())


def test_a_column_that_goes_while_the_run_is_on_stops_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The column that a rule for approval looks at is renamed while the first row works."""
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "home"))
    plan = tmp_path / "checkout" / "plan" / "TASKS.md"
    worker = f"""
import os, pathlib
task, plan = os.environ["MISSION_TASK"], pathlib.Path({str(plan)!r})
if task == "A":
    fresh = plan.with_name("fresh.md")
    fresh.write_text(plan.read_text().replace("| risk |", "| rsk |"))
    fresh.replace(plan)
pathlib.Path(f"{{task}}.txt").write_text("work")
"""
    scratch = make(
        tmp_path, [row("A"), row("B", after="A")], worker=worker,
        config={"qa": [{"match": {"risk": "high"}}]},
    )  # fmt: skip
    text = plan.read_text().replace("| notes |\n", "| notes | risk |\n")
    text = text.replace("| --- |\n", "| --- | --- |\n").replace("|  |\n", "|  | high |\n")
    plan.write_text(text)
    scratch.git.run("commit", "--quiet", "--all", "-m", "Risk")
    scratch.git.run("push", "--quiet", "origin", "main")
    with pytest.raises(FindingsError, match=r"qa\[0\].match.risk: the plan has no such column"):
        scratch.run()
    assert scratch.merged() == []
