"""Runs a mission in a process of its own, to be killed: `python -m tests.crash.runner PATH`."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.crash.forked import carry_out

if __name__ == "__main__":
    raise SystemExit(carry_out(Path(sys.argv[1])))
