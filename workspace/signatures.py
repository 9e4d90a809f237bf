"""Commits that a person has signed with an ssh key (git-commit-tree(1), ssh-keygen(1))."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from errors import GitError, RequestRefusedError, UsageError
from workspace.anchored import anchored
from workspace.git import Git
from workspace.git_command import reason
from workspace.identity import identity_environment

_HEADERS = ("gpgsig", "gpgsig-sha256")
_SSH = "-----BEGIN SSH SIGNATURE-----"
# What git passes on from ssh-keygen where a key is in the file, and is good at that time.
_GOOD = re.compile(
    r'^Good "git" signature for (?P<who>[^\n]+) with \S+ key SHA256:\S+$', re.MULTILINE
)
_COMMITTER = re.compile(r"^committer [^\n]*> (?P<at>\d{1,12}) [+-]\d{4}$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Signed:
    """Who has signed a commit."""

    who: str  # the principal of the key, as the file of allowed signers names it
    at: int  # seconds since the epoch: the time at which the key was held to be good


def signed_commit(
    git: Git,
    tree: str,
    *,
    subject: str,
    person: str,
    ssh: bool,
    environment: Mapping[str, str],
) -> str:
    """A commit of a tree, without a parent, that whoever works here has signed.

    Args:
        person: Author and committer, name <address>.
        ssh: With an ssh key, whatever git is set to.
        environment: By these variables git finds the tree.

    Raises:
        GitError: It could not be signed.
    """
    kind = ("-c", "gpg.format=ssh") if ssh else ()
    made = git.run(
        *kind, "commit-tree", "-S", tree, "-m", subject,
        check=False, environment={**environment, **identity_environment(person, person)},
    )  # fmt: skip
    if made.code != 0:
        raise GitError(
            f"the request cannot be signed: {reason(made)}",
            hint="`git config user.signingKey FILE` names your key, and `ssh-add FILE` opens one "
            "that has a password",
        )
    return made.text


def signer(git: Git, commit: str, keys: bytes, *, environment: Mapping[str, str]) -> Signed:
    """Who has signed a commit.

    Args:
        keys: The content of a file of allowed signers. No other keys count, of whatever kind.
        environment: By these variables git finds the commit.

    Raises:
        RequestRefusedError: Nobody has, or nobody whose key is there, or with a key that was not
            good at the commit's time.
        GitError: Git cannot be asked.
        UsageError: There is no ssh-keygen, which git asks.
    """
    program = ssh_keygen()
    raw = git.run("cat-file", "commit", commit, environment=environment).stdout
    head = raw.partition("\n\n")[0]
    lines = [line.partition(" ") for line in head.split("\n")]
    signatures = [value for name, _, value in lines if name in _HEADERS]
    # Any key of a keyring would do for another kind; and of several, git takes the last.
    if len(signatures) != 1 or signatures[0] != _SSH:
        raise RequestRefusedError(
            "it is not signed with an ssh key" if signatures else "it is not signed",
            hint="The mission takes signed requests alone (`requests.signed` in mission.yaml)",
        )
    with tempfile.TemporaryDirectory(prefix="mission-keys-") as folder:
        file = Path(folder) / "allowed_signers"
        file.write_bytes(keys)
        asked = git.run(
            "-c", f"gpg.ssh.program={program}", "-c", f"gpg.ssh.allowedSignersFile={file}",
            "verify-commit", "--raw", commit,
            check=False, environment=environment,
        )  # fmt: skip
    good, at = _GOOD.search(asked.stderr), _COMMITTER.search(head)
    if asked.code != 0 or good is None or at is None:
        raise RequestRefusedError(
            "its signature is of no key that counts here",
            hint="`requests.signed` in mission.yaml names the file with the keys that do",
        )
    return Signed(who=good["who"], at=int(at["at"]))


def ssh_keygen() -> str:
    """Where ssh-keygen is, which git asks about such signatures.

    Raises:
        UsageError: It is not there.
    """
    found = shutil.which("ssh-keygen", path=anchored(os.environ).get("PATH"))
    if found is None:
        raise UsageError(
            "ssh-keygen is not installed, and without it no signature of a request can be checked",
            hint="Install OpenSSH's client, or take `requests.signed` out of mission.yaml",
        )
    return found
