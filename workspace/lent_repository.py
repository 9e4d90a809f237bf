"""A repository that is made for one worktree and lent with it (gitrepository-layout(5)).

It borrows the objects of the mission's repository (`objects/info/alternates`), and holds copies of
its branches, its settings and its hooks. Of what is read from it afterwards, nothing is believed
that decides what git runs or where it looks: that is written anew first.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mission.private import private_folder
from workspace.git import Git
from workspace.git_files import (
    AUTOSTASHES,
    carry,
    commits_in,
    copy_file,
    copy_indexes,
    delete,
    delete_special,
    indexes,
    is_file,
    is_folder,
    write,
)
from workspace.identity import RUNNER, identity_environment
from workspace.process import Stop
from workspace.settings_file import settings_in

STASH = "refs/stash"
_SUBMODULE = "160000"
_NOTHING = "000000"  # the mode of what is not there
# Settings whose paths are relative to the folder of the settings.
_RELATIVE = re.compile(r"include\.path|includeif\..*\.path|lfs\.storage")
# Where pushes go in place of the remote's address: who works on loan has nobody to push to.
_PUSHES = re.compile(r"remote\..*\.pushurl")
# True of one repository alone.
_OWN = ("core.worktree", "extensions.refstorage")


@dataclass(frozen=True, kw_only=True, slots=True)
class LentRepository:
    """The repository, and beside it the settings that it is lent with."""

    place: Path  # the folder that holds all of it
    common_dir: Path  # of the mission's repository
    worktree: Path
    stop: Stop | None = None  # of the run

    @property
    def git_dir(self) -> Path:
        """Where the worktree's `.git` leads while it is lent."""
        return self.place / "git"

    @property
    def git(self) -> Git:
        """Git in it. The worktree may be gone."""
        folder = self.worktree if self.worktree.is_dir() else self.git_dir
        return Git(folder, self.git_dir, stop=self.stop)

    def make(self, record: Path, refs: Iterable[str]) -> None:
        """Make it, or bring what is left of an earlier loan up to date.

        Args:
            record: The worktree's folder in the mission's repository.
            refs: `OID REF` of each that it is to have. Its stash is its own, and stays.
        """
        private_folder(self.place, top=self.place.parent)
        if not is_folder(self.git_dir):
            delete(self.git_dir)
        self._copy_settings(record)
        self.furnish(record)
        self._write_refs(refs)
        copy_file(record / "HEAD", self.git_dir / "HEAD")
        copy_indexes(record, self.git_dir)
        carry(record, self.git_dir)

    def furnish(self, record: Path | None) -> None:
        """Write, as they were lent, all files by which git decides what to run and where to look,
        and remove what nobody can read."""
        own, common = self.git_dir, self.common_dir
        delete_special(own)
        for folder in ("objects/info", "objects/pack", "refs/heads", "refs/tags"):
            (own / folder).mkdir(parents=True, exist_ok=True)
        for name in ("commondir", "gitdir", "info", "hooks", "objects/info/http-alternates"):
            delete(own / name)
        for name in ("config", "config.worktree"):
            copy_file(self.place / name, own / name)
        write(own / "objects/info/alternates", f"{common / 'objects'}\n")
        copy_file(common / "shallow", own / "shallow")
        (own / "info").mkdir()
        for name in ("exclude", "attributes"):
            copy_file(common / "info" / name, own / "info" / name)
        if record is not None:
            copy_file(record / "info/sparse-checkout", own / "info/sparse-checkout")
        if (common / "hooks").is_dir():
            shutil.copytree(
                common / "hooks",
                own / "hooks",
                ignore=shutil.ignore_patterns("*.sample"),
                ignore_dangling_symlinks=True,
            )

    def _copy_settings(self, record: Path) -> None:
        copy = self.place / "config"
        copy_file(self.common_dir / "config", copy)
        copy_file(record / "config.worktree", self.place / "config.worktree")
        git, change = Git(self.place, stop=self.stop), ("config", "--file", str(copy))
        settings = settings_in(copy) if copy.exists() else ()
        for name in dict.fromkeys(name for name, _ in settings):
            if name in _OWN or _PUSHES.fullmatch(name):
                git.run(*change, "--unset-all", name)
            elif _RELATIVE.fullmatch(name):
                git.run(*change, "--unset-all", name)
                for value in (value for one, value in settings if one == name):
                    whole = value if value.startswith("~") else str(self.common_dir / value)
                    git.run(*change, "--add", name, whole)
        if ("core.bare", "false") not in settings:
            git.run(*change, "--replace-all", "core.bare", "false")
        # Large files that are committed on loan are not to be lost with it.
        large_files = self.common_dir / "lfs"
        if large_files.is_dir() and not any(name == "lfs.storage" for name, _ in settings):
            git.run(*change, "lfs.storage", str(large_files))

    def _write_refs(self, refs: Iterable[str]) -> None:
        own, stash = self.git_dir, commits_in(self.git_dir / STASH)
        for name in ("refs", "packed-refs", "HEAD.lock", "index.lock", "packed-refs.lock"):
            delete(own / name)
        for folder in ("refs/heads", "refs/tags"):
            (own / folder).mkdir(parents=True)
        if stash:
            write(own / STASH, f"{stash[0]}\n")
        write(own / "packed-refs", "".join(f"{line}\n" for line in refs))

    @property
    def readable(self) -> bool:
        """Whether git can still read it."""
        own = self.git_dir
        return is_folder(own) and is_file(own / "HEAD") and is_folder(own / "refs")

    def laid_aside(self, *, stashed: bool) -> list[str]:
        """The commits of what is in its stash, and of what `--autostash` put aside.

        Args:
            stashed: Whether it has a stash.
        """
        git = self.git
        aside = [oid for name in AUTOSTASHES for oid in commits_in(self.git_dir / name)]
        tip = git.commit(STASH) if stashed else None
        if tip is not None:
            log = git.run("log", "--walk-reflogs", "--format=%H", STASH, "--", check=False)
            aside += [tip, *log.text.split()]
        return [oid for oid in dict.fromkeys(aside) if git.commit(oid) is not None]

    def staged(self) -> str | None:
        """A commit that holds what is in its index and in no other commit, so that it can be
        fetched; empty where there is nothing of that kind; None if the index cannot be used."""
        git = self.git
        if "index" not in indexes(self.git_dir):
            return None
        changed = git.run(
            "diff-index", "--cached", "-z", "--raw", "--no-renames", "--no-abbrev", "HEAD", "--",
            check=False,
        )  # fmt: skip
        if changed.code:
            return None
        # :MODE MODE OID OID STATUS, and then the path; MODE OID STAGE, tab, path
        entries = [entry.split(" ")[1:4:2] for entry in changed.fields[::2]]
        if any(entry.endswith(" U") for entry in changed.fields[::2]):
            unmerged = git.run("ls-files", "-z", "--unmerged", check=False)
            if unmerged.code:
                return None
            entries += [entry.split("\t")[0].split(" ")[:2] for entry in unmerged.fields]
        blobs = {oid for mode, oid in entries if mode not in (_SUBMODULE, _NOTHING)}
        if not any(oid.strip("0") for oid in blobs):
            return ""
        lines = "".join(f"100644 blob {oid}\t{oid}\n" for oid in sorted(blobs) if oid.strip("0"))
        tree = git.run("mktree", input=lines, check=False)
        if tree.code:
            return None
        identity = identity_environment(RUNNER, RUNNER)
        return git.run("commit-tree", tree.text, input="staged\n", environment=identity).text
