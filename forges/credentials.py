"""Where the token for a forge comes from. It is read when it is needed, and never written down."""

from __future__ import annotations

import netrc
from collections.abc import Mapping, Sequence
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from errors import ConfigError, ProcessError, StoppedError
from mission.config import ForgeConfig
from workspace.process import ProcessSpec, Stop, allowed_environment, run_process
from workspace.redact import register_secret

# The names that each forge's own tools look for, in their order.
USUAL_NAMES: Mapping[str, Sequence[str]] = {
    "gitea": ("GITEA_TOKEN", "FORGEJO_TOKEN"),
    "github": ("GITHUB_TOKEN", "GH_TOKEN"),
    "gitlab": ("GITLAB_TOKEN",),
}
# Where their tokens belong, and the variable in which their CI says where it is.
_HOMES: Mapping[str, tuple[str, str]] = {
    "github": ("github.com", "GITHUB_SERVER_URL"),
    "gitlab": ("gitlab.com", "CI_SERVER_URL"),
}
_COMMAND_TIME = timedelta(seconds=60)  # a password store may ask a person


def find_token(
    kind: str,
    host: str,
    config: ForgeConfig,
    environ: Mapping[str, str],
    stop: Stop | None = None,  # ends the program that is asked
) -> str | None:
    """The token for `host`: what the configuration names, else the usual variables, else .netrc.
    Whoever redacts knows it from then on.

    A usual variable is sent to the host that it belongs to, or that `forge.url` names: a host's
    name may begin with `github` whoever has it.

    Raises:
        ConfigError: The configuration names a source that has none.
        StoppedError: A stop was requested while a program was asked.
    """
    token = _find(kind, host, config, environ, stop or Stop())
    if token:
        register_secret(token)
    return token


def _find(
    kind: str, host: str, config: ForgeConfig, environ: Mapping[str, str], stop: Stop
) -> str | None:
    if config.token_command:
        return _from_command(config.token_command, stop)
    if config.token_env is not None:
        token = environ.get(config.token_env, "").strip()
        if not token:
            raise ConfigError(f"forge.token_env: the variable {config.token_env} is not set")
        return token
    # Of a remote on this machine, as stand-ins are, the configuration says the kind.
    here = config.type != "auto" and is_here(host)
    if config.url is not None or here or _belongs(kind, host, environ):
        for name in USUAL_NAMES.get(kind, ()):
            if environ.get(name, "").strip():
                return environ[name].strip()
    return _from_netrc(host, environ)


def is_here(host: str | None) -> bool:
    """Whether a host is this machine."""
    if host is None or host == "localhost":
        return host is not None
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _belongs(kind: str, host: str, environ: Mapping[str, str]) -> bool:
    """Whether the usual variables of a kind of forge are meant for `host`. Those of Gitea have no
    home: they are for whichever it is."""
    home, server = _HOMES.get(kind, ("", ""))
    known = {home, urlsplit(environ.get(server, "")).hostname}
    return not home or host.partition(":")[0].lower() in known


def _from_command(argv: Sequence[str], stop: Stop) -> str:
    lines: list[bytes] = []

    def hear(stream: str, line: bytes) -> None:
        if stream == "stdout":
            lines.append(line)

    spec = ProcessSpec(
        argv=list(argv),
        cwd=Path.home(),
        environment=allowed_environment(
            ["GNUPGHOME", "GPG_TTY", "DISPLAY", "DBUS_*", "PASSWORD_*"]
        ),
        total=_COMMAND_TIME,
        on_line=hear,
    )
    try:
        end = run_process(spec, stop)
    except ProcessError as error:
        raise ConfigError(f"forge.token_command: {error.message}") from error
    if end.ended_by == "stop":
        raise StoppedError(f"Stopped while waiting for forge.token_command: {stop.reason}")
    if end.ended_by != "exit":
        raise ConfigError(
            f"forge.token_command: {argv[0]} did not end within {_COMMAND_TIME.seconds} s",
            hint="Run it yourself: it may be waiting for a person, and has no terminal here",
        )
    token = lines[0].strip().decode(errors="replace") if lines else ""
    if not end.ok or not token:
        # Its output is not repeated: it may be the token.
        raise ConfigError(
            f"forge.token_command: {argv[0]} printed no token", hint="Run it yourself"
        )
    return token


def _from_netrc(host: str, environ: Mapping[str, str]) -> str | None:
    path = Path(environ.get("NETRC") or Path.home() / ".netrc")
    if not path.is_file():
        return None
    try:
        # Only what names this host: a `default` entry is not meant for forges.
        found = netrc.netrc(path).hosts.get(host.partition(":")[0])
    except (netrc.NetrcParseError, OSError, UnicodeDecodeError) as error:
        # Of a parse error only the line is told: its text may hold a password.
        line = f", line {error.lineno}" if isinstance(error, netrc.NetrcParseError) else ""
        raise ConfigError(f"{path}{line}: cannot be read for the forge's token") from error
    return found[2] if found else None
