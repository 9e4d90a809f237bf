"""Which rows are merged: the merges on the base, what undid them, and what people said since.

Pure: whoever asks reads the base's commits and the journal, and hands them over as values.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Merge:
    """A row's squash commit on the base, by its trailers."""

    commit: str
    task: str
    attempt: str
    mission: str  # its task file; empty in commits of the runner's earlier versions
    at: datetime  # when it was made; a rebase of the base does not change that

    def copies(self, other: Merge) -> bool:
        """Whether it is the same merge, cherry-picked or rebased."""
        return replace(self, commit=other.commit) == other


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """A commit of the base that merged rows, or took back an earlier commit."""

    commit: str
    subject: str
    merges: tuple[Merge, ...] = ()  # several where somebody squashed squashes
    undoes: tuple[str, ...] = ()  # ids of earlier commits, or how these begin
    undoes_subject: str = ""  # ... or the first line of one, where the message names no id


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """A person's word that a row is to be done anew."""

    task: str
    after: frozenset[str]  # the merges of the row that were there before it


def standing(commits: Sequence[Recorded]) -> tuple[Merge, ...]:
    """The merges that are not taken back, in the order of `commits`: parents before children.

    A revert counts as long as it is not reverted itself, however long the chain.
    """
    left = _standing(commits)
    return tuple(merge for one in commits if one.commit in left for merge in one.merges)


def reverted(commits: Sequence[Recorded]) -> tuple[Merge, ...]:
    """The merges that are taken back, in the order of `commits`."""
    left = _standing(commits)
    return tuple(merge for one in commits if one.commit not in left for merge in one.merges)


def is_taken_back(commit: str, commits: Sequence[Recorded]) -> bool:
    """Whether a standing revert among `commits` names a commit, recorded there or not."""
    left = _standing(commits)
    return any(
        commit.startswith(name) for one in commits if one.commit in left for name in one.undoes
    )


def _standing(commits: Sequence[Recorded]) -> frozenset[str]:
    undone_by: defaultdict[int, list[int]] = defaultdict(list)
    for place, one in enumerate(commits):
        for earlier in _undone(one, commits[:place]) if one.undoes or one.undoes_subject else ():
            undone_by[earlier].append(place)
    stands = [True] * len(commits)
    for place in reversed(range(len(commits))):  # what undoes a commit comes after it
        stands[place] = not any(stands[later] for later in undone_by[place])
    return frozenset(one.commit for one, left in zip(commits, stands, strict=True) if left)


def _undone(one: Recorded, before: Sequence[Recorded]) -> list[int]:
    """The places of the commits that `one` takes back."""
    if one.undoes:
        named = [place for place, other in enumerate(before) if other.commit.startswith(one.undoes)]
    else:
        named = [place for place, other in enumerate(before) if other.subject == one.undoes_subject]
        named = named[-1:]
    # A branch may have brought a copy of a merge: what is taken back is the work of both.
    taken = [merge for place in named for merge in before[place].merges]
    copies = [place for place, other in enumerate(before) if _is_copy(other.merges, taken)]
    return [*dict.fromkeys((*named, *copies))]


def _is_copy(merges: Sequence[Merge], taken: Sequence[Merge]) -> bool:
    return bool(merges) and all(any(one.copies(other) for other in taken) for one in merges)


def merged(merges: Iterable[Merge], words: Iterable[Word] = ()) -> Mapping[str, Merge]:
    """Row -> the merge that makes it done: its newest one, unless a person spoke after it.

    Args:
        merges: The merges that stand, parents before children.
        words: What people said of these rows.
    """
    newest = {merge.task: merge for merge in merges}
    for word in words:
        if word.task in newest and newest[word.task].commit in word.after:
            del newest[word.task]
    return newest


def merged_twice(
    merges: Iterable[Merge], words: Sequence[Word] = ()
) -> Mapping[str, tuple[Merge, Merge]]:
    """Row -> two merges of it that stand, with no word of a person between them.

    Args:
        merges: As for `merged`.
        words: As for `merged`.
    """
    last: dict[str, Merge] = {}
    found: dict[str, tuple[Merge, Merge]] = {}
    for merge in merges:
        before = last.get(merge.task)
        last[merge.task] = merge
        if before is None or merge.copies(before):
            continue
        if not any(
            word.task == merge.task
            and before.commit in word.after
            and merge.commit not in word.after
            for word in words
        ):
            found[merge.task] = (before, merge)
    return found
