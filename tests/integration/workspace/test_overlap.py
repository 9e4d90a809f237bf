"""Branches that will conflict are known before they do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workspace.overlap import Overlap, overlaps

if TYPE_CHECKING:
    from tests.integration.workspace.conftest import MakeScratch


def test_only_what_conflicts_is_reported(make_scratch: MakeScratch) -> None:
    scratch = make_scratch(remote=False)
    mine = scratch.branch("mine", {"file.txt": "mine\ntwo\nthree\n", "a": "a"})
    others = {
        "T-same": scratch.branch("same", {"file.txt": "theirs\ntwo\nthree\n", "a": "b"}),
        "T-else": scratch.branch("else", {"other.txt": "o"}),
        "T-far": scratch.branch("far", {"file.txt": "one\ntwo\nthree\nfour\nfive\n"}),
        "T-me": mine,
    }
    base = scratch.git("rev-parse", "main")
    git = scratch.repository.git
    assert overlaps(git, base, mine, others) == [Overlap(task="T-same", files=("a", "file.txt"))]
    assert overlaps(git, others["T-same"], mine, others) == []
