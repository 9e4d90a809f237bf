"""Confines a tool to its worktree with bubblewrap, where that is asked for."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from mission.config import AgentConfig, SandboxConfig

BUBBLEWRAP = "bwrap"

#: Adapters whose tools have a sandbox of their own.
_OWN = frozenset({"codex"})


def notice(name: str, config: AgentConfig) -> str | None:
    """What to tell people once, before the first attempt; None where there is nothing to say."""
    if config.sandbox.type != "tool" or config.type in _OWN or config.type == "fake":
        return None
    return (
        f"{name} runs without a sandbox: it can read and change what you can."
        f" `agents.{name}.sandbox.type: bubblewrap` in mission.yaml keeps it in its worktree"
        + ("" if shutil.which(BUBBLEWRAP) else " (install bubblewrap first)")
        + "; `none` accepts this."
    )


def missing_sandbox(config: SandboxConfig) -> str | None:
    """What to say when bubblewrap is asked for and not installed; None if all is there."""
    if config.type != "bubblewrap" or shutil.which(BUBBLEWRAP):
        return None
    return "bubblewrap is not installed: apt-get install bubblewrap, or set `sandbox.type: tool`"


def confine(
    argv: Sequence[str],
    worktree: Path,
    config: SandboxConfig,
    *,
    home: str | None = None,
    keep: Sequence[str] = (),
    show: Sequence[Path] = (),
) -> list[str]:
    """`argv` as it is, or inside bubblewrap: the worktree writable, the rest read-only, the home
    folder hidden, no other process visible.

    The repository's `.git` stays read-only, so the tool cannot commit or move a branch; the
    runner commits what it leaves.

    Args:
        home: The home folder, which an empty one stands in for; the user's own if not given.
        keep: What the tool needs of it, writable: its login and its sessions. Relative to `home`,
            or absolute; empty and missing ones are left out.
        show: Further files and folders that it may read.
    """
    if config.type != "bubblewrap":
        return list(argv)
    house = Path(home) if home else Path.home()
    visible = [
        *(_in(house, path) for path in config.readable),
        *_program_folders(argv[0], house),
        *_repository(worktree),
        *show,
    ]
    writable = [_in(house, path) for path in (*keep, *config.writable) if path]
    return [
        BUBBLEWRAP,
        "--die-with-parent",
        "--unshare-pid",
        "--unshare-ipc",
        *([] if config.network else ["--unshare-net"]),
        *("--ro-bind", "/", "/"),
        *("--dev", "/dev"),
        *("--proc", "/proc"),
        *("--tmpfs", "/tmp"),  # noqa: S108 - an empty one of its own, inside the sandbox
        *("--tmpfs", str(house)),
        *(part for path in visible for part in ("--ro-bind-try", str(path), str(path))),
        *(part for path in writable for part in ("--bind-try", str(path), str(path))),
        *_worktree(worktree),
        *("--chdir", str(worktree)),
        "--",
        *argv,
    ]


def _in(home: Path, path: str) -> Path:
    """`path` below the home folder, unless it is absolute."""
    return home / path.removeprefix("~/")


def _program_folders(program: str, home: Path) -> list[Path]:
    """Where the program is, if that would be hidden with the home folder."""
    found = shutil.which(program)
    if not found:
        return []
    places = {Path(found).parent, Path(found).resolve().parent}
    return sorted(place for place in places if place.is_relative_to(home))


def _repository(worktree: Path) -> list[Path]:
    """The repository of a linked worktree, so that git can read its history."""
    marker = worktree / ".git"
    if not marker.is_file():
        return []
    own = worktree / marker.read_text(encoding="utf-8").removeprefix("gitdir:").strip()
    link = own / "commondir"
    shared = own / link.read_text(encoding="utf-8").strip() if link.is_file() else own
    return [own, shared.resolve()]


def _worktree(worktree: Path) -> list[str]:
    """The worktree writable, and its `.git` not."""
    bound = ["--bind", str(worktree), str(worktree)]
    marker = worktree / ".git"
    if marker.exists():
        bound += ["--ro-bind", str(marker), str(marker)]
    return bound
