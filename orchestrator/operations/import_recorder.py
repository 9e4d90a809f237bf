"""Runs our own command line and writes down its import graph. Run as a script of its own, standard
library only.

    python -P import_recorder.py FILE ARGUMENTS...

At the end FILE holds one JSON object: each module that was loaded, and who loaded it first (null
where that was nobody: it was there before us). It is written however the command ends by itself.
"""

from __future__ import annotations

import atexit
import json
import runpy
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import FrameType, ModuleType


class Recorder:
    """A finder that finds nothing: it is asked first, once for each module that is loaded."""

    def __init__(self) -> None:
        self._loaders: dict[str, str] = {}

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Note who asks."""
        del path, target
        self._loaders.setdefault(fullname, _asker(sys._getframe(1)))  # noqa: SLF001 - the only way
        return None

    def graph(self) -> dict[str, str | None]:
        """Every module that is there now, and who loaded it."""
        return {name: self._loaders.get(name) for name in sorted(sys.modules)}


def _asker(frame: FrameType | None) -> str:
    """The module of the first frame that is not the import machinery's own."""
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if not name.startswith(("importlib", "runpy")) and name != __name__:
            return name
        frame = frame.f_back
    return __name__


def main(file: Path, arguments: list[str]) -> None:
    """Run the command line. It ends the process."""
    recorder = Recorder()
    sys.meta_path.insert(0, recorder)
    atexit.register(lambda: file.write_text(json.dumps(recorder.graph()), encoding="utf-8"))
    sys.argv = ["mission", *arguments]
    runpy.run_module("cli", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
