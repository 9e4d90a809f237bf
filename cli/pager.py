"""Long text on a terminal: through the person's pager, as git shows it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys

from cli.console import fact

_OURS = "less"
# Ends at once where all fits on the screen, as git has it; shows colours; leaves the text there.
_LESS = "FRX"


def page(text: str) -> None:
    """Print it to stdout; where that is a terminal, through `$PAGER`. Give text of others through
    `printable` first."""
    argv = shlex.split(os.environ.get("PAGER") or _OURS)
    if not sys.stdout.isatty() or not argv or argv == ["cat"]:
        fact(text)
        return
    try:
        pager = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            env={"LESS": _LESS, **os.environ},
            encoding="utf-8",
            errors="replace",
        )
    except OSError:  # it is not there
        fact(text)
        return
    with pager:
        try:
            pager.communicate(f"{text}\n")
        except KeyboardInterrupt:  # for the pager, which acts on it
            pager.wait()
