"""Merges and reverts as git and the forges write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from policy.merged import standing
from tests.integration.workspace.conftest import git
from workspace import base_log
from workspace.squash import message_for

if TYPE_CHECKING:
    from tests.integration.workspace.conftest import Scratch


def commit(scratch: Scratch, message: str) -> str:
    scratch.git("commit", "--quiet", "--allow-empty", "--cleanup=verbatim", "-m", message)
    return scratch.git("rev-parse", "HEAD")


def stand(scratch: Scratch) -> list[str]:
    return [one.task for one in standing(base_log.read(scratch.repository.git, "HEAD"))]


def test_git_s_own_reverts_count(scratch: Scratch) -> None:
    scratch.commit({"a.txt": "a\n"})
    scratch.git("commit", "--amend", "-m", message_for("A", "x " * 80, 1, mission="TASKS.md"))
    assert stand(scratch) == ["A"]
    scratch.git("revert", "--no-edit", "HEAD")
    assert stand(scratch) == []
    scratch.git("revert", "--no-edit", "HEAD")
    assert stand(scratch) == ["A"]
    scratch.git("-c", "revert.reference=true", "revert", "--no-edit", "HEAD")
    assert stand(scratch) == []


def test_the_revert_of_a_merge_commit_takes_back_what_it_brought(scratch: Scratch) -> None:
    scratch.git("checkout", "--quiet", "-b", "side")
    scratch.commit({"a.txt": "a\n"})
    scratch.git("commit", "--amend", "-m", message_for("A", "Do it", 1, mission="TASKS.md"))
    scratch.git("checkout", "--quiet", "main")
    scratch.git("merge", "--quiet", "--no-ff", "-m", "Merge branch 'side'", "side")
    assert stand(scratch) == ["A"]
    scratch.git("revert", "--no-edit", "-m", "1", "HEAD")
    assert stand(scratch) == []


def test_what_forges_add_to_a_squash_hides_nothing(scratch: Scratch) -> None:
    a, b, c, d = (message_for(task, "Do it", 1, mission="TASKS.md") for task in "ABCD")
    commit(scratch, a.replace("Do it", "Do it (#7)") + "\nReviewed-on: u\nReviewed-by: P\n")
    commit(scratch, b.replace("\n", "\r\n") + "\r\n\r\nCo-authored-by: P <p>")
    commit(scratch, f"Two of them (#8)\n\n* {c}\n* {d}")
    assert stand(scratch) == ["A", "B", "C", "D"]
    commit(scratch, 'Revert "A: Do it" (#9)\n\nReverts o/r#7')
    assert stand(scratch) == ["B", "C", "D"]
    commit(scratch, 'Reapply "A: Do it" (#10)')
    assert stand(scratch) == ["A", "B", "C", "D"]


def test_what_only_looks_like_a_merge_is_none(scratch: Scratch) -> None:
    commit(scratch, "Write of trailers\n\nTask: A\n")
    commit(scratch, "Quote one\n\n    Task: A\n    Attempt: 1\n")
    commit(scratch, "Task: A\n\nAttempt: 1\n")
    commit(scratch, message_for("X", f"{'long ' * 30}\nTask: A\nAttempt: 1", 1))
    assert stand(scratch) == ["X"]


@pytest.mark.parametrize("seconds", ["999999999999", "9" * 25, "9" * 5000])
def test_a_time_that_no_calendar_has_ends_nothing(scratch: Scratch, seconds: str) -> None:
    """Whoever can merge may have such a commit: it counts, as one of the last moment there is."""
    before = scratch.git("rev-parse", "HEAD")
    who = f"A <a@example.org> {seconds} +0000"
    message = message_for("A", "Do it", 1, mission="TASKS.md")
    head = f"tree {scratch.git('rev-parse', 'HEAD^{tree}')}\nparent {before}"
    text = f"{head}\nauthor {who}\ncommitter A <a@example.org> 1 +0000\n\n{message}"
    made = git(
        scratch.top,
        *("hash-object", "-t", "commit", "--literally", "-w", "--stdin"),
        data=text.encode(),
    )
    scratch.git("reset", "--quiet", "--hard", made)
    assert stand(scratch) == ["A"]
    after = base_log.read_after(scratch.repository.git, before, made)
    assert [merge.task for one in after for merge in one.merges] == ["A"]
