"""The rows that could start, as numbers: for plays, in which rows only begin, are set back, and
are done. The order is the graph's (`Graph.dispatch_order`), told once and not for each play."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol, Self

from tasks_md.graph import Graph
from tasks_md.model import DONE, NOT_STARTED


class Rows(Protocol):
    """The rows that could start, in the order in which they would."""

    def __iter__(self) -> Iterator[str]:
        """As they are now, whatever is set meanwhile."""

    def __len__(self) -> int:
        """How many."""

    def set(self, task: str, status: str) -> None:
        """A row has a new status."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RowTable:
    """Who waits for whom, by place in the dispatch order; the graph's hidden nodes behind them."""

    order: tuple[str, ...]
    places: Mapping[str, int]
    after: tuple[tuple[int, ...], ...]  # by node, which wait for it
    unmet: tuple[int, ...]  # by node, how many it waits for now
    ready: tuple[int, ...]

    @classmethod
    def of(cls, graph: Graph, statuses: Mapping[str, str]) -> Self:
        """As `ReadyRows` has it of the same arguments."""
        ids, edges = tuple(graph.depends_on), graph.edges
        order = graph.dispatch_order(statuses)
        places = {task: at for at, task in enumerate(order)}
        hidden = range(len(ids), len(edges.before))
        # By the graph's number; rows without a status are not placed: nothing ever starts them.
        nodes = {at: places[task] for at, task in enumerate(ids) if task in places}
        nodes |= {at: len(order) + one for one, at in enumerate(hidden)}
        met = {at for at, task in enumerate(ids) if statuses.get(task) == DONE}
        met |= {at for at in hidden if met.issuperset(edges.before[at])}
        unmet = [0] * len(nodes)
        after: list[tuple[int, ...]] = [()] * len(nodes)
        for at, node in nodes.items():
            unmet[node] = sum(source not in met for source in edges.before[at])
            after[node] = tuple(nodes[one] for one in edges.after[at] if one in nodes)
        for at, task in enumerate(order):  # what others do never makes these ready
            unmet[at] += statuses[task] != NOT_STARTED or task in graph.never_ready
        return cls(
            order=order,
            places=places,
            after=tuple(after),
            unmet=tuple(unmet),
            ready=tuple(at for at in range(len(order)) if not unmet[at]),
        )


class PlayedRows:
    """What `ReadyRows` is, for one play."""

    def __init__(self, table: RowTable) -> None:
        self._table = table
        self._unmet = list(table.unmet)
        self.ready = list(table.ready)  # places, the first one first

    def __iter__(self) -> Iterator[str]:
        order = self._table.order
        return (order[at] for at in self.ready.copy())

    def __len__(self) -> int:
        return len(self.ready)

    def set(self, task: str, status: str) -> None:
        """See `Rows`. A row that is set back had begun, and one is done once."""
        at, ready = self._table.places[task], self.ready
        if status == NOT_STARTED:
            insort(ready, at)
            return
        place = bisect_left(ready, at)
        if place < len(ready) and ready[place] == at:
            del ready[place]
        if status == DONE:
            self._meet(at)

    def _meet(self, at: int) -> None:
        unmet, after, ready = self._unmet, self._table.after, self.ready
        for node in after[at]:
            unmet[node] -= 1
            if not unmet[node]:
                if node < len(self._table.order):
                    insort(ready, node)
                else:
                    self._meet(node)
