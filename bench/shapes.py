"""Task graphs to measure with, the same ones in every run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

_SEED = 20260101


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """One task of a graph."""

    id: str
    after: tuple[str, ...]  # ids of earlier nodes
    seconds: float  # how long its work takes; 0: nothing to do


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """A graph; each node comes after those that it waits for."""

    name: str
    nodes: tuple[Node, ...]

    @property
    def work(self) -> float:
        """Seconds of all nodes together."""
        return sum(node.seconds for node in self.nodes)

    @property
    def critical_path(self) -> float:
        """Seconds of the longest way through the graph."""
        ends: dict[str, float] = {}
        for node in self.nodes:
            ends[node.id] = node.seconds + max((ends[name] for name in node.after), default=0.0)
        return max(ends.values())

    def lower_bound(self, slots: int) -> float:
        """No schedule on so many slots takes fewer seconds."""
        return max(self.critical_path, self.work / slots)


def _nothing(_dice: Random) -> float:
    return 0.0


def _sleep(dice: Random) -> float:
    return dice.uniform(0.010, 0.100)


def _name(number: int) -> str:
    return f"B-{number:04}"


def independent(count: int) -> Shape:
    """Tasks that wait for nothing."""
    nodes = tuple(Node(id=_name(n), after=(), seconds=0.0) for n in range(count))
    return Shape(name=f"{count} independent", nodes=nodes)


def chain(count: int) -> Shape:
    """Each task waits for the one before."""
    nodes = tuple(
        Node(id=_name(n), after=(_name(n - 1),) if n else (), seconds=0.0) for n in range(count)
    )
    return Shape(name=f"chain of {count}", nodes=nodes)


def layered(count: int, width: int, *, sleeping: bool = False) -> Shape:
    """Layers of `width`; each task waits for one to three of the layer above."""
    dice = Random(_SEED)  # the same graph in every run
    seconds: Callable[[Random], float] = _sleep if sleeping else _nothing
    nodes = []
    for n in range(count):
        above = range(n // width * width - width, n // width * width)
        after = dice.sample(above, dice.randint(1, 3)) if above[0] >= 0 else []
        names = tuple(_name(one) for one in sorted(after))
        nodes.append(Node(id=_name(n), after=names, seconds=seconds(dice)))
    return Shape(name=f"{count} in layers of {width}", nodes=tuple(nodes))


def chains(count: int, length: int) -> Shape:
    """Chains side by side, of tasks that take 10 to 100 milliseconds."""
    dice = Random(_SEED)  # the same graph in every run
    nodes = []
    for n in range(count * length):
        after = (_name(n - 1),) if n % length else ()
        nodes.append(Node(id=_name(n), after=after, seconds=_sleep(dice)))
    return Shape(name=f"{count} chains of {length}", nodes=tuple(nodes))


# What a subject's process is told to run, by name.
SHAPES: Mapping[str, Callable[[], Shape]] = {
    "independent": lambda: independent(1000),
    "layered": lambda: layered(1000, 50),
    "chain": lambda: chain(200),
    "layered-sleeping": lambda: layered(200, 20, sleeping=True),
    "chains-sleeping": lambda: chains(40, 5),
    "quick-independent": lambda: independent(60),
    "quick-layered": lambda: layered(60, 10),
    "quick-chain": lambda: chain(20),
    "quick-layered-sleeping": lambda: layered(40, 8, sleeping=True),
    "quick-chains-sleeping": lambda: chains(10, 3),
}
