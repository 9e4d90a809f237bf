"""Every benchmark, or the named ones: `python -m bench [NAME...]`. One JSON object on stdout.

Each is a module of `bench` that prints JSON, and runs in a process of its own, one after another,
so that none of them measures what another left in memory.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence

BENCHMARKS = (
    "parse",
    "write",
    "status",
    "pages",
    "viewers",
    "forecast",
    "orchestration",
    "makespan",
    "batching",
    "row",
    "preparation",
    "detect",
    "search",
    "migration",
)


def main(names: Sequence[str]) -> int:
    """Run them; the exit code is 2 for a name that is not among them."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are: {', '.join(BENCHMARKS)}")
        return 2
    figures: dict[str, object] = {}
    for name in names or BENCHMARKS:
        print(f"bench: {name}", file=sys.stderr, flush=True)
        command = [sys.executable, "-m", f"bench.{name}"]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
        figures[name] = json.loads(done.stdout)
    print(json.dumps(figures, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
