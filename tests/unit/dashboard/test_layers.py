"""Nodes in layers, each behind what it waits for."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from dashboard.layers import layers_of, untangled


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, list[str]]:
    names = [f"n{at}" for at in range(draw(st.integers(0, 12)))]
    some = st.lists(st.sampled_from([*names, "gone"]), max_size=3, unique=True)
    return {name: draw(some) for name in names}


@given(graphs())
def test_every_node_is_in_one_layer_whatever_circles_there_are(graph: dict[str, list[str]]) -> None:
    layers = untangled(layers_of(list(graph), graph), graph)
    assert sorted(name for layer in layers for name in layer) == sorted(graph)
    assert all(layers)


@given(graphs())
def test_without_circles_each_is_behind_all_that_it_waits_for(graph: dict[str, list[str]]) -> None:
    order = {name: at for at, name in enumerate(graph)}
    plain = {
        name: [one for one in its if order.get(one, 99) < order[name]]
        for name, its in graph.items()
    }
    level = {name: at for at, layer in enumerate(layers_of(list(plain), plain)) for name in layer}
    for name, its in plain.items():
        assert level[name] == max((level[one] + 1 for one in its), default=0)


def test_crossings_are_taken_out() -> None:
    before = {"c": ["b"], "d": ["a"]}
    first, second = untangled([["a", "b"], ["c", "d"]], before)
    places = [(first.index(before[name][0]), second.index(name)) for name in ("c", "d")]
    assert all(a[0] < b[0] for a, b in pairwise(sorted(places, key=lambda one: one[1])))
