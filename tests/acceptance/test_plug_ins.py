"""Packages of somebody else's, as `docs/plug-ins.md` shows them, under the real command."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from flows.server import LocalServer
from mission.journal.kinds import GateAnswered
from tests.forge.server import TOKEN, ForgeServer
from tests.plugins import install
from tests.scratch import Scratch, make, row

PAGE = (Path(__file__).parents[2] / "docs" / "plug-ins.md").read_text(encoding="utf-8")
SETTINGS = """\
agents:
  acme: {type: acme, effort: high}
gates:
  - {type: freeze, file: FROZEN}
tasks:
  A-2: {run: tidy, with: {days: 7}}
"""
# Plays the tool that the agent runs.
ACME = """#!/bin/sh
cat >/dev/null
echo "$2" >effort.txt
"""


def _block(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


@pytest.fixture
def acme(tmp_path: Path) -> Path:
    """The page's package, installed into a folder, and the tool that its agent runs."""
    entries: dict[str, str] = {}
    for group, names in tomllib.loads(_block("toml"))["project"]["entry-points"].items():
        kind = group.removeprefix("mission_runner.")
        entries |= {f"{kind}:{name}": place for name, place in names.items()}
    folder = install(tmp_path / "site", "acme_for_missions", _block("python"), entries)
    program = tmp_path / "bin" / "acme"
    program.parent.mkdir()
    program.write_text(ACME, encoding="utf-8")
    program.chmod(0o755)
    return folder


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    rows = [row("A-1", agent="acme"), row("A-2", branch="—", after="A-1")]
    made = make(tmp_path, rows)
    made.edit("`worker` |", "`worker` | `acme` |")
    return made


def _settings(scratch: Scratch, text: str) -> None:
    (scratch.task_file.parent / "mission.yaml").write_text(text, encoding="utf-8")
    scratch.git.run("commit", "--quiet", "--all", "-m", "Settings")
    scratch.git.run("push", "--quiet", "origin", "main")


def _mission(
    scratch: Scratch, site: Path, *words: str, home: Path | None = None
) -> subprocess.CompletedProcess[str]:
    path = f"{site.parent / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [Path(sys.executable).with_name("mission"), *words],
        cwd=scratch.top,
        env={
            **os.environ,
            **({"MISSION_HOME": str(home)} if home is not None else {}),
            "PYTHONPATH": str(site),
            "PATH": path,
            "ACME_TOKEN": TOKEN,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def _errors(scratch: Scratch, site: Path) -> Iterator[str]:
    """The errors of `mission check`, without what follows them as a hint."""
    checked = _mission(scratch, site, "check", str(scratch.task_file), "--json")
    assert checked.returncode == 1, checked.stdout + checked.stderr
    for one in yaml.safe_load(checked.stdout)["findings"]:
        if one["severity"] == "error":
            yield f"{one['line']}:{one['column']} {one['rule']}: {one['message']}. {one['hint']}"


def test_a_mission_is_carried_out_by_what_a_package_adds(
    scratch: Scratch, acme: Path, prefect_server: LocalServer
) -> None:
    _settings(scratch, SETTINGS)
    checked = _mission(scratch, acme, "check", str(scratch.task_file))
    assert checked.returncode == 0, checked.stdout + checked.stderr

    home = prefect_server.folder.parent
    ran = _mission(scratch, acme, "run", str(scratch.task_file), home=home)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert scratch.statuses() == {"A-1": "done", "A-2": "done"}
    assert "nothing was older than 7 days" in scratch.notes("A-2")
    assert scratch.git.text("show", "origin/main:effort.txt") == "--effort=high"
    with scratch.journal() as journal:
        assert {one.what.gate for one in journal.events(GateAnswered)} == {"pause", "freeze"}


# What stands in SETTINGS, what stands there instead, where that is said, the rule, the hint. Lists
# of them are tried together.
SLIPS = [
    [
        ("effort: high", "efort: high", "efort", "unknown-key", "Did you mean effort?"),
        ("file: FROZEN", "fil: FROZEN", "fil:", "unknown-key", "Did you mean file?"),
        ("days: 7", "days: 0", "days", "bad-value", "a whole number from 1"),
    ],
    [
        ("effort: high", "effort: hihg", "effort", "bad-value", "Did you mean high?"),
        ("file: FROZEN", "timeout: 3m", "{type: freeze", "missing-key", "text that is not empty"),
        ("days: 7", "day: 7", "day:", "unknown-argument", "Did you mean days?"),
    ],
    [
        ("effort: high", "max_turns: 3", "max_turns", "misplaced-key", "It is for claude and glm"),
        ("file: FROZEN", "file: X, run: [x]", "run: [x]", "misplaced-key", "It is for script"),
        ("run: tidy", "run: tidi", "run: tidi", "unknown-operation", "Did you mean tidy?"),
    ],
    [("type: freeze", "type: freez", "type: freez", "unknown-type", "Did you mean freeze?")],
]


def _at(text: str, place: str) -> str:
    """Line and column of a place in a text."""
    at = text.index(place)
    return f"{text.count(chr(10), 0, at) + 1}:{at - text.rfind(chr(10), 0, at)}"


def test_keys_of_a_plug_in_are_checked_like_ours(scratch: Scratch, acme: Path) -> None:
    for slips in SLIPS:
        text = SETTINGS
        for right, wrong, *_ in slips:
            assert right in text
            text = text.replace(right, wrong)
        _settings(scratch, text)
        told = list(_errors(scratch, acme))
        for _, wrong, place, rule, hint in slips:
            start = f"{_at(text, place)} {rule}: "
            assert any(one.startswith(start) and hint in one for one in told), (wrong, told)
    ran = _mission(scratch, acme, "run", str(scratch.task_file))
    assert (ran.returncode, scratch.merged()) == (2, []), ran.stderr


BROKEN = {
    "acme": ("agents", "agents: {acme: {type: acme}}\n"),
    "freeze": ("gates", "gates: [{type: freeze}]\n"),
    "forge": ("forges", "forge: {type: forge}\n"),
    "tidy": ("operations", "tasks: {A-2: {run: tidy}}\n"),
}


@pytest.mark.parametrize("source", ["import no_such_module_of_theirs", "raise SystemExit(0)", ""])
def test_one_that_cannot_be_loaded_is_named(scratch: Scratch, tmp_path: Path, source: str) -> None:
    entries = {f"{group}:{name}": "Thing" for name, (group, _) in BROKEN.items()}
    site = install(tmp_path / "site", "broken_for_missions", source, entries)
    settings = "".join(text for _, text in BROKEN.values())
    _settings(scratch, settings)
    found = [one for one in _errors(scratch, site) if "unknown-agent" not in one]
    ran = _mission(scratch, site, "run", str(scratch.task_file))
    assert ran.returncode == 2, ran.stdout + ran.stderr
    assert len(found) == len(BROKEN), found
    for name, (group, _) in BROKEN.items():
        place = _at(settings, f"run: {name}" if group == "operations" else f"type: {name}")
        (told,) = [one for one in found if f"{name!r}" in one]
        assert told.startswith(f"{place} unloadable-plugin"), told
        kind = group.removesuffix("s")
        assert f"the {kind} plug-in {name!r} (broken_for_missions:Thing)" in told
        assert "of the package broken-for-missions" in told
        assert f"plug-in {name!r}" in ran.stderr


def test_what_a_plug_in_says_of_a_value_is_told(scratch: Scratch, tmp_path: Path) -> None:
    source = """
from pydantic import field_validator, model_validator
from mission.config import GateConfig, Section, configured_by
class Window(Section):
    hours: int
class Config(GateConfig):
    window: Window
    day: str = "monday"
    @field_validator("day")
    @classmethod
    def is_one(cls, day):
        if not day.endswith("day"):
            raise ValueError("no day of the week")
        return day
    @model_validator(mode="after")
    def fits(self):
        if self.window.hours > 24:
            raise ValueError("a day has 24 hours")
        return self
@configured_by(Config)
def make(config, surroundings): ...
class Arguments(Section):
    window: Window | None = None
@configured_by(Arguments)
def work(context, assignment): ...
"""
    entries = {"gates:hours": "make", "operations:work": "work"}
    site = install(tmp_path / "site", "hours", source, entries)
    for text, place, told in (
        (
            "gates: [{type: hours, window: {hours: 3}, day: May}]",
            "day",
            '"gates[0].day" is refused',
        ),
        ("gates: [{type: hours, window: {hours: 30}}]", "{type", "a day has 24 hours"),
        ("gates: [{type: hours, window: {hour: 3}}]", "hour: 3", "Did you mean hours?"),
        ("tasks: {A-2: {run: work, with: {window: {hour: 3}}}}", "hour: 3", "Did you mean hours?"),
    ):
        _settings(scratch, text + "\n")
        start = f"{_at(text, place)} "
        found = list(_errors(scratch, site))
        assert any(one.startswith(start) and told in one for one in found), found


def test_what_a_mission_does_not_name_is_not_imported(scratch: Scratch, tmp_path: Path) -> None:
    traces = f"open({str(tmp_path / 'imported')!r}, 'w')"
    site = install(tmp_path / "site", "quiet", traces, {"agents:quiet": "x", "gates:quiet": "x"})
    _settings(scratch, "gates: [{type: none}]\n")
    _mission(scratch, site, "check", str(scratch.task_file))
    assert not (tmp_path / "imported").exists()


def test_what_lies_in_the_folder_that_one_stands_in_is_no_package(scratch: Scratch) -> None:
    trace = scratch.top.parent / "imported"
    install(scratch.top, "planted", f"open({str(trace)!r}, 'w')", {"gates:planted": "x"})
    _settings(scratch, "gates: [{type: planted}]\n")
    for path in (scratch.top, Path()):
        (told,) = [one for one in _errors(scratch, path) if "unknown-agent" not in one]
        assert told.startswith("1:10 unknown-type")
    assert not trace.exists()


def test_a_name_that_two_packages_offer_is_refused(scratch: Scratch, tmp_path: Path) -> None:
    for package in ("first", "second"):
        site = install(tmp_path / "site", package, "def x(*_): ...", {"gates:both": "x"})
    _settings(scratch, "gates: [{type: both}]\n")
    (told,) = [one for one in _errors(scratch, site) if "unknown-agent" not in one]
    assert "the gate plug-in 'both' is offered by several packages: first and second" in told


def test_a_forge_of_a_package_is_asked(scratch: Scratch, acme: Path, tmp_path: Path) -> None:
    with ForgeServer(tmp_path / "forge", "gitea") as server:
        url, _, path = server.remote_url.removesuffix(".git").partition("//")
        host, _, repository = path.partition("/")
        forge = {
            "type": "acme",
            "tenant": "blue",
            "url": f"{url}//{host}",
            "repository": repository,
            "token_env": "ACME_TOKEN",
        }
        scratch.git.run("push", "--quiet", str(server.model.path), "main")
        gate = {"type": "queue", "reads": 1, "ci": "none"}
        _settings(scratch, yaml.safe_dump({"forge": forge, "gates": [gate]}))
        asked = _mission(
            scratch, acme, "gate", "queue", "--purpose", "push", "--timeout", "20s", "--json",
            str(scratch.task_file),
        )  # fmt: skip
        assert asked.returncode == 0, asked.stdout + asked.stderr
    del forge["tenant"]
    _settings(scratch, yaml.safe_dump({"forge": forge}))
    (told,) = [one for one in _errors(scratch, acme) if "unknown-agent" not in one]
    assert "missing-key: forge: a forge of type acme needs `tenant`" in told
