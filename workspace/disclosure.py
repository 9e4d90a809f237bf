"""What a push would tell everybody who can read the remote."""

from __future__ import annotations

from errors import GitError
from workspace.git import Git
from workspace.redact import Redactor


def refuse_secrets(git: Git, branch: str, *, base: str, head: str, redactor: Redactor) -> None:
    """Look through the commits of a branch, messages and removed lines included, for secrets that
    the runner knows by their value: an agent may have saved its environment, or a configuration.

    Raises:
        GitError: One of the commits holds one.
    """
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
