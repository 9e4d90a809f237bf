"""Secrets in what a push would show, wherever they are in its commits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from errors import GitError
from workspace.disclosure import refuse_secrets
from workspace.git import Git
from workspace.redact import Redactor

if TYPE_CHECKING:
    from tests.integration.workspace.conftest import MakeScratch, Scratch

SECRET = "correct-horse-battery-staple"


@pytest.fixture
def scratch(make_scratch: MakeScratch) -> Scratch:
    return make_scratch(remote=False)


def is_refused(scratch: Scratch, base: str) -> bool:
    """The same answer from what is kept, and from git's own log."""
    redactor = Redactor.from_environment({"FORGE_TOKEN": SECRET})
    answers = set()
    for asked in (scratch.repository.git, Git(scratch.top)):
        try:
            refuse_secrets(asked, "feat/a", base=base, head="HEAD", redactor=redactor)
        except GitError:
            answers.add(True)
        else:
            answers.add(False)
    assert len(answers) == 1, "what is kept says something else than git's log"
    return answers.pop()


def test_none(scratch: Scratch) -> None:
    base = scratch.git("rev-parse", "HEAD")
    scratch.commit({"a.txt": "a\n", "b/c.txt": "c\n"})
    scratch.commit({"a.txt": None})
    assert not is_refused(scratch, base)


@pytest.mark.parametrize("where", ["added", "removed again", "path", "message", "merged"])
def test_one(scratch: Scratch, where: str) -> None:
    base = scratch.git("rev-parse", "HEAD")
    if where == "path":
        scratch.commit({f"{SECRET}.txt": "a\n"})
    elif where == "message":
        scratch.commit({"a.txt": "a\n"}, f"use {SECRET}")
    else:
        scratch.commit({"a.txt": f"one\n{SECRET}\n"})
    if where == "removed again":
        scratch.commit({"a.txt": "one\n"})
    if where == "merged":
        scratch.git("branch", "--quiet", "side", base)
        scratch.git("merge", "--quiet", "--no-ff", "-m", "merge", "side")
    assert is_refused(scratch, base)


def test_what_the_base_holds_already_is_not_shown(scratch: Scratch) -> None:
    base = scratch.commit({"a.txt": f"{SECRET}\n" + "line\n" * 40})
    scratch.commit({"a.txt": f"{SECRET}\n" + "line\n" * 41})
    assert not is_refused(scratch, base)
