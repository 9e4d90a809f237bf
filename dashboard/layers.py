"""Where the nodes of a graph are drawn: in layers, each after what it waits for. Pure.

Longest-path layers, then barycentre sweeps: a node is put near the middle of its neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_SWEEPS = 6
Names = Sequence[str]


def layers_of(names: Names, before: Mapping[str, Names]) -> list[list[str]]:
    """Nodes by the length of the longest chain before them; of circles, as they come.

    Args:
        names: All nodes.
        before: What each waits for; what is no node does not count.
    """
    level: dict[str, int] = {}
    left = list(names)
    while left:
        known = set(left)
        free = [name for name in left if not any(one in known for one in before.get(name, ()))]
        for name in free or left[:1]:  # a circle is broken at its first
            level[name] = 1 + max(
                (level[one] for one in before.get(name, ()) if one in level), default=-1
            )
        left = [name for name in left if name not in level]
    found: list[list[str]] = [[] for _ in range(max(level.values(), default=-1) + 1)]
    for name in names:
        found[level[name]].append(name)
    return found


def untangled(layers: Sequence[Names], before: Mapping[str, Names]) -> list[list[str]]:
    """The same layers, each in an order with fewer crossings."""
    found = [list(layer) for layer in layers]
    behind: dict[str, list[str]] = {}
    for name, its in before.items():
        for one in its:
            behind.setdefault(one, []).append(name)
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        near = before if forward else behind
        for layer in found if forward else reversed(found):
            place = _places(found)
            layer.sort(key=lambda name: _middle(name, near.get(name, ()), place))
    return found


def _places(layers: Sequence[Names]) -> dict[str, float]:
    """Where each stands within its layer, from 0 to 1."""
    return {name: (at + 0.5) / len(layer) for layer in layers for at, name in enumerate(layer)}


def _middle(name: str, near: Names, place: Mapping[str, float]) -> float:
    known = [place[one] for one in near if one in place]
    return sum(known) / len(known) if known else place[name]
