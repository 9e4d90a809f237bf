"""Which host and which repository a remote's address means."""

from __future__ import annotations

import pytest

from forges.address import read_address


@pytest.mark.parametrize(
    ("url", "root", "path"),
    [
        ("https://github.com/team/project.git", "https://github.com", "team/project"),
        ("https://github.com/team/project", "https://github.com", "team/project"),
        ("https://me:secret@git.example.org/a/b.git", "https://git.example.org", "a/b"),
        ("http://localhost:3000/a/b.git/", "http://localhost:3000", "a/b"),
        ("git@git.example.org:a/b.git", "https://git.example.org", "a/b"),
        ("git.example.org:a/b", "https://git.example.org", "a/b"),
        ("ssh://git@git.example.org:2222/a/b.git", "https://git.example.org", "a/b"),
        ("https://gitlab.com/group/sub/b.git", "https://gitlab.com", "group/sub/b"),
        ("https://GitHub.com/a/b", "https://github.com", "a/b"),
        ("https://[::1]:8080/a/b", "https://[::1]:8080", "a/b"),
        ("https://git.example.org/a%20b/c", "https://git.example.org", "a b/c"),
    ],
)
def test_addresses(url: str, root: str, path: str) -> None:
    address = read_address(url)

    assert address is not None
    assert (address.root, address.path) == (root, path)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/srv/git/project.git",
        "../project.git",
        "file:///srv/git/project.git",
        "C:/git/project",
        "git://git.example.org/a/b.git",
        "https://git.example.org/",
        "https://git.example.org/only",
        "https://git.example.org/a/../b",
        "https://git.example.org:port/a/b",
        "https://[git/a/b",
    ],
)
def test_no_forge(url: str) -> None:
    assert read_address(url) is None
