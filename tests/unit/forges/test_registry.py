"""Which forge a repository has, and where its token comes from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from errors import ConfigError
from forges.gitea import Gitea
from forges.github import GitHub
from forges.gitlab import GitLab
from forges.protocol import Forge
from forges.registry import find_forge
from mission.config import ForgeConfig
from workspace.redact import Redactor

NOWHERE = {"NETRC": "/nonexistent"}


def find(
    remote: str | None, environ: Mapping[str, str] | None = None, **config: object
) -> Forge | None:
    return find_forge(ForgeConfig.model_validate(config), remote, {**NOWHERE, **(environ or {})})


@pytest.mark.parametrize(
    ("url", "kind", "root", "repository"),
    [
        ("git@github.com:a/b.git", GitHub, "https://api.github.com", "a/b"),
        ("https://github.example.org/a/b", GitHub, "https://github.example.org/api/v3", "a/b"),
        ("https://codeberg.org/a/b", Gitea, "https://codeberg.org/api/v1", "a/b"),
        ("https://gitea.example.org/a/b", Gitea, "https://gitea.example.org/api/v1", "a/b"),
        ("https://gitea.example.org/x/a/b", Gitea, "https://gitea.example.org/x/api/v1", "a/b"),
        ("https://gitlab.com/a/b/c", GitLab, "https://gitlab.com/api/v4", "a/b/c"),
    ],
)
def test_known_hosts(url: str, kind: type, root: str, repository: str) -> None:
    forge = find(url)

    assert isinstance(forge, kind)
    assert isinstance(forge, (Gitea, GitHub, GitLab))
    assert (forge.api.root, forge.repository) == (root, repository)


def test_configuration_overrides_the_remote() -> None:
    forge = find("/srv/git/b", type="forgejo", url="https://git.example.org/", repository="a/b")

    assert forge is not None
    assert forge.name == "gitea git.example.org/a/b"


def test_no_forge_without_a_question_to_the_network() -> None:
    assert find("/srv/git/b.git") is None
    assert find(None) is None
    assert find("git@git.internal:a/b.git") is None
    assert find("git@github.com:a/b.git", type="none") is None


@pytest.mark.parametrize(
    "config",
    [
        {"type": "gitea"},
        {"type": "gitea", "url": "https://git.example.org"},
        {"type": "gitea", "url": "ftp://git.example.org", "repository": "a/b"},
        {"type": "gitea", "url": "https://me:pw@git.example.org", "repository": "a/b"},
    ],
)
def test_too_little_or_wrong_configuration(config: dict[str, object]) -> None:
    with pytest.raises(ConfigError) as caught:
        find("/srv/git/b.git", None, **config)

    assert "pw" not in str(caught.value)


def headers(forge: Forge | None) -> dict[str, str]:
    assert isinstance(forge, (Gitea, GitHub, GitLab))
    assert "t0ken" not in repr(forge)
    return dict(forge.api.headers)


def test_tokens_from_the_usual_variables() -> None:
    assert (
        headers(find("https://codeberg.org/a/b", {"GITEA_TOKEN": "t0ken"}))["Authorization"]
        == "token t0ken"
    )
    assert (
        headers(find("https://github.com/a/b", {"GH_TOKEN": "t0ken"}))["Authorization"]
        == "Bearer t0ken"
    )
    assert (
        headers(find("https://gitlab.com/a/b", {"GITLAB_TOKEN": "t0ken"}))["PRIVATE-TOKEN"]
        == "t0ken"
    )


@pytest.mark.parametrize(
    "host", ["github.example.org", "github-com.evil.example", "github.com.evil"]
)
def test_a_usual_token_goes_to_the_host_that_it_belongs_to(host: str) -> None:
    """Or to one that somebody names for it."""
    url, token = f"https://{host}/a/b", {"GITHUB_TOKEN": "t0ken"}
    assert "Authorization" not in headers(find(url, token))
    assert "Authorization" not in headers(find(url, token, type="github"))
    assert "Authorization" in headers(find(url, token, url=f"https://{host}", type="github"))
    here = token | {"GITHUB_SERVER_URL": f"https://{host}"}
    assert "Authorization" in headers(find(url, here))
    assert "PRIVATE-TOKEN" not in headers(find("https://gitlab.evil/a/b", {"GITLAB_TOKEN": "t"}))


def test_a_named_variable_must_be_there() -> None:
    url = "https://github.com/a/b"

    assert "Authorization" in headers(find(url, {"MINE": "t0ken"}, token_env="MINE"))
    with pytest.raises(ConfigError, match="MINE is not set"):
        find(url, {"GH_TOKEN": "t0ken"}, token_env="MINE")


def test_a_token_from_netrc(tmp_path: Path) -> None:
    file = tmp_path / "netrc"
    file.write_text("default login me password other\nmachine github.com login me password t0ken\n")

    environ = {"NETRC": str(file)}

    assert headers(find("https://github.com/a/b", environ))["Authorization"] == "Bearer t0ken"
    # A `default` entry is not meant for forges.
    assert "Authorization" not in headers(find("https://codeberg.org/a/b", environ))


def test_a_token_from_a_file_is_redacted_from_then_on(tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("machine github.com login me password of-my-netrc-1\n")
    redactor = Redactor()

    find("https://github.com/a/b", {"NETRC": str(tmp_path / "netrc")})

    assert redactor.text("said: of-my-netrc-1") == "said: [secret]"


def test_a_broken_netrc_is_not_repeated(tmp_path: Path) -> None:
    file = tmp_path / "netrc"
    file.write_text("machine github.com passwort t0ken\n")

    with pytest.raises(ConfigError) as caught:
        find("https://github.com/a/b", {"NETRC": str(file)})

    assert "t0ken" not in str(caught.value)


def test_a_token_does_not_travel_in_the_open() -> None:
    url, token = "http://gitea.example.org/a/b", {"GITEA_TOKEN": "t0ken"}

    with pytest.raises(ConfigError, match="unencrypted"):
        find(url, token)
    assert find(url, token, allow_http=True)
    assert find("http://127.0.0.1:3000/a/b", token, type="gitea")
    assert find(url)
