"""Attributes of a commit are written to a folder of their own, and nowhere else."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workspace.attributes import attributes_of

if TYPE_CHECKING:
    from tests.integration.workspace.conftest import MakeScratch


def test_attributes_of_a_tree_that_leads_out_of_itself_are_written_nowhere(
    make_scratch: MakeScratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = make_scratch()
    within = tmp_path / "temporary"
    within.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(within))
    git = scratch.repository.git
    blob = git.run("hash-object", "-w", "--stdin", input="* text\n").text
    inner = git.run("mktree", input=f"100644 blob {blob}\t.gitattributes\n").text
    tree = git.run("mktree", input=f"040000 tree {inner}\t..\n").text
    commit = scratch.git("commit-tree", tree, "-m", "out")
    with attributes_of(git, commit):
        assert not (within / ".gitattributes").exists()
