"""Three versions of a text, merged line by line."""

from __future__ import annotations

import tempfile
from pathlib import Path

from errors import GitError
from workspace.git import Git
from workspace.git_command import reason

_REFUSED = 128  # from here on the exit code is no number of conflicts: git-merge-file(1)


def merge_lines(git: Git, ours: bytes, base: bytes, theirs: bytes) -> bytes | None:
    """What both sides made of `base`; None where they changed the same lines, or ones side by side.

    Raises:
        GitError: Git refused, as for binary files.
    """
    versions = {"ours": ours, "base": base, "theirs": theirs}
    with tempfile.TemporaryDirectory(prefix="mission-") as folder:
        for name, content in versions.items():
            Path(folder, name).write_bytes(content)
        files = [str(Path(folder, name)) for name in versions]
        merged = git.run("merge-file", "--stdout", "--quiet", *files, check=False)
    if merged.code >= _REFUSED:
        raise GitError(f"git merge-file: {reason(merged)}")
    return merged.stdout.encode(errors="surrogateescape") if merged.code == 0 else None
