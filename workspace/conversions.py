"""By what git turns blobs into files, beside what a tree itself says (gitattributes(5))."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from workspace.git import Git

# What leads to further files (git-config(1)).
_LEADS_ON = re.compile(rb"attributesfile|\[\s*include", re.IGNORECASE)


def conversions(git: Git, common_dir: Path) -> str:
    """The same as long as these are the same.

    Args:
        git: In the worktree whose files are written.
        common_dir: Of its repository.

    Raises:
        OSError, GitError: They cannot be read.
    """
    home = Path(os.environ.get("HOME", "/"))
    settings = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "git"
    read = [
        common_dir / "config",
        Path(os.environ.get("GIT_CONFIG_GLOBAL") or home / ".gitconfig"),
        Path(os.environ.get("GIT_CONFIG_SYSTEM") or "/etc/gitconfig"),
        settings / "config",
        *(common_dir / "info" / "attributes", settings / "attributes", Path("/etc/gitattributes")),
    ]
    contents = [_content(file) for file in read]
    if any(_LEADS_ON.search(content) for content in contents):
        contents.append(os.fsencode(git.run("config", "--list", "-z", "--includes").stdout))
        named = git.run("config", "--path", "--includes", "core.attributesFile", check=False).text
        contents.append(_content(Path(named)) if named else b"-")
    whole = hashlib.sha256()
    for content in contents:
        whole.update(hashlib.sha256(content).digest())
    return whole.hexdigest()


def _content(file: Path) -> bytes:
    return file.read_bytes() if file.is_file() else b"-"
