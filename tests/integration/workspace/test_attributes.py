"""Attributes of a commit are written to a folder of their own, and nowhere else."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workspace.attributes import attributes_of

if TYPE_CHECKING:
    from tests.integration.workspace.conftest import MakeScratch


@pytest.mark.parametrize("out", ["..", "{outside}", "/{outside}"])
def test_attributes_of_a_tree_that_leads_out_of_itself_are_written_nowhere(
    make_scratch: MakeScratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str
) -> None:
    scratch = make_scratch()
    within = tmp_path / "temporary"
    within.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(within))
    git = scratch.repository.git
    blob = git.run("hash-object", "-w", "--stdin", input="* text\n").text
    inner = git.run("mktree", input=f"100644 blob {blob}\t.gitattributes\n").text
    name = out.format(outside=tmp_path / "outside")
    content = f"40000 {name}\0".encode() + bytes.fromhex(inner)
    tree = git.run("hash-object", "-t", "tree", "-w", "--literally", "--stdin", input=content).text
    commit = scratch.git("commit-tree", tree, "-m", "out")
    with attributes_of(git, commit):
        assert not (within / ".gitattributes").exists()
        assert not (tmp_path / "outside").exists()
