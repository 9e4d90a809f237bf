"""What this machine and the repository have of what the settings name: programs, base, remote."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from errors.finding import Finding, Severity
from mission.config.model import MissionConfig
from mission.lint import NamedProgram, Subject, base_of, named_programs
from tasks_md.branches import lint_beside_others, lint_folded
from tasks_md.nearest import did_you_mean
from tasks_md.words import shorten
from workspace.git import Git
from workspace.remotes import has_remote, remotes
from workspace.shared_note import serves_branches
from workspace.submodules import submodules_in

_COMMITTED = "It has to be in a commit of the base, or installed: then it is there for every row"
_NO_REMOTE = ("", "none")  # as `remote: null` is the same
_RUNNABLE = ("100755", "120000")  # modes of a tree's entry: a program, a link to one
_REMOTE_REFUSED = 2  # of `git ls-remote --exit-code`: it answered, and has no such branch
_DEFAULTS = MissionConfig()


def lint_ground(
    subject: Subject, git: Git | None, folder: Path, common_dir: Path | None
) -> Iterator[Finding]:
    """What the settings name and this machine lacks.

    Args:
        git: In the top folder of the repository around the mission; None: there is none.
        folder: The mission's own, where there is no repository.
        common_dir: The repository's git folder.
    """
    with ExitStack() as kept:
        commits: tuple[str, ...] = ()
        if git is not None and common_dir is not None:
            git = kept.enter_context(git.asked())
            branch = _Branch.of(subject, git, common_dir)
            yield from _unknown_remote(subject, branch)
            yield from _unknown_base(subject, branch)
            yield from _crowded_branches(subject, branch)
            tips = (git.commit(name) for name in ("HEAD", branch.local, branch.followed))
            commits = tuple(dict.fromkeys(tip for tip in tips if tip is not None))
            yield from _unknown_submodules(subject, git, commits)
        files = _Files(folder=git.folder if git is not None else folder, git=git, commits=commits)
        for program in named_programs(subject):
            yield from _missing(subject, program, files)
        yield from _unbrought(subject, files.folder)
        yield from _planted(subject, files.folder)


def lint_claim(subject: Subject, state_dir: Path) -> Iterator[Finding]:
    """That the remote takes no hidden refs, which a run has found out before."""
    if serves_branches(state_dir):
        yield subject.finding(
            ("claim",),
            "claim-in-branches",
            "the remote refuses refs below refs/mission-runner/: who carries the mission out is "
            "said in branches below mission-runner/",
            "Everybody sees these; let the remote take the others if they are in the way",
            severity=Severity.INFO,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Branch:
    """The base, as the settings have it."""

    git: Git
    name: str
    remote: str  # as the settings name it; empty: none is to be used
    reached: bool  # there is a remote of this name

    @classmethod
    def of(cls, subject: Subject, git: Git, common_dir: Path) -> _Branch:
        given = subject.mapping().get("remote", _DEFAULTS.remote)
        remote = given if isinstance(given, str) and given not in _NO_REMOTE else ""
        return cls(
            git=git,
            name=base_of(subject),
            remote=remote,
            reached=bool(remote) and has_remote(git, common_dir, remote),
        )

    @property
    def local(self) -> str:
        return f"refs/heads/{self.name}"

    @property
    def followed(self) -> str:
        return f"refs/remotes/{self.remote}/{self.name}"


def _unknown_remote(subject: Subject, branch: _Branch) -> Iterator[Finding]:
    """A remote that was named and is not there would count as none: nothing would be pushed."""
    if not branch.remote or branch.reached:
        return
    there_are = remotes(branch.git)
    given = subject.text("remote") is not None
    if given and (there_are or branch.remote != _DEFAULTS.remote):
        there = f"There are: {', '.join(there_are) or 'none'}; `remote: null` uses none"
        hint = did_you_mean(branch.remote, there_are, there)
        message = f"the repository has no remote {shorten(branch.remote)}"
        yield subject.finding(("remote",), "unknown-remote", message, hint)


def _unknown_base(subject: Subject, branch: _Branch) -> Iterator[Finding]:
    """The remote is asked only about a branch that nobody here has heard of."""
    git = branch.git
    if any(git.commit(name) is not None for name in (branch.local, branch.followed)):
        return
    if not branch.reached and git.commit("HEAD") is None:
        return  # a repository without a commit has no branch yet, whatever its name will be
    severity, where = Severity.ERROR, "here"
    if branch.reached:
        asked = git.run(
            "ls-remote", "--exit-code", "--heads", branch.remote, branch.local, check=False
        )
        if asked.code == 0:
            return
        where = f"on {branch.remote}"
        if asked.code != _REMOTE_REFUSED:
            severity, where = Severity.WARNING, f"here, and {branch.remote} cannot be asked"
    heads = git.run(
        "for-each-ref", "--format=%(refname:strip=2)", "refs/heads/", check=False
    ).text.split("\n")
    rest = "Name the branch to merge into as `base` in mission.yaml"
    hint = did_you_mean(branch.name, [head for head in heads if head], rest)
    message = f"there is no branch {shorten(branch.name)} {where}"
    yield subject.finding(("base",), "unknown-base", message, hint, severity=severity)


def _crowded_branches(subject: Subject, branch: _Branch) -> Iterator[Finding]:
    """Rows whose branches this repository cannot have, as others are in the way."""
    kinds = ("refs/heads/", f"refs/remotes/{branch.remote}/" if branch.reached else "refs/heads/")
    listed = branch.git.run("for-each-ref", "--format=%(refname)", *kinds, check=False)
    names = (
        ref.removeprefix(kind)
        for ref in listed.text.split("\n")
        for kind in kinds
        if ref.startswith(kind)
    )
    yield from lint_beside_others(subject.plan, branch.name, names)
    folded = tuple(lint_folded(subject.plan, branch.name))
    if folded and _folds(branch.git):
        yield from folded


def _folds(git: Git) -> bool:
    """Whether names that differ by case alone are one file here."""
    return git.run("config", "--type=bool", "--get", "core.ignorecase", check=False).text == "true"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Files:
    """The files that a relative path may mean."""

    folder: Path  # the checkout's top
    git: Git | None
    commits: tuple[str, ...]  # that count as committed: the checkout's and the base's

    def mode(self, path: str) -> str | None:
        """The mode of a committed file, as git writes it; None: no commit has it."""
        if self.git is None:
            return None
        for commit in self.commits:
            listed = self.git.run("ls-tree", "-z", commit, "--", path, check=False)
            found = [entry for entry in listed.fields if entry.partition("\t")[2] == path]
            if found:
                return found[0].partition(" ")[0]
        return None

    def ignored(self, path: str) -> bool:
        """Whether git leaves the path out on purpose."""
        return self.git is not None and self.git.run("check-ignore", path, check=False).code == 0


def _unbrought(subject: Subject, top: Path) -> Iterator[Finding]:
    """Files of the checkout that worktrees are to get, and that this one has not: a row is blocked
    without. Another clone, that nobody carries the mission out in, need not have them."""
    for key in ("copy", "link"):
        for place, path in subject.texts("worktree", key):
            if not (top / path).exists():
                message = f"{shorten(path)} is not in {top}"
                hint = "Make it before a run, or take it out: rows that lack it are blocked"
                yield subject.finding(
                    place, "missing-file", message, hint, severity=Severity.WARNING
                )


def _planted(subject: Subject, top: Path) -> Iterator[Finding]:
    """Addresses and secrets of receivers that would be read where agents write."""
    for number in range(len(subject.entries("notify", "to"))):
        for key in ("address_file", "secret_file"):
            place = ("notify", "to", number, key)
            named = subject.text(*place)
            if named and Path(named).expanduser().resolve().is_relative_to(top.resolve()):
                yield subject.finding(
                    place,
                    "planted-secret",
                    f"{shorten(named)} lies in the repository, where agents write",
                    "Keep it elsewhere, for your eyes alone; nobody would be told by it",
                )


def _unknown_submodules(subject: Subject, git: Git, commits: Sequence[str]) -> Iterator[Finding]:
    named = tuple(subject.texts("worktree", "submodules"))
    if not named or not commits:
        return
    there_are = {one.path for commit in commits for one in submodules_in(git, commit)}
    for place, path in named:
        if path.removesuffix("/") not in there_are:
            there = f"There are: {', '.join(sorted(there_are)) or 'none'}"
            hint = did_you_mean(path, there_are, there)
            message = f"{shorten(path)} is no submodule of the base"
            yield subject.finding(place, "unknown-submodule", message, hint)


def _missing(subject: Subject, named: NamedProgram, files: _Files) -> Iterator[Finding]:
    program = named.program
    if program.startswith("{"):
        return  # a file of the attempt's own
    if "/" not in program:
        if named.here and shutil.which(program, path=named.path) is None:
            message = f"{shorten(program)} is not installed, or not on PATH"
            yield subject.finding(
                named.location, "missing-program", message, "Install it, or correct the name"
            )
    elif program.startswith("/"):
        if named.here:
            yield from _not_runnable(subject, named, Path(program))
    else:
        yield from _relative(subject, named, files)


def _relative(subject: Subject, named: NamedProgram, files: _Files) -> Iterator[Finding]:
    program, location = named.program, named.location
    path = os.path.normpath(program)
    if files.git is None or named.folder == "checkout":
        found = [*_not_runnable(subject, named, files.folder / path)]
        if found or files.git is None:
            yield from found
            return
    if path.startswith("../"):
        message = f"{shorten(program)} leads out of the repository"
        yield subject.finding(location, "missing-program", message, _COMMITTED)
        return
    mode = files.mode(path)
    if mode is None and not files.commits:
        yield from _not_runnable(subject, named, files.folder / path)
    elif mode is None and files.ignored(path):
        message = f"{shorten(program)} is ignored by git: a fresh checkout has it not"
        hint = "An earlier step has to make it"
        yield subject.finding(
            location, "uncommitted-program", message, hint, severity=Severity.WARNING
        )
    elif mode is None and (files.folder / path).exists():
        message = f"{shorten(program)} is in no commit"
        hint = f"`git add {shlex.quote(path)}` and commit it: fresh checkouts verify the work"
        yield subject.finding(location, "uncommitted-program", message, hint)
    elif mode is None:
        message = f"{shorten(program)} is not in the repository"
        yield subject.finding(location, "missing-program", message, _COMMITTED)
    elif mode not in _RUNNABLE:
        message = f"{shorten(program)} is committed, but not as a program"
        hint = f"`git update-index --chmod=+x {shlex.quote(path)}`, and commit that"
        yield subject.finding(location, "missing-program", message, hint)


def _not_runnable(subject: Subject, named: NamedProgram, path: Path) -> Iterator[Finding]:
    if not path.is_file():
        message = f"there is no file {shorten(named.program)}"
        yield subject.finding(named.location, "missing-program", message, "Correct the path")
    elif not os.access(path, os.X_OK):
        message = f"{shorten(named.program)} is a file that cannot be run"
        hint = f"`chmod +x {path}`, or name the program that reads it first"
        yield subject.finding(named.location, "missing-program", message, hint)
