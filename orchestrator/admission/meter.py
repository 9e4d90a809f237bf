"""What the agents under way use, as they tell it, and which of them has to end for a limit."""

from __future__ import annotations

import threading

from policy.budget import Amount, Ledger, Refusal


class Meter:
    """Told by any thread what a row's agent has used by now; says when its next request would pass
    a limit. The loop's thread keeps what is booked; nothing but memory is read or waited for.

    Each agent is asked after each of its requests, and the next one is expected to be like the
    last. So all together pass a limit by one request each at most.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._lock = threading.Lock()
        self._ledger = ledger
        self._live: dict[str, Amount] = {}  # by row: used since it was last booked
        self._ended: dict[str, Refusal] = {}  # rows that had to end

    def book(self, ledger: Ledger, *, task: str | None = None) -> None:
        """The sums are these now. With `task`: what that row has used is in them."""
        with self._lock:
            self._ledger = ledger
            if task is not None:
                self._live.pop(task, None)

    def grown(self, ledger: Ledger) -> Ledger:
        """`ledger` with no less set aside for each row than it has used already."""
        with self._lock:
            return ledger.grown(self._live)

    def ended(self, task: str) -> Refusal | None:
        """Why a row had to end, and may not begin again."""
        with self._lock:
            return self._ended.get(task)

    def forget_ended(self) -> None:
        """Rows that had to end may begin again: it is another day."""
        with self._lock:
            self._ended.clear()

    def look(self, task: str, used: Amount) -> str | None:
        """Why the row's agent has to end, after it has used so much since the row was booked; None
        if it may go on."""
        with self._lock:
            last = used.since(self._live.get(task, Amount()))
            self._live[task] = used
            refusal = self._ledger.passed(task, sum(self._live.values(), Amount()), last)
            if refusal is None:
                return None
            self._ended[task] = refusal
            return f"its next request: {refusal.message}"
