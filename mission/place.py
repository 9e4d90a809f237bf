"""Where a mission lives: its files, its repository, and the folder for what the runner keeps."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

from errors import UsageError
from mission.private import private_folder
from mission.strays import strays

if TYPE_CHECKING:
    from mission.journal import Journal

_T = TypeVar("_T")

TASK_FILE = "TASKS.md"
CONFIG_FILE = "mission.yaml"
# Where, below the common git folder, worktrees that are lent have repositories of their own
# (`workspace.loan`): LENT/NAME/git.
LENT = ("mission-runner", "lent")
_SEARCH_DEPTH = 6  # folders below the current one
_MOST_LINKS = 40  # as many as Linux follows
_SEARCH_FOLDERS = 20_000  # then give up: somebody started in their home folder
_PASSED_OVER = frozenset({"node_modules", "__pycache__", "venv", "site-packages"})


def mission_home() -> Path:
    """The runner's own folder of this user: worktrees, the local server, missions without git.

    `$MISSION_HOME`, else `$XDG_STATE_HOME/mission-runner`, else `~/.local/state/mission-runner`.
    """
    own = os.environ.get("MISSION_HOME")
    if own:
        return Path(own).expanduser().absolute()
    state = os.environ.get("XDG_STATE_HOME")
    # The XDG rules say that a relative path there is to be ignored.
    base = Path(state) if state and Path(state).is_absolute() else Path.home() / ".local" / "state"
    return base / "mission-runner"


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A mission on this machine. All paths are absolute, without symbolic links."""

    task_file: Path
    repository: Path | None  # the top folder of its work tree; None without git
    common_dir: Path | None  # the git folder that all work trees of the repository share

    @classmethod
    def find(cls, path: str | None = None) -> Self:
        """The mission that `path` means: a task file, or a folder with one in or below it.

        Without a path, the current folder, and where that has none the repository around it.

        Raises:
            UsageError: No file, or more than one; the hint names them. Or it is reached through a
                link beside which a `mission.yaml` stands, which would not be read there.
        """
        given = Path(path).expanduser() if path is not None else Path.cwd()
        if given.is_dir():
            task_file = _in_folder(given, around=path is None)
        elif given.is_file():
            task_file = given
        else:
            what = "no such file" if not given.exists() else "neither a file nor a folder"
            raise UsageError(f"{given}: {what}", hint=f"Name a {TASK_FILE}, or its folder")
        repository, common_dir = _repository_of(task_file.resolve().parent)
        task_file = _behind_links(task_file, repository)
        return cls(task_file=task_file, repository=repository, common_dir=common_dir)

    @property
    def folder(self) -> Path:
        """The folder that holds the task file."""
        return self.task_file.parent

    @property
    def config_file(self) -> Path:
        """`mission.yaml`, beside the task file. It need not exist."""
        return self.folder / CONFIG_FILE

    @property
    def path_in_repository(self) -> str | None:
        """The task file as git names it: relative to the top folder, with `/`."""
        if self.repository is None:
            return None
        return self.task_file.relative_to(self.repository).as_posix()

    @property
    def state_dir(self) -> Path:
        """What the runner keeps of this mission. Never in the work tree; it need not exist yet.

        All work trees of a repository share it, so that there is one writer among them.
        """
        if self.common_dir is None or self.path_in_repository is None:
            return mission_home() / "missions" / _slug(str(self.task_file))
        return self.common_dir / "mission-runner" / _slug(self.path_in_repository)

    def keep_state(self) -> Path:
        """`state_dir`, made where it is missing, and closed to all but this user.

        Raises:
            UsageError: It is somebody else's, or a link leads there.
            OSError: It cannot be made.
        """
        private_folder(self.state_dir, top=self.state_dir.parent)
        return self.state_dir

    @property
    def journal_file(self) -> Path:
        """The journal's database."""
        return self.state_dir / "journal.sqlite"

    def look(self, take: Callable[[Journal], _T], /) -> _T:
        """What `take` finds in the journal, all of it of one moment.

        Raises:
            JournalError: It cannot be read.
        """
        from mission.journal.look import look  # noqa: PLC0415 - commands that look at none wait less

        return look(self.journal_file, take)

    @property
    def logs(self) -> Path:
        """The folder for the logs of attempts."""
        return self.state_dir / "logs"

    @property
    def wake_file(self) -> Path:
        """A run watches it: touched when a request waits in the journal."""
        return self.state_dir / "wake"


def _behind_links(given: Path, repository: Path | None) -> Path:
    """The task file itself. A `mission.yaml` counts beside it, never beside a link to it.

    Looked at are the links on the way from `given`, and those in the folders around the task file:
    whoever names it directly means the same mission.

    Raises:
        UsageError: A `mission.yaml`, or what seems to be meant as one, stands beside such a link.
    """
    task_file = given.resolve()
    links = list(_links_from(given))
    if repository is not None and task_file.is_relative_to(repository):
        around = [folder for folder in task_file.parents if folder.is_relative_to(repository)]
        names = (folder / TASK_FILE for folder in around)
        links += [name for name in names if name.is_symlink() and name.resolve() == task_file]
    own = task_file.with_name(CONFIG_FILE)
    for link in links:
        for config in (link.with_name(CONFIG_FILE), *strays(link.with_name(CONFIG_FILE))):
            there = os.path.lexists(config) and config.parent.resolve() != own.parent
            if there and not (own.exists() and config.exists() and config.samefile(own)):
                raise UsageError(
                    f"{config} would not be read: {link} is a link to {task_file}, and settings "
                    "count beside that file",
                    hint=f"Move it to {own}"
                    if not own.exists()
                    else f"Put what counts into {own}, and take the other away",
                )
    return task_file


def _links_from(given: Path) -> Iterator[Path]:
    """The symbolic links that lead from `given` to the file itself."""
    place = given.absolute()
    for _ in range(_MOST_LINKS):
        if not place.is_symlink():
            return
        yield place
        place = place.parent / place.readlink()


def _in_folder(folder: Path, *, around: bool) -> Path:
    direct = folder / TASK_FILE
    if direct.is_file():
        return direct
    if os.path.lexists(direct) and not direct.is_dir():
        lost = direct.is_symlink() and not direct.exists()
        what = "a link that leads nowhere" if lost else "no regular file"
        raise UsageError(f"{direct} is {what}", hint="Put the plan itself there")
    found = _below(folder)
    if len(found) == 1:
        return found[0]
    top = _repository_of(folder)[0] if around and not found else None
    if top is not None and top != folder:
        return _in_folder(top, around=False)
    if not found:
        here = Path.cwd().is_relative_to(folder)
        begin = "`mission init`" if here else f"`mission init {shlex.quote(str(folder))}`"
        raise UsageError(
            f"no {TASK_FILE} in {folder} or below",
            hint=f"{begin} writes one; or name a {TASK_FILE}, or its folder",
        )
    names = ", ".join(str(file.relative_to(folder)) for file in found[:5])
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""
    raise UsageError(f"{folder} holds several: {names}{more}", hint="Name one of them")


def _below(folder: Path) -> list[Path]:
    """Task files below `folder`; hidden folders and other people's packages are passed over."""
    found: list[Path] = []
    for visited, (where, folders, files) in enumerate(os.walk(folder)):
        depth = len(Path(where).relative_to(folder).parts)
        if depth >= _SEARCH_DEPTH or visited >= _SEARCH_FOLDERS:
            folders.clear()
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and name not in _PASSED_OVER
        )
        if TASK_FILE in files and (Path(where) / TASK_FILE).is_file():
            found.append(Path(where) / TASK_FILE)
    return sorted(found)


def _repository_of(folder: Path) -> tuple[Path | None, Path | None]:
    """Top and common git folder, read from the disk: `mission status` starts no process for it."""
    for top in (folder, *folder.parents):
        mark = top / ".git"
        if mark.is_dir() and (mark / "HEAD").exists():
            return top, mark.resolve()
        if mark.is_file():
            git_dir = _pointed_to(mark, top)
            shared = git_dir / "commondir"
            if shared.is_file():  # a linked work tree; a submodule has none
                git_dir = _pointed_to(shared, git_dir)
            elif git_dir.parts[-4:-2] == LENT:  # lent to an agent: still one mission, one writer
                git_dir = git_dir.parents[3]
            return top, git_dir
    return None, None


def own_git_dir(top: Path) -> Path:
    """The git folder of one work tree, by its top folder.

    Raises:
        UsageError: It cannot be told.
    """
    mark = top / ".git"
    return _pointed_to(mark, top) if mark.is_file() else mark


def _pointed_to(pointer: Path, start: Path) -> Path:
    """The folder that one of git's pointer files names, relative to `start` or absolute."""
    try:
        text = os.fsdecode(pointer.read_bytes())
    except OSError as error:
        raise UsageError(
            f"{pointer} cannot be read ({error.strerror})", hint="Git needs it as well"
        ) from error
    return (start / text.removeprefix("gitdir:").strip()).resolve()


def _slug(name: str) -> str:
    """A folder's name that people recognise and that no other mission of the repository has."""
    words = re.sub(r"[^A-Za-z0-9]+", "-", name.removesuffix(".md")).strip("-")[-60:].lstrip("-")
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return f"{words}-{digest}" if words else digest
