"""The last states of our flow runs, by the words of `flows.wording`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from prefect.client.schemas.objects import State
from prefect.states import Cancelled, Completed, Failed

from flows.wording import Word

STATES: Mapping[Word, Callable[..., State[None]]] = {
    "Completed": Completed,
    "Failed": Failed,
    "Cancelled": Cancelled,
}
