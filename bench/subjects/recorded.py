"""How long Prefect's server takes until it shows every task run."""

from __future__ import annotations

import time
from typing import Any

from prefect.client.orchestration import get_client

_SECONDS = 120.0


def until_recorded(flow_run: str, count: int, begin: float) -> float | None:
    """Seconds since `begin` until `count` ended task runs are there. None if they never are."""
    body: dict[str, Any] = {
        "flow_runs": {"id": {"any_": [flow_run]}},
        "task_runs": {"state": {"type": {"any_": ["COMPLETED"]}}},
    }
    with get_client(sync_client=True) as client:
        while time.perf_counter() - begin < _SECONDS:
            found = client.request("POST", "/task_runs/count", json=body).json()
            if found >= count:
                return time.perf_counter() - begin
            time.sleep(0.1)
    return None
