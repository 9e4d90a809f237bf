"""Parameters that go with each other: all pairs of values in CI, all combinations under soak."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, product
from typing import Any

import pytest


def pairwise(*axes: Sequence[Any]) -> list[Any]:
    """Every combination of a value of each axis, as parameters of a test.

    Faults come from one value, or from two that meet; that three have to is rare. So those of which
    each pair of values is in at least one are tried always, the others in the long series.
    """
    told = [*product(*axes)]
    missing = {pair for one in told for pair in _pairs(one)}
    chosen = set[int]()
    while missing:
        best = max(range(len(told)), key=lambda index: len(missing & _pairs(told[index])))
        chosen.add(best)
        missing -= _pairs(told[best])
    return [
        pytest.param(*one, marks=() if index in chosen else pytest.mark.soak)
        for index, one in enumerate(told)
    ]


def _pairs(one: Sequence[Any]) -> set[Any]:
    return {*combinations(enumerate(one), 2)}
