"""What people said of rows after these were merged: in the journal, and in commits on the base."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from errors import MissionError
from mission.journal import Event, Journal, RequestKind
from mission.journal.kinds import Merged, StatusSet
from mission.state import Actor, Status
from policy.merged import Merge, Word
from tasks_md.model import Dialect, Task
from tasks_md.parse import decode, parse
from workspace import status_commit
from workspace.file_log import edits
from workspace.repository import Repository
from workspace.squash import one_line


def journalled(journal: Journal, merges: Sequence[Merge]) -> Iterator[Word]:
    """What people asked of the runner: that a row be not-started, after a merge of it."""
    known = {event.what.commit: event.id for event in reversed(journal.events(Merged))}
    for event in journal.events(StatusSet):
        if not _is_word(event):
            continue
        task = one_line(event.task or "")
        after = frozenset(
            one.commit
            for one in merges
            if one.task == task
            # By the journal's own order where it knows the merge; else clocks have to do.
            and (event.id > known[one.commit] if one.commit in known else event.at > one.at)
        )
        if after:
            yield Word(task=task, after=after)


def _is_word(event: Event[StatusSet]) -> bool:
    """Whether a status change is a person's wish to have a row done anew. `unblock` is none: what
    held the row up is out of its way, and what is merged stays."""
    by_person = event.what.by == Actor.PERSON and event.what.new == Status.NOT_STARTED
    unblocked = event.what.reason.startswith(f"{RequestKind.UNBLOCK} ")
    return by_person and not unblocked


def committed(
    repository: Repository, merges: Sequence[Merge], task_file: str, dialect: Dialect
) -> Iterator[Word]:
    """Commits on the base, of people, that made a row not-started after a merge of it.

    Args:
        merges: Parents before children; at least one.
        task_file: Its path in the repository.
    """
    git, rows = repository.git, _Reader(task_file, dialect)
    by_task: dict[str, list[Merge]] = {}
    for merge in merges:
        by_task.setdefault(merge.task, []).append(merge)
    changes = edits(
        git,
        since=merges[0].commit,  # no other one is part of its history
        until=repository.base_tip(),
        paths=sorted({task_file, *(one.mission for one in merges if one.mission)}),
        trailer=status_commit.TRAILER,
    )
    for edit in changes:
        before = [rows.of(text) for text in edit.before]
        for name, row in rows.of(edit.after).items():
            if row.status != Status.NOT_STARTED or one_line(name) not in by_task:
                continue
            earlier = [theirs[name] for theirs in before if name in theirs]
            # The runner's own commits say what it did, unless they plan new rows.
            if earlier and (edit.trailer or _is_open(earlier)):
                continue
            after = frozenset(
                one.commit
                for one in by_task[one_line(name)]
                if (earlier or not _is_same(row, rows.at(repository, one).get(name)))
                and git.is_ancestor(one.commit, of=edit.commit)
            )
            if after:
                yield Word(task=one_line(name), after=after)


def _is_open(rows: Sequence[Task]) -> bool:
    """Whether a parent said not-started already: then no word was spoken."""
    return any(row.status == Status.NOT_STARTED for row in rows)


def _is_same(row: Task, merged: Task | None) -> bool:
    """Whether a row that a commit added is the one that was merged: its file was moved, or could
    not be read for a while. Else it is another row of its name."""
    return merged is not None and merged.description == row.description


class _Reader:
    """Reads versions of one task file."""

    def __init__(self, path: str, dialect: Dialect) -> None:
        self._path = path
        self._dialect = dialect

    def of(self, text: bytes | None) -> Mapping[str, Task]:
        """The rows of a version, by their names; none where it cannot be read."""
        if text is None:
            return {}
        try:
            return parse(decode(text), path=self._path, dialect=self._dialect).by_id
        except MissionError:
            return {}

    def at(self, repository: Repository, merge: Merge) -> Mapping[str, Task]:
        """The rows as a merge found them."""
        path = merge.mission or self._path
        return self.of(status_commit.committed(repository.git, merge.commit, path))
