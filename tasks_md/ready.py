"""The rows that could start, in the order in which they would: one list, kept as statuses change.

The loop's board has one of these, and so has each run that a forecast plays through.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping
from copy import copy
from typing import Self

from tasks_md.graph import Frontier, Graph


class ReadyRows:
    """Longest remaining chain first, ties in file order (`Graph.dispatch_order`)."""

    def __init__(self, graph: Graph, statuses: Mapping[str, str]) -> None:
        """`statuses` by task id; a task that it lacks is neither ready nor done."""
        self._frontier = Frontier(graph, statuses)
        self._order = graph.dispatch_order(statuses)
        self._rank = {task: rank for rank, task in enumerate(self._order)}
        self._ready = [self._rank[task] for task in self._frontier.ready()]

    def __iter__(self) -> Iterator[str]:
        # Of a copy: whoever looks sets statuses meanwhile.
        return (self._order[rank] for rank in self._ready.copy())

    def __len__(self) -> int:
        return len(self._ready)

    def set(self, task: str, status: str) -> None:
        """A task has a new status: it, and what waited for it, may be ready now, or no more."""
        newly = self._frontier.change(task, status)
        if not newly and self._frontier.is_ready(task):  # as it was
            return
        rank = self._rank[task]
        at = bisect_left(self._ready, rank)
        if at < len(self._ready) and self._ready[at] == rank:
            del self._ready[at]
        for one in newly:
            insort(self._ready, self._rank[one])

    def copy(self) -> Self:
        """The same now; what is set in one of them does not change the other."""
        other = copy(self)
        other._frontier = self._frontier.copy()  # noqa: SLF001 - of this very class
        other._ready = self._ready.copy()  # noqa: SLF001 - as above
        return other
