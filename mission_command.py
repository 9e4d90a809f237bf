"""Where the `mission` command begins. Its packages are those beside this module, and no others.

Their names are everyday ones, which the user fixed: a team's repository may well have a folder
`agents`. Python looks into the folders of `PYTHONPATH` first, and direnv and the like put `.`
there. One of them that would stand in for a package of ours is left out, for this process and for
those that it starts.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

#: Our top-level packages.
PACKAGES = (
    *("agents", "cli", "dashboard", "errors", "flows", "forecast", "forges", "gates", "lookup"),
    *("mission", "missions", "notifiers", "orchestrator", "policy", "service", "tasks_md"),
    *("tiers", "workspace"),
)


def main() -> None:
    """The `mission` command. Ends the process."""
    keep_to_our_own()
    if "_MISSION_COMPLETE" in os.environ:
        from cli.completing import answer_shell  # noqa: PLC0415  as below

        answer_shell(os.environ)
    from cli.main import main as run  # noqa: PLC0415  `cli` is a name that may be taken, too

    run()


def keep_to_our_own() -> None:
    """Take the folders that hide a package of ours out of `PYTHONPATH` and `sys.path`."""
    value = os.environ.get("PYTHONPATH", "")
    named = value.split(os.pathsep) if value else []  # an empty one among several is `.`
    hiding = [folder for folder in named if _hides(Path(folder).absolute())]
    if not hiding:
        return
    left_out = {os.path.realpath(folder) for folder in hiding}
    sys.path[:] = [one for one in sys.path if os.path.realpath(one) not in left_out]
    kept = [folder for folder in named if folder not in hiding]
    os.environ["PYTHONPATH"] = os.pathsep.join(kept)


def _hides(folder: Path) -> bool:
    if folder.resolve() == Path(__file__).resolve().parent:
        return False
    return any((folder / name).is_dir() or (folder / f"{name}.py").exists() for name in PACKAGES)
