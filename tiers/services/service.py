"""The services of a tier on this machine: started, ended, looked at.

Two ways do that: compose where a container engine answers (`tiers.services.compose`), and the
embedded ones (`tiers.services.embedded`). Both give the same services, ports and credentials.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from tiers.config import POSTGRES_PASSWORD_FILE, VALKEY_PASSWORD_FILE, TierConfig
from tiers.settings.folders import tiers_home
from tiers.settings.secret import kept_secret

Say = Callable[[str], None]  # takes one line for people


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceState:
    """One service as it is now."""

    name: str  # postgres-federated, valkey-federated, ...
    where: str  # host:port; in words where that is open until it runs
    running: bool
    detail: str  # what runs there, or why not; one line


class Services(Protocol):
    """A way to run the services of a tier."""

    @property
    def description(self) -> str:
        """Which way this is, in one line."""

    def up(self, config: TierConfig, say: Say) -> None:
        """Start what does not run, and wait until it answers. Safe to repeat.

        Raises:
            TierError: A service does not come up.
            StoppedError: A stop was requested meanwhile; what came up stays.
        """

    def down(self, config: TierConfig, say: Say, *, remove_data: bool = False) -> None:
        """End what runs. Safe to repeat.

        Raises:
            TierError: A service does not end.
        """

    def status(self, config: TierConfig) -> tuple[ServiceState, ...]:
        """What runs now."""


def with_passwords(config: TierConfig, *, make: bool = False) -> TierConfig:
    """The configuration with the passwords that we made up, where none is configured.

    They are files below `tiers_home`, readable by their owner alone; reading the configuration
    finds them again. With `make`, those that are not there yet are made up now.
    """
    postgres, valkey = config.postgres, config.valkey
    home = tiers_home()
    if postgres is not None and postgres.password is None:
        postgres = replace(postgres, password=kept_secret(home / POSTGRES_PASSWORD_FILE, make=make))
    if valkey is not None and valkey.password is None:
        valkey = replace(valkey, password=kept_secret(home / VALKEY_PASSWORD_FILE, make=make))
    return replace(config, postgres=postgres, valkey=valkey)
