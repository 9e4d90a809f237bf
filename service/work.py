"""What an attempt changed, as git has it: for a person who is to decide."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from errors import GitError
from mission.journal import Attempt
from mission.place import Place
from service.story import Chapter
from workspace.git import Git


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangedFile:
    """A file that differs."""

    path: str  # undecodable bytes as surrogates
    added: int | None  # lines; None: it is no text
    removed: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """What there is to be seen of an attempt's work."""

    base: str  # the commit that it differs from
    head: str
    moved: bool  # somebody has worked on the branch since the agent ended
    files: tuple[ChangedFile, ...]  # in git's order

    def data(self) -> dict[str, object]:
        """As JSON."""
        return asdict(self)


def find_work(place: Place, chapter: Chapter) -> Work | None:
    """The work of an attempt: its merge on the base, else what its branch holds now, since that is
    what an approval would merge, else what it came to. None where there is none, or git is gone.

    Starts git, and changes nothing.

    Raises:
        GitError: Git cannot say.
    """
    attempt, git = chapter.attempt, _git(place)
    if git is None:
        return None
    moved = False
    if chapter.merged is not None and git.commit(chapter.merged) is not None:
        base, head = git.commit(f"{chapter.merged}^"), git.commit(chapter.merged)
    else:
        head = _tip(git, attempt)
        moved = head is not None and attempt.head is not None and head != attempt.head
        start = attempt.base_commit and git.commit(attempt.base_commit)
        base = git.merge_base(start, head) if start and head else None
    if base is None or head is None or base == head:
        return None
    return Work(base=base, head=head, moved=moved, files=_files(git, base, head))


def patch(place: Place, work: Work) -> str:
    """The whole difference, as git prints it. No program that settings or a tree name is run.

    Raises:
        GitError: Git cannot say.
    """
    git = _git(place)
    if git is None:
        raise GitError(f"{place.folder} is in no git repository any more")
    plain = ("--no-ext-diff", "--no-textconv", "--no-color")
    return git.run("diff-tree", "-r", "-p", *plain, work.base, work.head).stdout


def _git(place: Place) -> Git | None:
    return None if place.repository is None else Git(place.repository)


def _tip(git: Git, attempt: Attempt) -> str | None:
    branch = git.commit(f"refs/heads/{attempt.branch}") if attempt.branch else None
    return branch or (git.commit(attempt.head) if attempt.head else None)


def _files(git: Git, base: str, head: str) -> tuple[ChangedFile, ...]:
    listed = git.run("diff-tree", "-r", "-z", "--numstat", "--no-renames", base, head).fields
    found = []
    for field in listed:
        added, removed, path = field.split("\t", 2)
        text = added != "-"
        found.append(
            ChangedFile(
                path=path,
                added=int(added) if text else None,
                removed=int(removed) if text else None,
            )
        )
    return tuple(found)
