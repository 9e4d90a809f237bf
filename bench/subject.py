"""A subject: something that carries a graph out, measured in a process of its own.

Each module of `bench.subjects` has `run(shape, slots) -> Measured`; `python -m bench.subject
MODULE SHAPE SLOTS` runs it and prints what it measured as JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.shapes import SHAPES

_SECONDS = 900  # a subject that takes longer is stuck


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """What one run of a subject took."""

    seconds: float  # from the first submission until the last task has ended and that is kept
    recorded_seconds: float | None = None  # until the engine's server shows every task run


def measure(
    module: str, shape: str, slots: int, environment: Mapping[str, str] | None = None
) -> Measured:
    """Run a subject in a process and a folder of its own."""
    root = str(Path(__file__).parent.parent)
    with TemporaryDirectory(prefix="bench-") as folder:
        done = subprocess.run(
            [sys.executable, "-m", "bench.subject", module, shape, str(slots)],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": root, **(environment or {})},
            stdout=subprocess.PIPE,
            timeout=_SECONDS,
            check=True,
        )
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def main(arguments: list[str]) -> None:
    """Run the subject that `measure` asks for, in this process."""
    module, shape, slots = arguments
    stdout = sys.stdout  # doit's threads leave another one in its place
    measured: Measured = import_module(f"bench.subjects.{module}").run(SHAPES[shape](), int(slots))
    print(json.dumps(asdict(measured)), file=stdout)


if __name__ == "__main__":
    # As a module of that name, so that the subjects' `Measured` is the one that is used here.
    import_module("bench.subject").main(sys.argv[1:])
