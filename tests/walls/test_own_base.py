"""The base without a remote is a ref of the runner's own: no agent's work gets there by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.workspace.conftest import git
from tests.scratch import START, make, row
from tests.walls.test_settings_put_back import FINDS

EVIL = (
    "write('README.md', 'bad')\n"
    "git('commit', '-q', '-a', '-m', 'evil')\n"
    "evil = git('rev-parse', 'HEAD').strip()\n"
    "git('reset', '-q', '--hard', 'HEAD~1')\n"
    "write(task + '.txt', 'work')\n"
)
REFS = (
    *("refs/mission-runner/base/main", "refs/mission-runner/kept/x", "refs/mission-runner/claim"),
    *("refs/heads/mission-runner/base/main", "refs/tags/mission-runner/base/main"),
    *("refs/mission-runner/nested/A-1/x", "refs/main", "refs/heads/refs/heads/main"),
)
KEEPS_BEHIND = "README.md"  # a person's change to it


def test_refs_that_an_agent_writes_in_its_own_repository_are_no_base(tmp_path: Path) -> None:
    writes = "".join(f"git('update-ref', '{name}', evil)\n" for name in REFS)
    scratch = make(
        tmp_path,
        [row("A"), row("B", after="A")],
        worker=START + EVIL + writes,
        config={"remote": "none"},
    )
    (scratch.top / KEEPS_BEHIND).write_text("a person's")
    assert scratch.run().exit_code == 0
    found = git(scratch.top, "for-each-ref", "--format=%(refname)", *REFS).split()
    assert set(found) <= {"refs/mission-runner/base/main"}
    for name in ("refs/heads/main", *found):
        assert git(scratch.top, "show", f"{name}:README.md") == "scratch"
    assert scratch.statuses() == {"A": "done", "B": "done"}
    assert (scratch.top / KEEPS_BEHIND).read_text() == "a person's"


@pytest.mark.parametrize("what", ["a blob", "a folder of refs", "no commit"])
def test_a_ref_that_is_no_base_is_named_and_lets_nothing_merge_unseen(
    tmp_path: Path, what: str
) -> None:
    """Written by the path of the person's repository, where no sandbox keeps an agent from it."""
    ref = "home + '/refs/mission-runner/base/main'"
    makes = {
        "a blob": f"open({ref}, 'w').write(git('hash-object', '-w', '--stdin').strip())",
        "a folder of refs": f"os.makedirs({ref}); open({ref} + '/x', 'w').write(evil)",
        "no commit": f"open({ref}, 'w').write('0' * 39 + '1')",
    }[what]
    worker = START + FINDS + EVIL + f"os.makedirs(home + '/refs/mission-runner/base')\n{makes}\n"
    scratch = make(tmp_path, [row("A")], worker=worker, config={"remote": "none"})
    scratch.run()
    assert git(scratch.top, "show", "main:README.md") == "scratch"
    if scratch.statuses()["A"] != "done":
        assert "refs/mission-runner/base/main" in scratch.notes("A")
