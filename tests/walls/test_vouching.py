"""What lands was verified in a fresh, full checkout of that very tree, whatever the folder said in
which an agent worked."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mission.journal.kinds import Verified
from tests.scratch import START, Scratch, make, row

pytestmark = pytest.mark.timeout(120)

DIFF = "subprocess.run(['git', 'diff', '--exit-code'], check=True)"
# What an agent does, and what the project checks: it holds in the agent's folder, and nowhere else.
COMMIT = "git('add', '-A'); git('commit', '-qm', 'w')\n"
REPLACE = "os.unlink('.git'); git('init', '-q'); git('add', '-Af')"
TRICKS = {
    "assume-unchanged": (
        f"write('a.txt', 'a'); {COMMIT}git('update-index', '--assume-unchanged', 'README.md')",
        f"write('README.md', 'made from its sources'); {DIFF}",
    ),
    "another .git": (
        f"write('lost.txt', 'x'); write('.gitignore', 'lost.txt'); {COMMIT}{REPLACE}",
        "git('ls-files', '--error-unmatch', 'lost.txt')",
    ),
    "ident": (
        "write('.gitattributes', 'id.txt ident'); write('id.txt', '$Id$')",
        "assert pathlib.Path('id.txt').read_text() == '$Id$'",
    ),
    "empty folder": (
        "os.makedirs('out'); write('a.txt', 'a')",
        "pathlib.Path('out/made.txt').write_text('made')",
    ),
    "sparse checkout": (
        f"write('bad/test.py', '1 / 0'); {COMMIT}git('sparse-checkout', 'set', 'plan')",
        "[exec(test.read_text()) for test in pathlib.Path().rglob('test.py')]",
    ),
    "ignored file": (
        "write('.gitignore', 'made.txt'); write('made.txt', 'x'); write('a.txt', 'a')",
        "assert pathlib.Path('made.txt').exists()",
    ),
}


def verified(scratch: Scratch) -> list[tuple[str, bool]]:
    """The trees that were verified, and whether they passed."""
    with scratch.journal() as journal:
        return [(event.what.tree, event.what.ok) for event in journal.events(Verified)]


@pytest.mark.parametrize("on", [["branch"], ["branch", "merged"]], ids=["branch", "both"])
@pytest.mark.parametrize("trick", TRICKS)
def test_what_holds_in_the_agents_folder_alone_does_not_land(
    tmp_path: Path, trick: str, on: list[str]
) -> None:
    does, check = TRICKS[trick]
    step = {"name": "check", "run": [sys.executable, "-S", "-c", START + check], "on": on}
    scratch = make(tmp_path, [row("A")], worker=START + does, config={"verify": [step]})
    assert scratch.run().failed == ("A",)
    assert scratch.merged() == []


def test_a_persons_sparse_checkout_leaves_no_test_out(tmp_path: Path) -> None:
    does, check = TRICKS["sparse checkout"]
    does = does.partition("git('sparse")[0]
    step = {"name": "check", "run": [sys.executable, "-S", "-c", START + check]}
    scratch = make(tmp_path, [row("A")], worker=START + does, config={"verify": [step]})
    scratch.git.run("sparse-checkout", "set", "plan")
    assert scratch.run().failed == ("A",)


def test_one_tree_is_verified_once(tmp_path: Path) -> None:
    step = {"name": "check", "run": ["true"], "on": ["branch", "merged"]}
    scratch = make(tmp_path, [row("A")], config={"verify": [step]})
    assert scratch.run().exit_code == 0
    [commit] = scratch.git.text("log", "--format=%H", "--grep=^Task: A").split()
    assert verified(scratch) == [(scratch.git.tree(commit), True)]


def test_the_squash_that_waits_at_its_gate_is_not_pruned(tmp_path: Path) -> None:
    """A person tidies up (`git gc`) while a merge waits: the gate of this mission does."""
    tidy = ["git", "-C", str(tmp_path / "checkout"), "gc", "--quiet", "--prune=now"]
    gate = {"type": "script", "run": tidy}
    scratch = make(tmp_path, [row("A")], config={"gates": [gate]})
    assert scratch.run().exit_code == 0
    assert scratch.merged() == ["A"]
    refs = scratch.git.text("for-each-ref", "--format=%(refname)", "refs/mission-runner").split()
    assert [ref for ref in refs if not ref.startswith("refs/mission-runner/plan/")] == []
