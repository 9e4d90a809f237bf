"""Ways in which an answer goes wrong, for the next requests that match."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Break(StrEnum):
    """How an answer breaks."""

    REFUSE = "refuse"  # another status, and nothing is done
    HALF = "half"  # the body ends before its length is reached
    DRIP = "drip"  # headers come a byte at a time, and never end
    SILENCE = "silence"  # nothing comes at all
    LOSE = "lose"  # it is done, and the connection ends without an answer
    GARBAGE = "garbage"  # a page for people where JSON is expected
    HUGE = "huge"  # more than anybody should read
    DUPLICATE = "duplicate"  # pages that repeat entries
    REORDER = "reorder"  # pages in another order
    SWALLOW = "swallow"  # pages between which an entry was lost


PAGES = (Break.DUPLICATE, Break.REORDER, Break.SWALLOW)


@dataclass
class Fault:
    """One thing that goes wrong."""

    kind: Break
    method: str = ".*"  # patterns for the whole
    path: str = ".*"  # without the API's root
    times: int = 1
    after: int = 0  # so many matching requests go well first
    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    message: str = ""


class Faults:
    """The script of what goes wrong."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """The fault of this request, used up once."""
        with self._lock:
            for fault in self._faults:
                matches = re.fullmatch(fault.method, method) and re.fullmatch(fault.path, path)
                if not matches:
                    continue
                if fault.after:
                    fault.after -= 1
                    continue
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.remove(fault)
                return fault
        return None
