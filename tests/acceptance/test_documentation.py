"""What the documents say is there: commands, options, make targets, examples, links."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer import _click as click

from agents.protocol import Agent, Brief
from cli.reference import commands, reference
from mission.config import AgentConfig, MissionConfig, parse_config
from mission.outcome import Outcome
from orchestrator.operations.catalogue import OPERATIONS
from tasks_md.lint import lint
from tasks_md.parse import parse
from workspace.process import Stop

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
COMMANDS = ROOT / "docs" / "commands.md"
WALKTHROUGH = ROOT / "docs" / "walkthrough.md"
PAGES = [README, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")]


def _blocks(page: Path, language: str) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def _told(page: Path) -> Iterator[list[str]]:
    """Every command line of `mission` or `make` that a page shows, as words."""
    text = page.read_text(encoding="utf-8")
    lines = [
        line.removeprefix("$ ") for block in _blocks(page, "console") for line in block.split("\n")
    ]
    for told in [*lines, *re.findall(r"`((?:mission|make) [^`\n]+)`", text)]:
        if told.startswith(("mission ", "make ")):
            yield shlex.split(told.replace("|", " | "), comments=True)


@cache
def _commands() -> dict[str, click.Command]:
    """Every command by its words: `gate queue`."""
    return dict(commands())


def _options(command: click.Command) -> set[str]:
    names = [name for part in command.params for name in (*part.opts, *part.secondary_opts)]
    return {name for name in names if name.startswith("--")}


def _accepted(words: list[str]) -> set[str]:
    """The options of the command that `words` begin with; of a whole group: none."""
    for length in (3, 2, 1):
        name = " ".join(words[:length])
        if name in _commands():
            return _options(_commands()[name])
    if any(known.startswith(f"{words[0]} ") for known in _commands()) and len(words) == 1:
        return set()
    raise AssertionError(f"there is no command `mission {' '.join(words)}`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_a_page_names_is_there(page: Path) -> None:
    targets = re.findall(
        r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
    )
    for words in _told(page):
        if words[0] == "make":
            told = [word for word in words[1:] if "=" not in word and not word.startswith("-")]
            assert not set(told) - {*targets, "TARGET"}, f"{page.name}: {shlex.join(words)}"
            continue
        if words[1] == "COMMAND":
            continue
        options = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert not options - {*_accepted(words[1:]), "--help"}, f"{page.name}: {shlex.join(words)}"


def test_the_readme_starts_with_the_two_commands() -> None:
    assert _blocks(README, "console")[0].split("\n")[:2] == ["make demo", "make test"]


def test_every_command_and_option_is_documented() -> None:
    text = COMMANDS.read_text(encoding="utf-8")
    assert text == reference(), "docs/commands.md is stale: run `make docs`"
    for name, command in _commands().items():
        assert command.help, f"mission {name} says nothing of itself"
        assert f"### `mission {name}`" in text
        for option in _options(command):
            assert f"`{option}" in text or f" {option}" in text


def test_the_readme_is_short() -> None:
    assert len(README.read_text(encoding="utf-8").split("\n")) <= 131


def test_the_example_of_mission_yaml_is_accepted_and_shows_every_key() -> None:
    (example,) = _blocks(WALKTHROUGH, "yaml")
    config = parse_config(example.encode(), WALKTHROUGH.name)
    assert config.model_fields_set == set(MissionConfig.model_fields)


@pytest.mark.parametrize(
    ("page", "tasks"), [(WALKTHROUGH, 4), (README, 3)], ids=lambda value: getattr(value, "name", "")
)
def test_the_example_of_a_plan_is_in_order(page: Path, tasks: int) -> None:
    (example,) = _blocks(page, "markdown")
    plan = parse(example)
    assert [task.id for task in plan.tasks] == [f"PAY-{n}" for n in range(1, tasks + 1)]
    assert [found.message for found in lint(plan)] == []


def test_the_readmes_settings_fit_its_plan(tmp_path: Path) -> None:
    """Its five steps, as far as `mission check` sees them."""
    for name, language in (("TASKS.md", "markdown"), ("mission.yaml", "yaml")):
        (example,) = _blocks(README, language)
        (tmp_path / name).write_text(example, encoding="utf-8")
    checked = subprocess.run(
        [sys.executable, "-P", "-m", "cli", "check", tmp_path, "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert json.loads(checked.stdout)["findings"] == [], checked.stderr


def test_the_recorded_run_is_one_of_the_shipped_mission() -> None:
    """Its rows, and the operation or agent that each of them names today."""
    (recorded,) = _blocks(WALKTHROUGH, "text")
    file = ROOT / "missions" / "federation-v1" / "TASKS.md"
    rows = {task.id for task in parse(file.read_text(encoding="utf-8")).tasks}
    assert set(re.findall(r"^([A-Z0-9-]+): done", recorded, re.MULTILINE)) == rows
    assert set(re.findall(r"^([A-Z0-9-]+):", recorded, re.MULTILINE)) == rows
    operations = set(re.findall(r"operation:(\S+)", recorded))
    assert operations
    assert operations <= set(OPERATIONS)
    (look,) = _blocks(README, "text")
    assert set(re.findall(r"^([A-Z0-9-]+):", look, re.MULTILINE)) <= rows


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(
        r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_shipped_mission_has_no_findings_but_placeholders() -> None:
    file = ROOT / "missions" / "federation-v1" / "TASKS.md"
    plan = parse(file.read_text(encoding="utf-8"), path=str(file))
    assert len(plan.tasks) == 12
    assert {found.severity for found in lint(plan)} <= {"info"}


def test_the_example_of_an_agent_runs(tmp_path: Path) -> None:
    """The class in CONTRIBUTING, with a program called acme that answers."""
    (example,) = [b for b in _blocks(ROOT / "CONTRIBUTING.md", "python") if "AcmeAgent" in b]
    names: dict[str, Any] = {}
    exec(compile(example, "CONTRIBUTING.md", "exec"), names)  # noqa: S102  the example itself is under test
    agent: Agent = names["AcmeAgent"]("acme", AgentConfig(type="acme"))
    assert "acme is not installed" in (agent.missing() or "")
    program = tmp_path / "bin" / "acme"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\ncat >brief.txt\necho "used $2"\n', encoding="utf-8")
    program.chmod(0o755)
    brief = Brief(
        task="A",
        attempt=1,
        agent="acme",
        text="Do it\n",
        worktree=tmp_path,
        log=tmp_path / "log.txt",
        scratch=tmp_path / "scratch",
        environment={"PATH": f"{program.parent}:{os.defpath}"},
    )
    result = agent.run(brief, Stop())
    assert (result.outcome, result.summary) == (Outcome.SUCCESS, "used --model=acme-1")
    assert (tmp_path / "brief.txt").read_text(encoding="utf-8") == "Do it\n"
