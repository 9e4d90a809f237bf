"""What a program in bubblewrap finds of the machine: the system, its worktree and little else."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from pathlib import Path
from typing import cast

import pytest

from agents import bubblewrap
from agents.protocol import Brief, OnEvent, Result, ignore_event
from agents.registry import ADAPTERS, Adapter, Factory, create
from agents.sandbox import confine
from agents.tool import run_tool
from mission.config import AgentConfig, CommandAgentConfig, SandboxConfig
from mission.outcome import Outcome
from tests.conftest import requires
from tests.integration.agents.briefs import git, make_brief, make_repository, python
from workspace.process import Stop

pytestmark = [requires("bwrap", "git"), requires(system="linux")]

# Tells what it can open, connect to or list of what it is asked for.
LOOKS = """
import json, os, socket, sys
found = []
for path in json.load(sys.stdin):
    try:
        if path.endswith(".sock"):
            socket.socket(socket.AF_UNIX).connect(path)
        elif os.path.isdir(path):
            if not os.listdir(path):
                continue
        else:
            open(path).close()
    except OSError:
        continue
    found.append(path)
print(json.dumps({"summary": json.dumps(found)}))
"""


@pytest.fixture
def worktree(tmp_path: Path) -> Path:
    main = make_repository(tmp_path / "main")
    git(main, "worktree", "add", "-q", "--detach", str(tmp_path / "worktree"))
    return tmp_path / "worktree"


def _found(worktree: Path, *paths: Path | str) -> list[str]:
    sandbox = SandboxConfig(type="bubblewrap")
    config = CommandAgentConfig(run=python(LOOKS), sandbox=sandbox)
    home = worktree.parent / "home"
    home.mkdir(exist_ok=True)
    text = json.dumps([str(path) for path in paths])
    brief = make_brief(worktree, text=text, environment={"HOME": str(home)})
    result = create("looker", config).run(brief, Stop())
    assert result.outcome is Outcome.SUCCESS, result
    found: list[str] = json.loads(result.summary)
    return found


def test_it_finds_the_system_and_its_own_repository(worktree: Path) -> None:
    history = worktree.parent / "main" / ".git" / "objects"
    wanted = ["/usr/bin", "/etc/passwd", str(worktree / ".git"), str(history)]
    assert _found(worktree, *wanted) == wanted


def test_it_finds_nothing_of_others(worktree: Path) -> None:
    """Neither sockets of services, nor the runner's journal, nor a checkout beside its own."""
    state = worktree.parent / "main" / ".git" / "mission-runner" / "plan-TASKS"
    (state / "logs").mkdir(parents=True)
    (state / "journal.sqlite").write_text("x", encoding="utf-8")
    (worktree.parent / "main" / "private.txt").write_text("x", encoding="utf-8")
    service = worktree.parent / "daemon.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(service))
        listening.listen()
        hidden = (service, "/run", "/var/run", "/var/lib", "/home", "/srv", "/mnt", "/sys")
        ours = (state, state / "journal.sqlite", worktree.parent / "main" / "private.txt")
        assert _found(worktree, *hidden, *ours) == []


def test_no_folder_on_the_path_brings_all_around_it_into_sight(
    worktree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A `bin` in the home folder shows itself, and not the home folder, behind a link or not."""
    home, real = worktree.parent / "home", worktree.parent / "disk" / "home"
    (real / "bin").mkdir(parents=True)
    (real / "secret.txt").write_text("x", encoding="utf-8")
    home.symlink_to(real)
    monkeypatch.setenv("PATH", f"{home / 'bin'}:/bin:/usr/bin:{worktree.parent}")
    secrets = (home / "secret.txt", real / "secret.txt")
    assert _found(worktree, *secrets, worktree.parent / "main" / ".git" / "HEAD") == [
        str(worktree.parent / "main" / ".git" / "HEAD")
    ]


class _ForgetfulConfig(AgentConfig):
    type: str = "forgetful"
    run: list[str]


class _Forgetful:
    """An adapter of somebody's who has never heard of sandboxes."""

    name = "forgetful"

    def __init__(self, _name: str, config: _ForgetfulConfig) -> None:
        self._argv = config.run

    def missing(self) -> str | None:
        return None

    def run(self, brief: Brief, stop: Stop, on_event: OnEvent = ignore_event) -> Result:
        lines: list[str] = []
        end = run_tool(self._argv, brief, stop, lambda _, line: lines.append(line))
        assert not isinstance(end, Result), end
        return Result(outcome=Outcome.SUCCESS, summary=lines[-1])


def test_an_adapter_that_knows_of_no_sandbox_runs_in_it(
    worktree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ADAPTERS, "forgetful", Adapter(create=cast("Factory", _Forgetful)))
    canary = worktree.parent / "canary"
    config = _ForgetfulConfig(
        run=[*python(f"print('ran'); open({str(canary)!r}, 'w')")],
        sandbox=SandboxConfig(type="bubblewrap"),
    )
    create("x", config).run(make_brief(worktree), Stop())
    assert not canary.exists()
    monkeypatch.setattr(bubblewrap, "why_not", lambda: "no bubblewrap")
    assert create("x", config).missing() == "no bubblewrap"


GROWS = r"""
for (1 .. 100) {
    $child = fork;
    if (!defined $child) { print "$!\n"; last }
    if (!$child) { sleep 60; exit }
}
open $file, ">", "/tmp/large";
print $file "x" x 2000000;
close $file or print "$!\n";
"""


def is_mine(task: Path) -> bool:
    """Whether a thread is of this user: the kernel counts all of them."""
    try:
        return task.stat().st_uid == os.geteuid()
    except FileNotFoundError:
        return False


@requires("setpriv", "prlimit", "perl")
def test_neither_processes_nor_temporary_files_grow_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """For anybody but root, whose processes the kernel does not count."""
    root = os.geteuid() == 0
    here = sum(1 for task in Path("/proc").glob("[0-9]*/task/*") if is_mine(task))
    monkeypatch.setattr(bubblewrap, "MOST_PROCESSES", 20 if root else here + 40)
    monkeypatch.setattr(bubblewrap, "MOST_SCRATCH", 1 << 20)
    bubblewrap.size_of_scratch.cache_clear()
    sandbox = SandboxConfig(type="bubblewrap")
    argv = confine(["perl", "-e", GROWS], Path("/usr/share"), sandbox, {"HOME": "/home"})
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if root else []
    done = subprocess.run([*nobody, *argv], check=False, capture_output=True, text=True, timeout=60)
    assert done.stdout == "Resource temporarily unavailable\nNo space left on device\n", done
