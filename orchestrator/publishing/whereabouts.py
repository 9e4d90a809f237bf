"""The plan is written where the base is checked out, and else into its copy beside the journal.

A person may switch branches at any moment of a run, or stash what the run has written. Whatever the
checkout has then, the statuses stay: they go to the copy, or into the file again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from pathlib import Path

from errors import GitError, MissionError
from mission.place import Place, own_git_dir
from mission.plan_copy import (
    CopyState,
    copy_of,
    head_of,
    is_away,
    named,
    read_state,
    write_copy,
    write_state,
)
from orchestrator.publishing.own_commits import OwnCommits
from tasks_md.edit import CellChange, current, set_cells
from tasks_md.model import Plan, Task
from tasks_md.parse import decode, encode, parse
from tasks_md.rebase import rebase
from tasks_md.saving import NewFile, version_at
from tasks_md.writer import StatusWriter
from workspace.line_merge import merge_lines
from workspace.repository import Repository
from workspace.status_commit import committed, stored

_PATIENCE = 2.0  # seconds for a git that is switching branches; one that commits may take hours
_PAUSE = 0.02  # seconds
_OURS = ("status", "notes")  # the cells that a run writes


class Checkout:
    """Where the plan is, for its writer (`tasks_md.writer.Whereabouts`)."""

    def __init__(
        self,
        place: Place,
        writer: StatusWriter,
        repository: Repository,
        own_commits: OwnCommits,
        *,
        take_in: Callable[[str], None],
        wrote: Callable[[str], Collection[str]],
        plain: Callable[[str], str],
        say: Callable[[str], None],
    ) -> None:
        """
        Args:
            take_in: Has our plan know a commit's.
            wrote: The statuses that a row was ever given, by runs and on request.
            plain: Takes the runner's word out of a row's notes.
            say: Tells people a line.
        """
        self._place = place
        self._writer = writer
        self._repository = repository
        self._own_commits = own_commits
        self._take_in = take_in
        self._wrote = wrote
        self._plain = plain
        self._say = say
        self._path = own_commits.task_file
        self._tip: str | None = None  # of the branch here, no newer than what was read last
        self.away = False

    def begin(self) -> None:
        """As a mission is opened, before its plan is read.

        Raises:
            RowConflictError: The base is checked out again, and the plan there was changed in the
                same place as the copy.
        """
        state = read_state(self._place)
        was_away = state is not None and state.away and copy_of(self._place).is_file()
        if self._is_elsewhere():
            if not copy_of(self._place).is_file() or self._copied() is None:
                self._seed()
            self._go(copy_of(self._place), away=True)
            self._say(self._told())
        elif was_away:
            self._go(copy_of(self._place), away=True)
            self._come_home()
        self._writer.whereabouts = self

    def end(self, taken_in: str) -> None:
        """As it is closed: leave a copy for who looks on from another branch. `taken_in` is the
        commit that our plan builds on."""
        self._writer.whereabouts = None
        tip = self._repository.git.commit(taken_in)
        if not self.away and tip is not None and self._has_plan():
            write_copy(self._place, self._writer.path.read_bytes())
            self._own_commits.note_copied_commit(tip)
            write_state(self._place, self._state(away=False))

    def look(self, ours: Plan | None) -> None:
        """See which branch is checked out."""
        away = self._is_elsewhere() if not self.away else self._is_off()
        if away and not self.away and ours is not None:
            self._leave(ours)
        elif self.away and not away:
            self._come_home()
        if not self.away:
            self._tip = self._repository.git.commit(self._repository.local_base_ref)

    def changed(self, ours: Plan, theirs: Plan) -> Plan | None:
        """See whether a person wrote the file, or git, which put back what is committed."""
        if self.away:
            return None
        tip, text = self._tip, encode(theirs.text)
        self._wait_for_git()
        if self._is_elsewhere():
            self._leave(ours)
            return self._writer.read()
        git = self._repository.git
        before = None if tip is None else committed(git, tip, self._path)
        if before is None or committed(git, "HEAD", self._path) != text:
            return None
        cells = _put_back(self._parse(before), ours, theirs)
        if not cells:
            return None
        self._say(f"{self._path} was put back to what is committed: its statuses are written again")
        return self._writer.rewrite(lambda plan: set_cells(plan, cells))

    def _wait_for_git(self) -> None:
        """While git switches branches it holds the index, and the HEAD follows at its end."""
        top = self._place.repository
        if top is None:
            return
        lock = own_git_dir(top) / "index.lock"
        until = time.monotonic() + _PATIENCE
        held = lock.exists()
        while lock.exists() and time.monotonic() < until:
            time.sleep(_PAUSE)
        if held:
            time.sleep(_PAUSE)

    def _is_off(self) -> bool:
        return is_away(head_of(self._place), self._repository.local_base_ref)

    def _is_elsewhere(self) -> bool:
        """Whether something else than the base is checked out, and the base has the plan."""
        return self._is_off() and self._has_plan()

    def _has_plan(self) -> bool:
        base = self._base()
        return base is not None and stored(self._repository.git, base, self._path) is not None

    def _base(self) -> str | None:
        repository = self._repository
        return repository.git.commit(repository.local_base_ref) or repository.git.commit(
            repository.base_ref
        )

    def _copied(self) -> str | None:
        return self._repository.git.commit(self._own_commits.copied_ref())

    def _seed(self) -> None:
        """Begin the copy as the base has the plan."""
        base = self._base()
        text = None if base is None else committed(self._repository.git, base, self._path)
        if base is None or text is None:
            raise GitError(f"{self._path} is not on {self._repository.base} any more")
        write_copy(self._place, text)
        self._own_commits.note_copied_commit(base)

    def _leave(self, ours: Plan) -> None:
        """The base is not checked out any more: go on in the copy."""
        git, tip = self._repository.git, self._tip
        seen = git.commit(self._own_commits.taken_in_ref())
        if tip is None or (seen is not None and git.is_ancestor(tip, of=seen)):
            tip = seen
        if tip is None:
            return
        write_copy(self._place, encode(ours.text))
        self._own_commits.note_copied_commit(tip)
        self._go(copy_of(self._place), away=True)
        kept = self._tidy(ours)
        self._say(f"{self._told()}{kept}")

    def _tidy(self, ours: Plan) -> str:
        """Take out of the other branch's checkout what git carried there of ours; what is said of
        the rest."""
        git, file = self._repository.git, self._place.task_file
        text = committed(git, "HEAD", self._path)
        version = version_at(file)
        if text is None or version is None or file.read_bytes() == text:
            return ""
        staged = not git.fits("diff", "--cached", "--quiet", "--", self._path)
        if (
            staged
            or file.read_bytes() != encode(ours.text)
            or not _only_ours(self._parse(text), ours)
        ):
            return f". Your own changes of {self._path} stay there"
        fresh = file.with_name(f".{file.name}.mission-new")
        with NewFile(fresh, [text], like=version) as new:
            new.replace(file)
        return ""

    def _come_home(self) -> None:
        """The base is checked out again: go on in the file there."""
        git, file, copy = self._repository.git, self._place.task_file, copy_of(self._place)
        head = git.commit("HEAD")
        if head is None:
            return
        self._take_in(head)
        ours = self._writer.read()
        seen = self._copied()
        text = committed(git, "HEAD", self._path)
        if text is None:
            raise GitError(f"{self._path} is not committed on {self._repository.base} any more")
        base = self._parse(text)

        def merge(one: str, common: str, other: str) -> str | None:
            merged = merge_lines(git, encode(one), encode(common), encode(other))
            return None if merged is None else decode(merged)

        self._writer.relocate(file)
        try:
            self._writer.rewrite(
                lambda theirs: rebase(base, ours, self._without_ours(base, theirs), merge)
            )
        except MissionError:
            self._writer.relocate(copy)
            raise
        if seen is not None:
            self._own_commits.note_taken_in_commit(seen)
        self._bring_reports()
        self._go(file, away=False)
        self._say(f"{self._repository.base} is checked out again: statuses are in {file}")

    def _without_ours(self, base: Plan, theirs: Plan) -> Plan:
        """The file in the checkout without what a run wrote there before the branch was left: git
        has carried that to the other branch and back, where the run was killed meanwhile."""
        cells = []
        for task in theirs.tasks:
            old = base.by_id.get(task.id)
            if old is None:
                continue
            written = {
                "status": task.status in self._wrote(task.id),
                "notes": self._plain(task.notes) == self._plain(old.notes),
            }
            for column, ours in written.items():
                now, was = _text(task, column), _text(old, column)
                if ours and now is not None and was is not None and now != was:
                    cells.append(CellChange(task=task.id, column=column, value=was, expect=now))
        return self._parse(encode(set_cells(theirs, cells)))

    def _bring_reports(self) -> None:
        """Reports that were written meanwhile go along; what is there already stays."""
        for report in (copy_of(self._place).parent / "reports").glob("*.md"):
            there = self._place.folder / "reports" / report.name
            if not there.exists():
                there.parent.mkdir(exist_ok=True)
                there.write_bytes(report.read_bytes())
            report.unlink()

    def _go(self, file: Path, *, away: bool) -> None:
        self.away = away
        write_state(self._place, self._state(away=away))
        self._writer.relocate(file)

    def _state(self, *, away: bool) -> CopyState:
        return CopyState(base=self._repository.local_base_ref, away=away)

    def _told(self) -> str:
        base = self._repository.base
        return (
            f"{named(head_of(self._place))} is checked out in {self._repository.top}, and not "
            f"{base}: plan and statuses are those of {base}, in {copy_of(self._place)}; "
            f"{self._path} there is left alone"
        )

    def _parse(self, text: bytes) -> Plan:
        return parse(decode(text), path=self._path, dialect=self._writer.dialect)


def _put_back(before: Plan, ours: Plan, theirs: Plan) -> list[CellChange]:
    """What we had written since `before`, and `theirs` has as it was before. Pure."""
    changes = []
    for task in theirs.tasks:
        mine, old = ours.by_id.get(task.id), before.by_id.get(task.id)
        if mine is None or old is None:
            continue
        for column in _OURS:
            was, is_, now = (_text(one, column) for one in (old, mine, task))
            if None not in (was, is_, now) and was == now != is_:
                changes.append(
                    CellChange(task=task.id, column=column, value=str(is_), expect=str(now))
                )
    return changes


def _only_ours(before: Plan, ours: Plan) -> bool:
    """Whether nothing differs but cells that a run writes. Pure."""
    if list(before.by_id) != list(ours.by_id):
        return False
    return set_cells(before, _put_back(before, ours, before)) == ours.text


def _text(task: Task, column: str) -> str | None:
    return current(task, column) if column in task.cells else None
