"""Whatever a person has in the checkout: it follows wholly, or it stays wholly as it is."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from errors import CheckoutBlockedError
from tests.integration.workspace.conftest import git
from workspace.checkout import FastForward, fast_forward
from workspace.repository import Repository

# Files and folders that get in each other's way.
PATHS = ["TASKS.md", "a", "a/b", "a/c", "d/e", "d/f", "g"]


def fits(files: dict[str, str]) -> bool:
    return not any(path.startswith(f"{other}/") for path in files for other in files)


trees = st.dictionaries(st.sampled_from(PATHS), st.sampled_from(["1", "2"])).filter(fits)
edits = st.lists(
    st.tuples(
        st.sampled_from(PATHS),
        st.sampled_from(["1", "2", "mine", "delete"]),
        st.booleans(),  # staged
    ),
    max_size=4,
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("property")


def tree(top: Path, files: dict[str, str]) -> str:
    """A tree object with these files."""
    index = {"GIT_INDEX_FILE": str(top / ".git" / "scratch-index")}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in index.items():
            patch.setenv(name, value)
        git(top, "read-tree", "--empty")
        for path, content in files.items():
            blob = git(top, "hash-object", "-w", "--stdin", data=content.encode())
            git(top, "update-index", "--add", "--cacheinfo", f"100644,{blob},{path}")
        return git(top, "write-tree")


def edit(top: Path, path: str, content: str, staged: bool) -> None:
    """What a person does; what the file system refuses is left out."""
    place = top / path
    if content == "delete":
        if place.is_file():
            place.unlink()
    elif not place.is_dir() and not any(
        (top / parent).is_file() for parent in Path(path).parents if parent != Path()
    ):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content)
    if staged:
        Repository.open(top).git.run("add", "--all", "--", path, check=False)


def files_of(top: Path) -> dict[str, str]:
    found = {}
    for folder, folders, names in os.walk(top):
        if ".git" in folders:
            folders.remove(".git")
        for name in names:
            path = Path(folder, name)
            found[str(path.relative_to(top))] = path.read_text()
    return found


def index_of(top: Path) -> dict[str, str]:
    lines = git(top, "ls-files", "--stage").splitlines()
    return {line.split("\t")[1]: git(top, "cat-file", "blob", line.split()[1]) for line in lines}


def followed_or_refused(repository: Repository, commit: str) -> FastForward | CheckoutBlockedError:
    try:
        return fast_forward(repository, commit)
    except CheckoutBlockedError as blocked:
        return blocked


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(old=trees, new=trees, edits=edits)
def test_nothing_of_a_persons_is_lost(
    shared: Path,
    old: dict[str, str],
    new: dict[str, str],
    edits: list[tuple[str, str, bool]],
) -> None:
    top = shared / "checkout"
    if not (top / ".git").exists():
        git(shared, "init", "--quiet", str(top))
    before = git(top, "commit-tree", "-m", "old", tree(top, old))
    after = git(top, "commit-tree", "-m", "new", "-p", before, tree(top, new))
    for entry in top.iterdir():
        if entry.name != ".git":
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    git(top, "update-ref", "refs/heads/main", before)
    git(top, "reset", "--quiet", "--hard")
    for path, content, staged in edits:
        edit(top, path, content, staged)
    files, index = files_of(top), index_of(top)

    repository = Repository.open(top)
    result = followed_or_refused(repository, after)
    if isinstance(result, CheckoutBlockedError):
        assert result.files
        assert "TASKS.md" not in result.files
        assert (files_of(top), index_of(top)) == (files, index)
        assert git(top, "rev-parse", "HEAD") == before
        return
    assert git(top, "rev-parse", "HEAD") == after
    followed, followed_index = files_of(top), index_of(top)
    for path in {*PATHS, *files}:
        mine = files.get(path) != old.get(path)
        if mine:  # an edit stays, whatever it is
            assert followed.get(path) == files.get(path)
        else:
            assert followed.get(path) == new.get(path)
        if path in result.kept:
            continue
        staged_by_me = index.get(path) != old.get(path)
        expected = index.get(path) if staged_by_me else new.get(path)
        assert followed_index.get(path) == expected or followed_index.get(path) == new.get(path)
    assert fast_forward(repository, after).moved is False
