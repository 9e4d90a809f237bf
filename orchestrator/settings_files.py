"""Files of the tree that say what the runner executes, asks and sends, and to whom.

What a branch changes in one of them acts outside of every sandbox once it has merged. So it merges
when a person has agreed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from gates.single_writer import folded, touched
from mission.place import CONFIG_FILE
from orchestrator.context import Context
from tiers.config import FILE_NAMES
from workspace.hooks import hook_folders

# In whatever folder: a repository may hold several missions, and commands start in any folder.
_NAMES = frozenset(
    folded(name) for name in (CONFIG_FILE, Path(CONFIG_FILE).with_suffix(".yml").name, *FILE_NAMES)
)
_LINKS = 20  # how many a chain of links may have before it leads nowhere


def why_agree(context: Context, files: Iterable[str]) -> str:
    """Why a person has to agree to a change of `files`, which are repository paths: the runner acts
    on one of them. Empty if it acts on none.

    One counts too that holds such a file, takes the place of its folder, or is what a link with
    such a name leads to.
    """
    named, hooks = tuple(_named(context)), hook_folders(context.repository)
    for path in files:
        if folded(PurePosixPath(path).name) in _NAMES or any(touched([path], one) for one in named):
            return f"it changes {path}, which says what the runner runs and asks"
        if any(_is_around(path, folder) for folder in hooks):
            return f"it changes {path}, and git runs hooks from there"
    return ""


def _is_around(path: str, folder: PurePosixPath) -> bool:
    """Whether a file is in a folder of hooks, or beside it: tools make hooks of what is in the
    folder around theirs."""
    return not folder.parts or touched([path], folder.parts[0])


def _named(context: Context) -> Iterator[str]:
    """The paths of these files as this mission has them, each link on the way to one included."""
    top = context.repository.top.resolve()
    folder = context.place.folder
    found = [folder / name for name in _NAMES]
    for above in folder.parents:
        if above.is_relative_to(top):
            found += [above / name for name in FILE_NAMES]
    for task in context.config.tasks.values():
        config = task.with_.get("config")
        if isinstance(config, str):
            found.append(top / config)
    for path in found:
        for step in _way(path):
            if step.is_relative_to(top):
                yield step.relative_to(top).as_posix()


def _way(path: Path) -> Iterator[Path]:
    """`path`, what it is a link to, and so on; and where all of it leads in the end."""
    step = path
    for _ in range(_LINKS):
        yield Path(*_plain(step))
        if not step.is_symlink():
            break
        step = step.parent / step.readlink()
    yield path.resolve()


def _plain(path: Path) -> list[str]:
    """The parts of a path without `..`, as text alone tells: links were resolved before."""
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            parts = parts[:-1] or parts
        else:
            parts.append(part)
    return parts
