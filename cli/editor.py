"""A file in the person's own editor."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

from errors import ProcessError

_USUAL = "vi"


def edit_file(path: Path) -> None:
    """Open it in `$VISUAL` or `$EDITOR`, and wait until that ends.

    Raises:
        ProcessError: There is no such program, or it says that nothing is to come of it.
    """
    named = os.environ.get("VISUAL") or os.environ.get("EDITOR") or _USUAL
    argv = [*shlex.split(named), str(path)]
    try:
        done = subprocess.run(argv, check=False)
    except OSError as error:
        raise ProcessError(
            f"the editor {argv[0]} cannot be started: {error.strerror}",
            hint="Name another one in $EDITOR",
        ) from error
    if done.returncode:
        raise ProcessError(
            f"the editor {argv[0]} ended with exit code {done.returncode}",
            hint=f"The plan is in {path}; type the same command to go on",
        )
