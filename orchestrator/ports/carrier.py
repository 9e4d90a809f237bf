"""The boundary to whoever carries a row out: agents, or operations of our own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from orchestrator.ports.assignment import Assignment
from orchestrator.ports.ends import TaskEnd


class Carrier(Protocol):
    """Carries rows out."""

    def carry_out(self, assignment: Assignment) -> TaskEnd:
        """Do what is left of the attempt. Never raises for what people can cause."""


class ScriptedCarrier:
    """The shipped fake: rows end as they are told to."""

    def __init__(self, end: Callable[[Assignment], TaskEnd]) -> None:
        """`end`: how an assignment ends; it may wait."""
        self._end = end

    def carry_out(self, assignment: Assignment) -> TaskEnd:
        return self._end(assignment)
