"""What a push would tell everybody who can read the remote."""

from __future__ import annotations

from collections.abc import Iterator

from errors import GitError
from workspace.git import Git
from workspace.redact import Redactor
from workspace.store import Store
from workspace.tree_entries import SUBMODULE, Change

_MUCH = 1 << 22  # bytes of a file: git shows what changed of one that is larger


def refuse_secrets(git: Git, branch: str, *, base: str, head: str, redactor: Redactor) -> None:
    """Look through the commits of a branch, messages and removed lines included, for secrets that
    the runner knows by their value: an agent may have saved its environment, or a configuration.

    Raises:
        GitError: One of the commits holds one.
    """
    if _is_clean(git, base, head, redactor):
        return
    shown = git.run(
        "log", "--patch", "--unified=0", "--first-parent", "-m", "--format=%H%n%B", "--no-color",
        "--no-ext-diff", "--no-textconv", "--end-of-options", f"{base}..{head}",
    )  # fmt: skip
    if redactor.finds(shown.stdout.encode(errors="surrogateescape")):
        raise GitError(
            f"a commit of {branch} holds a secret of the run's environment: it is kept here and "
            "not pushed",
            hint=f"`git log -p {base[:10]}..{head[:10]}` shows the commits. Take the secret out of "
            "all of them, or reject the work; renew it if it was pushed elsewhere",
        )


def _is_clean(git: Git, base: str, head: str, redactor: Redactor) -> bool:
    """Whether no secret can be in what the commits show, since none is in the whole files that they
    change. No process is needed for that where the commits are few and the files are small."""
    line = git.line_between(base, head)
    if line is None or git.store is None:
        return False
    store = git.store
    for commit in line:
        (parent,) = store.parents(commit)
        said = store.message(commit)
        if said is None or redactor.finds(said.text.encode(errors="surrogateescape")):
            return False
        for change in store.changes(git.tree(parent), git.tree(commit)):
            if any(text is None or redactor.finds(text) for text in _texts(store, change)):
                return False
    return True


def _texts(store: Store, change: Change) -> Iterator[bytes | None]:
    """All that git could show of a change; None: more than is looked at here."""
    yield change.path.encode(errors="surrogateescape")
    for side in (change.old, change.new):
        if side.mode == SUBMODULE or not side.oid.strip("0"):
            continue
        found = store.find(side.oid)
        if found is None or found.size > _MUCH:
            yield None
            return
        whole = store.read(side.oid)
        yield None if whole is None else whole.content
