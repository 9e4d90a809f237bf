"""What git says of disks, and what it says that sounds like it."""

from __future__ import annotations

import pytest

from workspace.disks import disk_met

OF_A_DISK = (
    "error: unable to write file .git/objects/aa/bb: No space left on device",
    "fatal: unable to write new index file",
    "fatal: Could not write new index file.",
    "fatal: cannot store pack file",
    "error: could not save index tree",
    "error: Unable to add merge result for 'a'",
    "fatal: could not commit staged changes.",
    "error: could not lock config file .git/config: Read-only file system",
    "fatal: cannot update ref 'refs/heads/a': couldn't write '/r/.git/refs/heads/a.lock'",
    "fatal: cannot update ref 'refs/heads/a': couldn't set 'refs/heads/a'",
    "fatal: Unable to create '/r/.git/index.lock': Read-only file system",
    "error: insufficient permission for adding an object to repository database .git/objects",
    "fatal: cannot update the ref 'HEAD': unable to create directory for '/r/.git/logs/HEAD': No",
    "fatal: could not open '.git/FETCH_HEAD' for writing: Permission denied",
)
OF_SOMETHING_ELSE = (
    "",
    "remote: fatal: unable to write loose object file: No space left on device",
    "error: remote unpack failed: unable to create temporary object directory",
    " ! [remote rejected] a -> a (failed to write commit object)",
    "git@host: Permission denied (publickey).",
    "fatal: Unable to create '/r/.git/index.lock': File exists.",
    "error: cannot lock ref 'refs/heads/a': 'refs/heads/a/b' exists; cannot create 'refs/heads/a'",
    "fatal: couldn't find remote ref refs/heads/a",
    "error: failed to push some refs to '/r'",
)


@pytest.mark.parametrize("said", OF_A_DISK)
def test_git_met_a_disk(said: str) -> None:
    assert disk_met(f"warning: something\n{said}\n") == said


@pytest.mark.parametrize("said", OF_SOMETHING_ELSE)
def test_git_met_something_else(said: str) -> None:
    assert disk_met(said) is None
