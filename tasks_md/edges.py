"""The edges between tasks, by number. Iterative throughout."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

_SHARED_FROM = 4  # lists of dependencies shorter than this are cheaper without a hidden node


@dataclass(frozen=True, kw_only=True, slots=True)
class Edges:
    """The graph by number: tasks first, in file order, then hidden nodes."""

    before: list[list[int]]  # what each node waits for
    after: list[list[int]]  # what waits for each node

    @classmethod
    def of(cls, lists: Sequence[tuple[int, ...]], list_of: Sequence[int]) -> Self:
        """A graph of `len(list_of)` tasks; `list_of` has for each the list that it waits for."""
        users: dict[int, list[int]] = {}
        for task, at in enumerate(list_of):
            users.setdefault(at, []).append(task)
        before: list[list[int]] = [[] for _ in list_of]
        for at, tasks in users.items():
            if len(tasks) > 1 and len(lists[at]) >= _SHARED_FROM:
                sources = [len(before)]
                before.append(list(lists[at]))
            else:
                sources = list(lists[at])
            for task in tasks:
                before[task] = sources
        after: list[list[int]] = [[] for _ in before]
        for node, sources in enumerate(before):
            for source in sources:
                after[source].append(node)
        return cls(before=before, after=after)

    def topological(self) -> list[int]:
        """Nodes such that each comes after what it waits for, in file order where that is free.

        Nodes of cycles, and those that wait for them, are not in it.
        """
        waiting = [len(sources) for sources in self.before]
        heap = [node for node, count in enumerate(waiting) if count == 0]
        order = []
        while heap:
            node = heapq.heappop(heap)
            order.append(node)
            for follower in self.after[node]:
                waiting[follower] -= 1
                if waiting[follower] == 0:
                    heapq.heappush(heap, follower)
        return order

    def cycles(self, order: Sequence[int]) -> list[list[int]]:
        """Cycles among the nodes that `order` lacks, none sharing a node with another.

        Each such node waits for another one, so following any of these ends in a cycle.
        """
        lacking = set(range(len(self.before))).difference(order)
        visited: dict[int, int] = {}
        found = []
        for start in sorted(lacking):
            path: list[int] = []
            node = start
            while node not in visited:
                visited[node] = start
                path.append(node)
                node = next(source for source in self.before[node] if source in lacking)
            if visited[node] == start:
                found.append(path[path.index(node) :])
        return found


def connect(
    depends_on: Mapping[str, tuple[str, ...]], numbers: Mapping[str, int]
) -> tuple[Edges, frozenset[str]]:
    """The edges, and the tasks that name themselves. Cells with one text share one tuple."""
    lists: list[tuple[int, ...]] = []
    members: list[frozenset[str]] = []
    known: dict[int, int] = {}
    list_of: list[int] = []
    selfish = set()
    for task, ids in depends_on.items():
        at = known.get(id(ids))
        if at is None:
            at = known[id(ids)] = len(lists)
            lists.append(tuple(numbers[other] for other in ids))
            members.append(frozenset(ids))
        if task in members[at]:
            selfish.add(task)
            lists.append(tuple(numbers[other] for other in ids if other != task))
            members.append(frozenset())
            at = len(lists) - 1
        list_of.append(at)
    return Edges.of(lists, list_of), frozenset(selfish)
