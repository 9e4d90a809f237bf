"""Files that an agent may have written, as large as it likes: what is looked for is at the start
of them, or of a line, and no more than that is read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

# Asks with little memory to spare, and tells what it found.
ASKS = """
import pathlib, resource, sys
from workspace.git_files import commits_in, leads_to
from workspace.unfinished import refuse_conflicts
from workspace.worktree import Worktree
file = pathlib.Path(sys.argv[1])
used = resource.getpagesize() * int(pathlib.Path("/proc/self/statm").read_text().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (used + (128 << 20),) * 2)
print(commits_in(file), leads_to(file, "refs/heads/main"))
place = Worktree(path=file.parent, git_dir=file.parent, branch=None, base_commit="", reused=False)
refuse_conflicts(place, [file.name])
print("no markers")
"""


def test_no_more_is_read_than_is_looked_for(tmp_path: Path) -> None:
    file, commit = tmp_path / "large", "1" * 40
    file.write_text(f"{commit}\n")
    with file.open("r+b") as opened:
        opened.truncate(1 << 30)
    asks = [sys.executable, "-c", ASKS, str(file)]
    done = subprocess.run(asks, check=False, capture_output=True, text=True)
    assert done.stdout == f"['{commit}'] False\nno markers\n", done.stderr
