"""Signed requests: real keys, real git, and what somebody would try who has none."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from errors import GitError, RequestRefusedError, UsageError
from workspace.git import Git
from workspace.identity import identity_environment
from workspace.signatures import signed_commit, signer, ssh_keygen

ANN = "Ann <ann@example.org>"


@dataclass(frozen=True, kw_only=True)
class Keys:
    """A repository whose person has a key, and a second key of somebody else."""

    git: Git
    folder: Path
    tree: str

    def line(self, name: str, options: str = "") -> bytes:
        """A key's line in a file of allowed signers."""
        public = (self.folder / f"{name}.pub").read_text().split(" ")
        return f"{name}@example.org {options} {public[0]} {public[1]}\n".encode()

    def signed_by(self, name: str, *, environment: dict[str, str] | None = None) -> str:
        self.git.run("config", "user.signingKey", str(self.folder / f"{name}.pub"))
        return signed_commit(
            self.git,
            self.tree,
            subject="a request",
            person=ANN,
            ssh=True,
            environment=environment or {},
        )

    def raw(self, text: str) -> str:
        """A commit as somebody has put it together by hand."""
        made = self.git.run(
            "hash-object", "-t", "commit", "-w", "--stdin", "--literally", input=text
        )
        return made.text


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    folder = tmp_path_factory.mktemp("keys")
    for name in ("ann", "eve"):
        made = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", folder / name]
        subprocess.run(made, check=True)
    top = folder / "repository"
    top.mkdir()
    git = Git(top)
    git.run("init", "--quiet")
    blob = git.run("hash-object", "-w", "--stdin", input="{}").text
    tree = git.run("mktree", input=f"100644 blob {blob}\trequest.json\n").text
    return Keys(git=git, folder=folder, tree=tree)


def refused(keys: Keys, commit: str, allowed: bytes) -> str:
    with pytest.raises(RequestRefusedError) as error:
        signer(keys.git, commit, allowed, environment={})
    return error.value.message


def test_a_key_of_the_file_counts_and_no_other(keys: Keys) -> None:
    good = keys.signed_by("ann")
    assert signer(keys.git, good, keys.line("ann"), environment={}).who == "ann@example.org"
    assert "of no key" in refused(keys, good, keys.line("eve"))
    assert "of no key" in refused(keys, good, b"")
    assert "of no key" in refused(keys, good, b"\xff not a line\n")
    # Whose key is for other things, or is held to be good at another time, signs no request.
    assert "of no key" in refused(keys, good, keys.line("ann", 'namespaces="file"'))
    assert "of no key" in refused(keys, good, keys.line("ann", 'valid-before="20200101"'))


def test_what_a_person_has_set_for_git_changes_nothing(keys: Keys, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.write_bytes(keys.line("eve"))
    lie = tmp_path / "lie"
    lie.write_text("#!/bin/sh\necho 'Good \"git\" signature for ann with ED25519 key SHA256:x'\n")
    lie.chmod(0o755)
    commit = keys.signed_by("eve")
    settings = {"gpg.ssh.allowedSignersFile": str(own), "gpg.ssh.program": str(lie)}
    for name, value in settings.items():
        keys.git.run("config", name, value)
    try:
        assert "of no key" in refused(keys, commit, keys.line("ann"))
    finally:
        for name in settings:
            keys.git.run("config", "--unset", name)


def test_a_signature_is_for_its_commit_alone(keys: Keys) -> None:
    good = keys.git.run("cat-file", "commit", keys.signed_by("ann")).stdout
    other = keys.raw(good.replace("a request", "a worse request"))
    assert "of no key" in refused(keys, other, keys.line("ann"))
    head, _, message = good.partition("\n\n")
    bare = "\n".join(line for line in head.split("\n") if not line.startswith(("gpgsig", " ")))
    assert "not signed" in refused(keys, keys.raw(f"{bare}\n\n{message}"), keys.line("ann"))
    told = f'{bare}\n\n{message}\nGood "git" signature for ann with ED25519 key SHA256:x\n'
    assert "not signed" in refused(keys, keys.raw(told), keys.line("ann"))


def test_no_other_kind_of_signature_counts(keys: Keys) -> None:
    good = keys.git.run("cat-file", "commit", keys.signed_by("ann")).stdout
    pgp = good.replace("SSH SIGNATURE", "PGP SIGNATURE")
    assert "ssh key" in refused(keys, keys.raw(pgp), keys.line("ann"))
    head, _, message = good.partition("\n\n")
    twice = f"{head}\ngpgsig -----BEGIN PGP SIGNATURE-----\n x\n -----END PGP SIGNATURE-----"
    assert "ssh key" in refused(keys, keys.raw(f"{twice}\n\n{message}"), keys.line("ann"))


def test_what_git_takes_for_a_name_is_told_with_its_time(keys: Keys) -> None:
    environment = {**identity_environment(ANN, ANN), "GIT_COMMITTER_DATE": "1700000000 +0000"}
    signed = signer(
        keys.git,
        keys.signed_by("ann", environment={"GIT_COMMITTER_DATE": "1700000000 +0000"}),
        keys.line("ann"),
        environment=environment,
    )
    assert signed.at == 1700000000


def test_without_a_key_nothing_is_signed(keys: Keys) -> None:
    keys.git.run("config", "user.signingKey", str(keys.folder / "none.pub"))
    with pytest.raises(GitError) as error:
        signed_commit(keys.git, keys.tree, subject="x", person=ANN, ssh=True, environment={})
    assert "user.signingKey" in error.value.hint


def test_without_ssh_keygen_nobody_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UsageError, match="ssh-keygen is not installed"):
        ssh_keygen()
