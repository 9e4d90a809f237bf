"""What a program in bubblewrap tries with all that it has got, as root and as anybody else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agents.registry import create
from mission.config import CommandAgentConfig, SandboxConfig
from mission.outcome import Outcome
from tests.conftest import CANNOT_EXIST, requires
from tests.integration.agents.briefs import git, make_brief, make_repository, python
from workspace.process import Stop

ROOT = Path(__file__).parents[2]

pytestmark = [requires("bwrap", "mount", "unshare"), requires(system="linux")]

_NOBODY = str(1 << 22)  # above every pid

# Tries each deed, and tells of each whether it was done.
BREAKS_OUT = """
import ctypes, fcntl, json, os, signal, subprocess, sys, termios
outside, victim = sys.argv[1], int(sys.argv[2])
libc = ctypes.CDLL(None, use_errno=True)

status = dict(line.split(":", 1) for line in open("/proc/self/status"))
facts = {name: status[name].strip() for name in ("CapEff", "CapPrm", "CapBnd", "NoNewPrivs")}

def command(*argv):
    return lambda: subprocess.run(argv, check=True, capture_output=True)

def call(name, *arguments):
    def act():
        if getattr(libc, name)(*arguments) < 0:
            raise OSError(ctypes.get_errno(), name)
    return act

def system_is_writable():
    if not os.access("/usr", os.W_OK):
        raise OSError("it is not")

def steer_terminal():
    fcntl.ioctl(os.open("/dev/tty", os.O_RDWR), termios.TIOCSTI, b"x")

NEWUSER, NEWNS, PTRACE_ATTACH = 0x10000000, 0x20000, 16
deeds = {
    "remount the root": command("mount", "-o", "remount,bind,rw", "/"),
    "remount the repository": command("mount", "-o", "remount,bind,rw", outside),
    "mount anew": command("mount", "-t", "tmpfs", "x", "/tmp"),
    "write outside": lambda: open(outside + "/stray.txt", "w"),
    "write to the system": system_is_writable,
    "make a device": lambda: os.mknod("/tmp/disk", 0o60600, os.makedev(8, 0)),
    "give a file away": lambda: os.chown("/tmp", 1, 1),
    "make a user namespace": call("unshare", NEWUSER),
    "make a mount namespace": call("unshare", NEWNS),
    "unshare": command("unshare", "--user", "--map-root-user", "--mount", "true"),
    "kill outside": lambda: os.kill(victim, signal.SIGKILL),
    "trace outside": call("ptrace", PTRACE_ATTACH, victim, None, None),
    "look into outside": lambda: open(f"/proc/{victim}/environ"),
    "set what the kernel runs": lambda: open("/proc/sys/kernel/core_pattern", "a"),
    "steer a terminal": steer_terminal,
    "change the root": lambda: os.chroot("/tmp"),  # the last: what follows sees nothing else
}
done = []
for name, act in deeds.items():
    try:
        act()
    except (OSError, subprocess.CalledProcessError):
        continue
    done.append(name)
print(json.dumps({"summary": json.dumps({"done": done, "facts": facts})}))
"""


@pytest.fixture
def worktree(tmp_path: Path) -> Path:
    main = make_repository(tmp_path / "main")
    git(main, "worktree", "add", "-q", "--detach", str(tmp_path / "worktree"))
    return tmp_path / "worktree"


def _broken_out(worktree: Path, sandbox: str, victim: int) -> dict[str, object]:
    outside = str(worktree.parent / "main" / ".git")
    config = CommandAgentConfig(
        run=[*python(BREAKS_OUT), outside, str(victim)],
        sandbox=SandboxConfig.model_validate({"type": sandbox, "readable": [sys.prefix]}),
    )
    result = create("breaker", config).run(make_brief(worktree), Stop())
    assert result.outcome is Outcome.SUCCESS, result
    told: dict[str, object] = json.loads(result.summary)
    return told


def test_nothing_breaks_out_of_bubblewrap(worktree: Path) -> None:
    with subprocess.Popen([*python("input()")], stdin=subprocess.PIPE) as victim:
        told = _broken_out(worktree, "bubblewrap", victim.pid)
        assert victim.poll() is None
        victim.kill()
    assert told["done"] == []
    none = "0000000000000000"
    assert told["facts"] == {"CapEff": none, "CapPrm": none, "CapBnd": none, "NoNewPrivs": "1"}
    assert not (worktree.parent / "main" / ".git" / "stray.txt").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason=f"{CANNOT_EXIST}only root has these privileges")
def test_the_attempts_are_real_ones(worktree: Path) -> None:
    """Root in namespaces of its own, with its capabilities: the deeds harm nobody there."""
    argv = ["bwrap", "--unshare-pid", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
    outside = str(worktree.parent / "main" / ".git")
    deeds = subprocess.run(
        [
            *(*argv, "--tmpfs", "/tmp"),  # noqa: S108 - its own
            *("--ro-bind", str(ROOT), str(ROOT)),  # which may be below it
            *(*python(BREAKS_OUT), outside, _NOBODY),
        ],
        check=True,
        capture_output=True,
        timeout=30,
    )
    told = json.loads(json.loads(deeds.stdout)["summary"])
    assert {"remount the root", "write to the system", "make a device", "change the root"} <= set(
        told["done"]
    )
