"""Confines a tool to its worktree with bubblewrap, where that is asked for."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from agents import bubblewrap
from agents.home import Home
from agents.visible import files_named, installations, repository, resolved_places
from mission.config import AgentConfig, SandboxConfig
from mission.place import mission_home

#: Adapters whose tools have a sandbox of their own.
_OWN = frozenset({"codex"})
# Where the sandbox mounts empty folders of its own; the real ones are neither read nor written.
_SCRATCH = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108 - paths inside the sandbox only
#: What is shown of the system: where programs are installed, and how the machine is set up. All
#: else is not there: homes, sockets below /run, other repositories.
_SYSTEM = tuple(
    Path(name)
    for name in (
        *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"),
        *("/etc", "/opt", "/nix", "/gnu", "/snap"),
    )
)


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
    home: Home | None = None,
    show: Sequence[Path] = (),
) -> list[str]:
    """`argv` as it is, or inside bubblewrap: the worktree writable, the system's own folders
    readable, everything else out of sight, no other process visible.

    The repository's `.git` stays read-only, so the tool cannot commit or move a branch; the
    runner commits what it leaves, and what the runner keeps there is hidden. Programs stay visible
    wherever `PATH` leads to them, and files that `argv` names.

    Args:
        environment: What the tool gets; its `HOME`, `PATH` and `TMPDIR` count.
        home: The tool's own folder, in place of the one that a person has.
        show: Further files and folders that it may read.
    """
    if config.type != "bubblewrap":
        return list(argv)
    person = Path(environment.get("HOME") or Path.home())
    common, history = repository(worktree)
    private = [person, worktree, *([common] if common is not None else [])]
    installed = installations(argv[0], environment.get("PATH", ""), _SYSTEM, private)
    visible = [
        *installed,
        *resolved_places(environment, _SYSTEM),
        *files_named(argv, (*_SYSTEM, *installed)),
        *(_in(person, path) for path in config.readable),
        *history,
    ]
    writable = [_in(person, path) for path in config.writable]
    return [
        bubblewrap.PROGRAM,
        *bubblewrap.isolation(),
        *([] if config.network else ["--unshare-net"]),
        *_bound("--ro-bind-try", _SYSTEM),
        *("--dev", "/dev"),
        # Root may write to what is below /proc/sys by being root, and so to what the kernel runs.
        *("--proc", "/proc", "--remount-ro", "/proc"),
        *_empty(_scratch(environment, person)),
        *_bound("--ro-bind-try", visible),
        *_empty(_ours(common)),
        *_bound("--ro-bind-try", show),
        *_belongings(home),
        *_bound("--bind-try", writable),
        *_worktree(worktree),
        *("--remount-ro", "/"),
        *("--chdir", str(worktree)),
        "--",
        *bubblewrap.bounded(argv),
    ]


def _bound(option: str, paths: Sequence[Path]) -> Iterator[str]:
    for path in dict.fromkeys(paths):
        yield from (option, str(path), str(path))


def _empty(folders: Sequence[Path]) -> Iterator[str]:
    """Folders of its own, which hold nothing and are gone with it."""
    for folder in dict.fromkeys(folders):
        yield from (*bubblewrap.size_of_scratch(), "--tmpfs", str(folder))


def _belongings(home: Home | None) -> Iterator[str]:
    if home is not None:
        yield from ("--bind", str(home.own), str(home.place))
        yield from _bound("--ro-bind", home.shown)


def _scratch(environment: Mapping[str, str], home: Path) -> list[Path]:
    """Where it may write what nobody keeps. The home folder comes first: the others may be in it,
    and would not be seen below it otherwise."""
    own = Path(environment.get("TMPDIR") or _SCRATCH[0])
    return [place for place in (home, *_SCRATCH, own) if place.is_absolute() and place.parents]


def _ours(common: Path | None) -> list[Path]:
    """What the runner keeps: journal, logs and locks in a repository, secrets in its own folder."""
    places = [mission_home(), *([common / "mission-runner"] if common is not None else [])]
    return [place for place in places if place.is_dir()]


def _in(home: Path, path: str) -> Path:
    """`path` below the home folder, unless it is absolute."""
    return home / path.removeprefix("~/")


def _worktree(worktree: Path) -> list[str]:
    """The worktree writable, and its `.git` not."""
    bound = ["--bind", str(worktree), str(worktree)]
    marker = worktree / ".git"
    if os.path.lexists(marker):
        bound += ["--ro-bind", str(marker), str(marker)]
    return bound
