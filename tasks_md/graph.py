"""The order of tasks: who waits for whom, what is ready, what takes longest. No recursion.

Ten thousand tasks in one chain and a thousand that each wait for a whole milestone of a thousand
are both fine: equal long lists of dependencies meet in one hidden node, so that the number of
edges follows the size of the file and not the product.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from typing import Self

from tasks_md.edges import Edges, connect
from tasks_md.model import DONE, NOT_STARTED, Plan


class _Dependents(Mapping[str, tuple[str, ...]]):
    """Task id -> ids of the tasks that wait for it directly, in file order."""

    def __init__(self, ids: Sequence[str], numbers: Mapping[str, int], edges: Edges) -> None:
        self._ids = ids
        self._numbers = numbers
        self._edges = edges

    def __getitem__(self, task: str) -> tuple[str, ...]:
        found: set[int] = set()
        for node in self._edges.after[self._numbers[task]]:
            if node < len(self._ids):
                found.add(node)
            else:
                found.update(self._edges.after[node])
        return tuple(self._ids[node] for node in sorted(found))

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)


class Graph:
    """The dependencies of a plan. Made by `Graph.of`.

    Attributes:
        order: All ids, each after what it waits for, in file order where that is free. Tasks of
            cycles, and those behind them, come last.
        depends_on: Task id -> ids that it waits for directly.
        dependents: Task id -> ids that wait for it directly.
        cycles: Each as a path that ends where it begins; every task in it waits for the next.
        edges: The same by number, hidden nodes included.
        estimated: Whether any open task has an estimate; else each weighs one, which is no tokens.
        never_ready: Ids of rows that cannot be trusted, of self-dependencies and of cycles.
    """

    def __init__(
        self,
        *,
        depends_on: Mapping[str, tuple[str, ...]],
        weights: Mapping[str, int],
        distrusted: Iterable[str],
        estimated: bool,
    ) -> None:
        """Use `Graph.of`. `weights` are of open tasks only; every dependency is a key."""
        self.depends_on = depends_on
        self._ids = tuple(depends_on)
        self._numbers = {task: at for at, task in enumerate(self._ids)}
        self.edges, waiting_for_themselves = connect(depends_on, self._numbers)
        self._order = self.edges.topological()
        count = len(self._ids)
        self.dependents: Mapping[str, tuple[str, ...]] = _Dependents(
            self._ids, self._numbers, self.edges
        )
        self.cycles = tuple(self._path(nodes) for nodes in self.edges.cycles(self._order))
        self.never_ready = (
            frozenset(distrusted)
            | {task for cycle in self.cycles for task in cycle}
            | waiting_for_themselves
        )
        placed = set(self._order)
        rest = [node for node in range(count) if node not in placed]
        self.order = tuple(self._ids[node] for node in [*self._order, *rest] if node < count)
        self.estimated = estimated
        self._open = frozenset(weights)
        self._remaining = self._remaining_paths(weights)

    @classmethod
    def of(cls, plan: Plan, statuses: Mapping[str, str] | None = None) -> Self:
        """The graph of a plan.

        Args:
            plan: A parsed file. Of two rows with one id the first counts, and it is never ready.
            statuses: By task id, where they differ from the file's; they decide what is open.
        """
        current = statuses or {}
        tasks = plan.by_id
        open_tasks = [t for t in tasks.values() if current.get(t.id, t.status) != DONE]
        estimates = [t.estimate_tokens for t in open_tasks if t.estimate_tokens]
        # A row without an estimate weighs as much as the average row that has one.
        usual = sum(estimates) // len(estimates) if estimates else 1
        return cls(
            depends_on={task.id: task.depends_on for task in tasks.values()},
            weights={task.id: task.estimate_tokens or usual for task in open_tasks},
            distrusted=(task.id for task in tasks.values() if task.unreadable),
            estimated=bool(estimates),
        )

    @property
    def cycle(self) -> tuple[str, ...] | None:
        """The first cycle, as a path that ends where it begins; None where there is none."""
        return self.cycles[0] if self.cycles else None

    def waves(self) -> tuple[tuple[str, ...], ...]:
        """Tasks by the length of the longest chain before them. Those in or behind cycles lack."""
        count = len(self._ids)
        level = [0] * len(self.edges.before)
        waves: list[list[str]] = []
        for node in self._order:
            sources = self.edges.before[node]
            level[node] = max((level[s] + (s < count) for s in sources), default=0)
        for node in sorted(n for n in self._order if n < count):
            while len(waves) <= level[node]:
                waves.append([])
            waves[level[node]].append(self._ids[node])
        return tuple(tuple(wave) for wave in waves)

    def remaining(self, task: str) -> int:
        """Tokens of the longest chain of open tasks that starts with this one."""
        return self._remaining[self._numbers[task]]

    def critical_path(self) -> tuple[str, ...]:
        """The open tasks of the longest chain by estimate, first to last."""
        placed = [node for node in self._order if node < len(self._ids)]
        if not placed:
            return ()
        # Of equal chains the one whose first task comes first in the file.
        node: int | None = max(placed, key=lambda n: (self._remaining[n], -n))
        path = []
        while node is not None and self._remaining[node] > 0:
            if node < len(self._ids) and self._ids[node] in self._open:
                path.append(self._ids[node])
            followers = self.edges.after[node]
            node = max(followers, key=lambda n: (self._remaining[n], -n), default=None)
        return tuple(path)

    def dispatch_order(self, tasks: Iterable[str]) -> tuple[str, ...]:
        """Longest remaining chain first, ties in file order."""
        numbers = sorted(self._numbers[task] for task in tasks)
        numbers.sort(key=lambda n: -self._remaining[n])
        return tuple(self._ids[n] for n in numbers)

    def ready(self, statuses: Mapping[str, str]) -> tuple[str, ...]:
        """Tasks that may start now, in dispatch order. One without a status is not ready."""
        return Frontier(self, statuses).ready()

    def waiting_on(self, task: str, statuses: Mapping[str, str]) -> tuple[str, ...]:
        """The direct dependencies of a task that are not done, in the cell's order."""
        return tuple(d for d in self.depends_on[task] if statuses.get(d) != DONE)

    def _path(self, nodes: Sequence[int]) -> tuple[str, ...]:
        named = [self._ids[node] for node in nodes if node < len(self._ids)]
        first = named.index(min(named, key=self._numbers.__getitem__))
        turned = [*named[first:], *named[:first]]
        return (*turned, turned[0])

    def _remaining_paths(self, weights: Mapping[str, int]) -> list[int]:
        remaining = [0] * len(self.edges.before)
        for node in reversed(self._order):
            own = weights.get(self._ids[node], 0) if node < len(self._ids) else 0
            behind = max((remaining[n] for n in self.edges.after[node]), default=0)
            remaining[node] = own + behind
        return remaining


class Frontier:
    """What is ready, kept up to date as statuses change. A change costs its dependents only."""

    def __init__(self, graph: Graph, statuses: Mapping[str, str]) -> None:
        """`statuses` by task id; a task that it lacks is neither ready nor done."""
        self._graph = graph
        # A task that nobody knows the status of is not one to start.
        self._statuses = {task: statuses.get(task, "") for task in graph.depends_on}
        edges = graph.edges
        self._after = edges.after
        count = len(graph.depends_on)
        self._ids = tuple(graph.depends_on)
        self._numbers = {task: at for at, task in enumerate(self._ids)}
        self._unmet = [len(sources) for sources in edges.before]
        for at in range(count):
            if self._statuses[self._ids[at]] == DONE:
                self._meet(at)

    def copy(self) -> Self:
        """The same now; a change of one of them is none of the other."""
        other = copy(self)
        other._statuses = self._statuses.copy()  # noqa: SLF001 - of this very class
        other._unmet = self._unmet.copy()  # noqa: SLF001 - as above
        return other

    def ready(self) -> tuple[str, ...]:
        """Every task that is ready, in dispatch order."""
        return self._graph.dispatch_order(task for task in self._ids if self.is_ready(task))

    def is_ready(self, task: str) -> bool:
        """Not started, trusted, and everything it depends on is done."""
        return (
            self._statuses[task] == NOT_STARTED
            and self._unmet[self._numbers[task]] == 0
            and task not in self._graph.never_ready
        )

    def finish(self, task: str) -> tuple[str, ...]:
        """A task is done: the tasks that this makes ready, in dispatch order."""
        return self.change(task, DONE)

    def change(self, task: str, status: str) -> tuple[str, ...]:
        """A task has a new status: the tasks that this makes ready, in dispatch order."""
        before = self._statuses[task]
        if before == status:
            return ()
        self._statuses[task] = status
        newly: set[str] = set()
        if status == DONE:
            touched = self._meet(self._numbers[task])
            newly = {self._ids[node] for node in touched if self.is_ready(self._ids[node])}
        elif before == DONE:
            self._unmeet(self._numbers[task])
        if self.is_ready(task):
            newly.add(task)
        return self._graph.dispatch_order(newly) if len(newly) > 1 else tuple(newly)

    def _meet(self, node: int) -> list[int]:
        """One thing that others wait for is there. Returns tasks that now wait for nothing."""
        free: list[int] = []
        for follower in self._after[node]:
            self._unmet[follower] -= 1
            if self._unmet[follower] == 0:
                if follower < len(self._ids):
                    free.append(follower)
                else:
                    free.extend(self._meet(follower))
        return free

    def _unmeet(self, node: int) -> None:
        for follower in self._after[node]:
            self._unmet[follower] += 1
            if self._unmet[follower] == 1 and follower >= len(self._ids):
                self._unmeet(follower)
