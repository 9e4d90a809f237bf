"""Finds the forge of a repository: its kind, its address, its API.

A package of someone else's adds a kind through the entry point group `mission_runner.forges`: the
entry's name is the `forge.type`, its value a callable that takes the forge's configuration and its
`Site`. The callable's `Config`, a subclass of `ForgeConfig`, is the model of its keys.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import quote, urlsplit

from pydantic import TypeAdapter

from errors import ConfigError, ForgeError
from forges.address import Address, read_address
from forges.credentials import find_token, is_here
from forges.errors import RefusedError
from forges.gitea import Gitea
from forges.github import GitHub
from forges.gitlab import GitLab
from forges.http import Api
from forges.protocol import Forge
from mission.clock import SYSTEM_CLOCK, Clock
from mission.config import ForgeConfig, plugins
from mission.config.forge import FORGE_KINDS, OWN_FORGES
from workspace.process import Stop

GITHUB = "github.com"
# Well-known hosts, and words that a host's name gives its kind away with.
_HOSTS: Mapping[str, str] = {GITHUB: "github", "gitlab.com": "gitlab", "codeberg.org": "gitea"}
_WORDS: Mapping[str, str] = {
    "gitea": "gitea",
    "forgejo": "gitea",
    "gitlab": "gitlab",
    "github": "github",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kind:
    """How one kind of forge is built."""

    build: Callable[[Api, str], Forge]  # from its API and the repository
    api: str  # the path of its API
    headers: Callable[[str], Mapping[str, str]]  # from the token


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """Where a forge is, for one that a plug-in adds."""

    root: str  # where people read it, as in https://git.example.org
    repository: str  # owner and name
    token: str | None = field(default=None, repr=False)  # for that host, and for no other
    clock: Clock = SYSTEM_CLOCK


#: Makes a forge of a plug-in's from its configuration and its place.
Factory = Callable[[ForgeConfig, Site], Forge]

_KINDS: Mapping[str, _Kind] = {
    "gitea": _Kind(
        build=lambda api, repository: Gitea(api=api, repository=repository),
        api="/api/v1",
        headers=lambda token: {"Authorization": f"token {token}"},
    ),
    "github": _Kind(
        build=lambda api, repository: GitHub(api=api, repository=repository),
        api="/api/v3",
        headers=lambda token: {"Authorization": f"Bearer {token}"},
    ),
    "gitlab": _Kind(
        build=lambda api, repository: GitLab(api=api, repository=repository),
        api="/api/v4",
        headers=lambda token: {"PRIVATE-TOKEN": token},
    ),
}


def find_forge(
    config: ForgeConfig,
    remote_url: str | None,
    environ: Mapping[str, str],
    *,
    required: bool = False,
    clock: Clock = SYSTEM_CLOCK,
    stop: Stop | None = None,
) -> Forge | None:
    """The forge of a repository, by its configuration and the address of its git remote.

    Args:
        required: Something is configured that needs it: then a host with an unknown name is asked
            what it is, and none is an error. Otherwise nothing goes over the network.
        stop: Ends the program that is asked for a token.

    Returns:
        The forge; None where the remote is no forge's, or the configuration says `none`.

    Raises:
        ConfigError: The configuration does not say enough, or names a token that is not there.
    """
    if config.type == "none":
        _miss(required, "forge.type is none")
        return None
    address = read_address(remote_url) if remote_url else None
    root, path = _where(config, address)
    if root is None or path is None:
        missing = "url" if root is None else "repository"
        if required or config.type != "auto":
            raise ConfigError(
                f"forge.{missing} is not given, and the git remote does not tell",
                hint=f"Set forge.{missing} in mission.yaml",
            )
        return None
    added = _plugin(config.type)
    if added is not None:
        token = _token(config.type, root, config, environ, stop)
        return added(config, Site(root=root, repository=path, token=token, clock=clock))
    kind = _kind(config, root, clock, probe=required)
    if kind is None:
        _miss(required, f"cannot tell what kind of forge {urlsplit(root).netloc} is")
        return None
    if kind == "gitea" and config.url is None and path.count("/") > 1:
        # It may live below a path of its host; its repositories have two parts.
        *prefix, owner, name = path.split("/")
        root, path = f"{root}/{quote('/'.join(prefix))}", f"{owner}/{name}"
    return _KINDS[kind].build(_api(kind, root, config, environ, clock, stop), path)


def _miss(required: bool, why: str) -> None:
    if required:
        raise ConfigError(
            f"the queue gate needs a forge, and there is none: {why}",
            hint="Set forge.type in mission.yaml to gitea, forgejo, github or gitlab",
        )


def _where(config: ForgeConfig, address: Address | None) -> tuple[str | None, str | None]:
    root = config.url.rstrip("/") if config.url else (address.root if address else None)
    path = config.repository or (address.path if address else None)
    if root is None:
        return None, path
    parts = urlsplit(root)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
        raise ConfigError(f"forge.url: {parts.scheme}://{parts.hostname or ''} is no web address")
    if parts.username or parts.password:
        raise ConfigError(
            "forge.url holds credentials", hint="Use forge.token_env or forge.token_command"
        )
    return root, path


def _kind(config: ForgeConfig, root: str, clock: Clock, *, probe: bool) -> str | None:
    if config.type != "auto":
        return "gitea" if config.type == "forgejo" else config.type
    host = urlsplit(root).hostname or ""
    if host in _HOSTS:
        return _HOSTS[host]
    labels = host.split(".")
    for word, kind in _WORDS.items():
        if any(label.startswith(word) for label in labels):
            return kind
    return _ask_kind(root, clock) if probe else None


def _ask_kind(root: str, clock: Clock) -> str | None:
    """Ask the host itself, without a token: it may not be the one that the token is for."""
    api = Api(root=root, headers=_COMMON, clock=clock)
    try:
        api.get("/api/v1/version").read(_VERSION)
        return "gitea"
    except ForgeError:
        # Not Gitea; anything may answer here.
        pass
    try:
        api.get("/api/v4/version").read(_VERSION)
        return "gitlab"
    except RefusedError as error:
        # GitLab wants a token even for that, and says so in its own words.
        return "gitlab" if error.status == 401 and "unauthorized" in error.words.lower() else None
    except ForgeError:
        return None


_VERSION = TypeAdapter(dict[str, object])
_COMMON = {"Accept": "application/json", "User-Agent": "mission-runner"}


def _plugin(kind: str) -> Factory | None:
    """What makes a forge of a type that a plug-in adds; None for our own."""
    if kind in OWN_FORGES:
        return None
    loaded = plugins.load(plugins.FORGES, kind)
    if loaded is None:
        known = ", ".join(FORGE_KINDS.names())
        raise ConfigError(f"forge.type: unknown type {kind!r}", hint=f"Known: {known}")
    return cast("Factory", loaded)


def _token(
    kind: str, root: str, config: ForgeConfig, environ: Mapping[str, str], stop: Stop | None
) -> str | None:
    """The token for the forge at `root`, which may be sent there.

    Raises:
        ConfigError: It would travel without encryption, or a source that is named has none.
    """
    parts = urlsplit(root)
    token = find_token(kind, parts.hostname or "", config, environ, stop)
    if token and parts.scheme == "http" and not config.allow_http and not is_here(parts.hostname):
        raise ConfigError(
            f"the token for {parts.netloc} would go over the network unencrypted",
            hint="Use https, or set forge.allow_http: true",
        )
    return token


def _api(
    kind: str,
    root: str,
    config: ForgeConfig,
    environ: Mapping[str, str],
    clock: Clock,
    stop: Stop | None,
) -> Api:
    token = _token(kind, root, config, environ, stop)
    headers = dict(_COMMON)
    if kind == "github":
        headers |= {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
    if token:
        headers |= _KINDS[kind].headers(token)
    public = kind == "github" and urlsplit(root).hostname == GITHUB
    return Api(
        root="https://api.github.com" if public else root + _KINDS[kind].api,
        headers=headers,
        secrets=(token,) if token else (),
        clock=clock,
    )
