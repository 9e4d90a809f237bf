"""Confines a tool to its worktree with bubblewrap, where that is asked for."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from agents import bubblewrap
from mission.config import AgentConfig, SandboxConfig
from mission.place import mission_home

#: Adapters whose tools have a sandbox of their own.
_OWN = frozenset({"codex"})
# Where the sandbox mounts an empty folder of its own; the real one is neither read nor written.
_SCRATCH = Path("/tmp")  # noqa: S108 - a path inside the sandbox only


def notice(name: str, config: AgentConfig) -> str | None:
    """What to tell people once, before the first attempt; None where there is nothing to say."""
    if config.sandbox.type != "tool" or config.type in _OWN or config.type == "fake":
        return None
    return (
        f"{name} runs without a sandbox: it can read and change what you can."
        f" `agents.{name}.sandbox.type: bubblewrap` in mission.yaml keeps it in its worktree"
        + ("" if shutil.which(bubblewrap.PROGRAM) else " (install bubblewrap first)")
        + "; `none` accepts this."
    )


def missing_sandbox(config: SandboxConfig) -> str | None:
    """What to say when bubblewrap is asked for and cannot be used; None if all is there."""
    return bubblewrap.why_not() if config.type == "bubblewrap" else None


def confine(
    argv: Sequence[str],
    worktree: Path,
    config: SandboxConfig,
    environment: Mapping[str, str],
    *,
    keep: Sequence[str] = (),
    show: Sequence[Path] = (),
) -> list[str]:
    """`argv` as it is, or inside bubblewrap: the worktree writable, the rest read-only, the home
    folder, the runner's own and the temporary files hidden, no other process visible.

    The repository's `.git` stays read-only, so the tool cannot commit or move a branch; the
    runner commits what it leaves. Programs that are installed in the home folder stay visible
    where `PATH` leads to them.

    Args:
        environment: What the tool gets; its `HOME` and `PATH` count.
        keep: What the tool needs of the home folder, writable: its login and its sessions.
            Relative to it, or absolute; empty and missing ones are left out.
        show: Further files and folders that it may read.
    """
    if config.type != "bubblewrap":
        return list(argv)
    home = Path(environment.get("HOME") or Path.home())
    ours = mission_home()  # the local server's secret is in there
    own = (ours,) if ours.is_dir() else ()
    hidden = tuple(dict.fromkeys((_SCRATCH, Path.home(), home, *own)))
    visible = [
        *_installations(argv[0], environment.get("PATH", ""), hidden),
        *(_in(home, path) for path in config.readable),
        *_repository(worktree),
        *show,
    ]
    writable = [_in(home, path) for path in (*keep, *config.writable) if path]
    return [
        bubblewrap.PROGRAM,
        *bubblewrap.isolation(),
        *([] if config.network else ["--unshare-net"]),
        *("--ro-bind", "/", "/"),
        *("--dev", "/dev"),
        # Root may write to what is below /proc/sys by being root, and so to what the kernel runs.
        *("--proc", "/proc", "--remount-ro", "/proc"),
        *(part for path in hidden for part in ("--tmpfs", str(path))),
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


def _installations(program: str, search: str, hidden: Sequence[Path]) -> list[Path]:
    """Where the program, and what it may call by name, is installed, if that is hidden."""
    found = shutil.which(program, path=search or None)
    files = [Path(found)] if found else []
    files += [Path(folder) / "program" for folder in search.split(os.pathsep) if folder]
    places = {place for file in files for place in _places(file, hidden)}
    return sorted(places)


def _places(file: Path, hidden: Sequence[Path]) -> Iterator[Path]:
    for path in (file, file.resolve()):
        if any(path.is_relative_to(folder) for folder in hidden):
            yield _installation(path, hidden)


def _installation(file: Path, hidden: Sequence[Path]) -> Path:
    """The folder that a program was installed into: with its libraries, without all the rest."""
    folders = file.parents
    modules = [folder for folder in folders if folder.name == "node_modules"]
    if modules:
        return modules[-1]
    too_wide = {*hidden, *(folder / ".local" for folder in hidden)}
    if file.parent.name == "bin" and file.parent.parent not in too_wide:
        return file.parent.parent
    return file.parent if file.parent not in too_wide else file


def _repository(worktree: Path) -> list[Path]:
    """The repository of a worktree, so that git can read its history."""
    marker = worktree / ".git"
    if not marker.is_file():
        return []
    own = worktree / marker.read_text(encoding="utf-8").removeprefix("gitdir:").strip()
    link = own / "commondir"
    shared = own / link.read_text(encoding="utf-8").strip() if link.is_file() else own
    return [shared.resolve(), own, *_borrowed(shared / "objects")]


def _borrowed(objects: Path) -> list[Path]:
    """Where a repository has objects that it does not hold itself (gitrepository-layout(5)): one
    that was made for an agent has them of the mission's."""
    found = [objects]
    for folder in found:  # it grows meanwhile
        listing = folder / "info" / "alternates"
        lines = os.fsdecode(listing.read_bytes()).splitlines() if listing.is_file() else []
        found += [folder / line for line in lines if folder / line not in found]
    return found[1:]


def _worktree(worktree: Path) -> list[str]:
    """The worktree writable, and its `.git` not."""
    bound = ["--bind", str(worktree), str(worktree)]
    marker = worktree / ".git"
    if marker.exists():
        bound += ["--ro-bind", str(marker), str(marker)]
    return bound
