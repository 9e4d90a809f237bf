"""`mission init` in all kinds of repositories: what it writes fits, and nothing is written over."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mission.config import load_config
from tasks_md.parse import read
from tests.command import run
from tests.forge.model import ForgeModel
from tests.forge.server import TOKEN, ForgeServer
from tests.terminal import CTRL_C, on_terminal
from workspace.git import Git

HOSTILE = "Drop | the table\n| X-1 | done | [skip ci] \x1b[2J"
SECRET = "hunter2-hunter2-hunter2"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which codex is logged in and Claude Code is installed only."""
    programs, home = tmp_path / "programs", tmp_path / "person"
    programs.mkdir()
    (home / ".codex").mkdir(parents=True)
    (home / ".codex" / "auth.json").write_text("{}")
    for name in ("codex", "claude"):
        (programs / name).write_text("#!/bin/sh\nexit 9\n")  # whoever asks it is found out
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(home))
    for name in ("ANTHROPIC_API_KEY", "CODEX_HOME", "CLAUDE_CONFIG_DIR", "GITHUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "home"))
    return tmp_path


def new(folder: Path, branch: str = "main", *, commit: bool = True) -> Git:
    """A repository; its tests are run with make."""
    folder.mkdir(parents=True)
    git = Git(folder)
    git.run("init", "--quiet", "--initial-branch", branch)
    (folder / "Makefile").write_text("test:\n\ttrue\n")
    if commit:
        git.run("add", "--all")
        git.run("-c", "user.name=P", "-c", "user.email=p@x.invalid", "commit", "--quiet", "-m", "x")
    return git


def detached(git: Git) -> None:
    git.run("checkout", "--quiet", "--detach")


def on_a_branch(git: Git) -> None:
    git.run("checkout", "--quiet", "-b", "feat/mine")


def named_by_the_remote(git: Git) -> None:
    git.run("remote", "add", "upstream", "https://github.com/team/project.git")
    git.run("update-ref", "refs/remotes/upstream/next", "HEAD")
    git.run("symbolic-ref", "refs/remotes/upstream/HEAD", "refs/remotes/upstream/next")


def as_it_is(_git: Git) -> None:
    """Nothing more is done."""


# the folder's name, its first branch, whether it has a commit, what is done to it, the base
ODD: list[tuple[str, str, bool, Callable[[Git], None], str]] = [
    ("plain", "main", True, as_it_is, "main"),
    ("new", "trunk", False, as_it_is, "trunk"),
    ("my project", "master", True, detached, "master"),
    ("Größe-日本 | x", "main", True, on_a_branch, "main"),
    ("own", "release", True, as_it_is, "release"),
    ("-dash", "main", True, named_by_the_remote, "next"),
]


@pytest.mark.parametrize(("name", "branch", "commit", "change", "base"), ODD)
def test_what_is_written_fits_the_repository(
    machine: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    branch: str,
    commit: bool,
    change: Callable[[Git], None],
    base: str,
) -> None:
    folder = machine / name
    change(new(folder, branch, commit=commit))
    monkeypatch.chdir(folder)

    out = run(capsys, "init", "--yes")

    config, plan = load_config(folder / "mission.yaml"), read(folder / "TASKS.md")
    assert (config.base, config.verify[0].run) == (base, ["make", "test"])
    assert ([rule.agent for rule in config.routing], plan.agents) == (["codex"], ("codex", "—"))
    assert "check: no errors" in out
    assert ("git push" in out) == (change is named_by_the_remote)
    assert "git add TASKS.md mission.yaml" in out
    assert run(capsys, "check", "--strict") == "no errors, no warnings\n"
    assert "already" in run(capsys, "init", "--yes", code=2)


def test_a_part_of_a_repository_gets_its_own_mission(
    machine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new(machine / "mono")
    part = machine / "mono" / "apps" / "web"
    part.mkdir(parents=True)
    (part / "go.mod").write_text("module x\n")
    (machine / "programs" / "go").symlink_to("codex")
    (machine / "mono" / ".gitmodules").touch()

    run(capsys, "init", str(part), "--yes")

    config = load_config(part / "mission.yaml")
    assert config.verify[0].run == ["go", "-C", "apps/web", "test", "./..."]
    assert config.worktree.submodules is True


def test_where_no_mission_can_begin_nothing_is_written(
    machine: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bare, none = machine / "bare.git", machine / "none"
    none.mkdir()
    Git(machine).run("init", "--quiet", "--bare", str(bare))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(machine))

    assert "a bare repository" in run(capsys, "init", str(bare), "--yes", code=2)
    assert f"`git init {none}`" in run(capsys, "init", str(none), "--yes", code=2)
    assert "is no folder" in run(capsys, "init", str(machine / "nowhere"), "--yes", code=2)
    assert f"`mission init {none}` writes one" in run(capsys, "status", str(none), code=2)
    lost = new(machine / "lost", "odd")
    detached(lost)
    assert "`--base`" in run(capsys, "init", str(lost.folder), "--yes", code=2)
    assert not list(machine.rglob("TASKS.md"))
    assert not list(machine.rglob("mission.yaml"))


def test_a_link_a_stray_and_a_file_that_is_there_stay(
    machine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    git = new(machine / "here")
    elsewhere = machine / "elsewhere.md"
    (git.folder / "TASKS.md").symlink_to(elsewhere)  # leads nowhere
    run(capsys, "init", str(git.folder), "--yes", code=2)
    assert not elsewhere.exists()

    (git.folder / "TASKS.md").unlink()
    (git.folder / "mission.yaml").write_text("max_parallel: 7\nrouting: [{agent: codex}]\n")
    run(capsys, "init", str(git.folder), "--yes")
    assert load_config(git.folder / "mission.yaml").max_parallel == 7

    other = new(machine / "other")
    (other.folder / "mission.yml").write_text("base: main\n")
    assert "mission.yaml" in run(capsys, "init", str(other.folder), "--yes", code=2)


def test_where_nothing_can_be_written_nothing_is_left(machine: Path) -> None:
    git = new(machine / "full")
    limited = ["sh", "-c", 'ulimit -f 0; exec "$@"', "sh", sys.executable, "-m", "cli"]
    done = subprocess.run(
        [*limited, "init", str(git.folder), "--yes"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr
    assert "TASKS.md" in done.stderr
    assert not (git.folder / "TASKS.md").exists()


def test_questions_are_asked_and_ctrl_c_writes_nothing(machine: Path) -> None:
    git = new(machine / "asked")
    with on_terminal("init", "asked", folder=machine, size=(24, 80)) as shown:
        shown.wait_for("Name of the mission [asked]: ")
        shown.type(CTRL_C)
        assert shown.end() == 130
    assert not (git.folder / "TASKS.md").exists()

    with on_terminal("init", "asked", folder=machine, size=(24, 80)) as shown:
        shown.wait_for("[asked]: ")
        shown.type("Launch | day\n")
        shown.wait_for("merged into [main]: ")
        shown.type("\n")
        shown.wait_for("or none [make test]: ")
        shown.type("make 'test' && true\n")
        shown.wait_for("(codex) [codex]: ")
        shown.type("\n")
        assert shown.end() == 0, shown.printed
        assert [line for line in shown.printed.splitlines() if len(line) > 80] == []
    assert read(git.folder / "TASKS.md").mission == "Launch day"
    steps = load_config(git.folder / "mission.yaml").verify
    assert [step.run for step in steps] == [["make", "test"], ["true"]]


@pytest.mark.parametrize("kind", ["github", "gitlab", "gitea"])
def test_rows_come_from_issues(
    machine: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    git = new(machine / "checkout")
    bare = ForgeModel.create(machine / "forge").path
    git.run("push", "--quiet", str(bare), "main")
    monkeypatch.setenv("SOME_SERVICE_TOKEN", SECRET)
    monkeypatch.setenv(f"{kind.upper()}_TOKEN", TOKEN)
    with ForgeServer(machine / "forge", kind) as server:
        git.run("remote", "add", "origin", server.remote_url)
        (git.folder / "mission.yaml").write_text(
            f"forge: {{type: {kind}}}\nrouting: [{{agent: codex}}]\n"
        )
        model = server.model
        for number in range(1, 121):
            model.add_issue(number, f"Issue {number}").labels = ("mission",)
        model.issues[3].title, model.issues[3].body = HOSTILE, f"use {SECRET}\n\n# Tasks\n"
        model.issues[4].title = "\u202e"
        said = run(capsys, "init", str(git.folder), "--yes", "--from-issues", "nothing", code=2)
        assert "no open issue with the label nothing" in said
        assert not (git.folder / "TASKS.md").exists()
        said = run(capsys, "init", str(git.folder), "--yes", "--from-issues", "mission")

    assert "120 rows from issues: others wrote these texts" in said
    text = (git.folder / "TASKS.md").read_text()
    assert SECRET not in text
    assert "\x1b" not in text
    plan = read(git.folder / "TASKS.md")
    assert [task.id for task in plan.tasks] == [f"I-{number}" for number in range(1, 121)]
    assert {task.status for task in plan.tasks} == {"not-started"}
    assert plan.task("I-3").issue == "#3"
    assert plan.task("I-3").description.startswith("Drop | the table | X-1 | done | [skip ci]")
