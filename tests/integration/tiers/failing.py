"""What the tests of the detector share: configurations, and the one failure that is expected."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tiers.config import TierConfig
from tiers.detect import TierUnavailableError, detect
from tiers.probes.probe import Failure
from tiers.settings.address import PostgresAddress, ValkeyAddress
from tiers.settings.model import QueueType, StorageType, Tier


def federated(postgres: PostgresAddress, valkey: ValkeyAddress) -> TierConfig:
    """A configuration of the federated tier."""
    return replace(standalone(postgres, valkey), tier=Tier.FEDERATED)


def standalone(postgres: PostgresAddress | None, valkey: ValkeyAddress | None = None) -> TierConfig:
    """A configuration; without Postgres, it is one whose folder needs nothing."""
    return TierConfig(
        tier=Tier.STANDALONE,
        storage=StorageType.POSTGRES if postgres else StorageType.EMBEDDED,
        folder=None if postgres else Path(tempfile.gettempdir(), "mission-tests-nothing"),
        postgres=postgres,
        queue=QueueType.LOCAL if valkey is None else QueueType.VALKEY,
        valkey=valkey,
    )


def the_failure(config: TierConfig, *, seconds: float = 60) -> Failure:
    """The one failure, whose texts are fit for people and hold no credential.

    Only who waits for a time-out makes the deadline short: a busy machine is none.
    """
    detection = detect(config, deadline=timedelta(seconds=seconds))
    with pytest.raises(TierUnavailableError) as caught:
        detection.require()
    (failure,) = detection.failures
    text = f"{caught.value} {failure!r} {detection!r}"
    for address in (config.postgres, config.valkey):
        if address is not None and address.password is not None:
            assert address.password.get_secret_value() not in text
    assert failure.message in caught.value.message
    assert caught.value.hint == failure.remedy
    assert failure.remedy
    return failure


def failing(address: PostgresAddress | ValkeyAddress, *, seconds: float = 60) -> Failure:
    """The failure of this one service; its message names service, host and port."""
    if isinstance(address, PostgresAddress):
        failure = the_failure(standalone(address), seconds=seconds)
        assert f"Postgres at {address.where}" in failure.message
    else:
        failure = the_failure(standalone(None, address), seconds=seconds)
        assert f"Valkey at {address.where}" in failure.message
    return failure
