"""Files of the tree that say what the runner executes, asks and sends, and to whom.

What a branch changes in one of them acts outside of every sandbox once it has merged. So it merges
when a person has agreed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from gates.pause import PAUSED_FILE
from mission.config import MissionConfig
from mission.place import CONFIG_FILE, Place
from orchestrator.gating.paths import folded, touched
from tiers.config import FILE_NAMES
from workspace.hooks import hook_folders
from workspace.repository import Repository

# In whatever folder: a repository may hold several missions, and commands start in any folder.
_NAMES = frozenset(
    folded(name) for name in (CONFIG_FILE, Path(CONFIG_FILE).with_suffix(".yml").name, *FILE_NAMES)
)
_LINKS = 20  # how many a chain of links may have before it leads nowhere


@dataclass(frozen=True, kw_only=True)
class SettingsFiles:
    """Whether a change touches what the runner acts on."""

    place: Place
    config: MissionConfig
    repository: Repository

    def why_agree(self, files: Iterable[str]) -> str:
        """Why a person has to agree to a change of `files`, which are repository paths: the runner
        acts on one of them. Empty if it acts on none.

        One counts too that holds such a file, takes the place of its folder, or is what a link with
        such a name leads to.
        """
        named, hooks = tuple(self._named()), hook_folders(self.repository)
        pause = self._pause()
        for path in files:
            if pause and touched([path], pause):
                return f"it changes {path}, which pauses the mission while it is there"
            if folded(PurePosixPath(path).name) in _NAMES or any(
                touched([path], one) for one in named
            ):
                return f"it changes {path}, which says what the runner runs and asks"
            if any(_is_around(path, folder) for folder in hooks):
                return f"it changes {path}, and git runs hooks from there"
        return ""

    def _pause(self) -> str:
        """The file beside the plan that pauses it, by its path in the repository."""
        plan = self.place.path_in_repository
        return "" if plan is None else PurePosixPath(plan).with_name(PAUSED_FILE).as_posix()

    def _named(self) -> Iterator[str]:
        """The paths of these files as this mission has them, each link on the way to one
        included."""
        top = self.repository.top.resolve()
        folder = self.place.folder
        found = [folder / name for name in _NAMES]
        for above in folder.parents:
            if above.is_relative_to(top):
                found += [above / name for name in FILE_NAMES]
        for task in self.config.tasks.values():
            config = task.with_.get("config")
            if isinstance(config, str):
                found.append(top / config)
        if self.config.requests.signed is not None:
            found.append(top / Path(self.config.requests.signed).expanduser())
        if self.config.worktree.submodules:
            found.append(top / ".gitmodules")
        for path in found:
            for step in _way(path):
                if step.is_relative_to(top):
                    yield step.relative_to(top).as_posix()


def _is_around(path: str, folder: PurePosixPath) -> bool:
    """Whether a file is in a folder of hooks, or beside it: tools make hooks of what is in the
    folder around theirs."""
    return not folder.parts or touched([path], folder.parts[0])


def _way(path: Path) -> Iterator[Path]:
    """Each link on the way to where `path` leads, also among its folders; and where that is."""
    at, links = Path(path.anchor), 0
    left = [*reversed(path.parts[1:])]
    while left:
        step = at.parent if left[-1] == ".." else at / left[-1]
        left.pop()
        if not step.is_symlink():
            at = step
            continue
        yield step
        links += 1
        if links > _LINKS:
            return
        target = step.readlink()
        at = Path(target.anchor) if target.is_absolute() else at
        left += reversed(target.parts[1:] if target.is_absolute() else target.parts)
    yield at
