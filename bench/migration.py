"""`mission tier migrate` against `pg_dump | psql` of the same tables, and its memory.

    python -m bench.migration [camelCase|ours] [ROWS...]

Both are whole processes, their start included, from one server to another on this machine. Both
servers have Postgres's own settings and have just made a checkpoint. The tables, their rows, their
indexes and their foreign keys are the same. The migration has more to do: it looks whether the tier
is fit, makes its own schema, compares checksums of both sides, and where the source is written in
camelCase with keys of other types, it makes the target's names and types of them. What it takes for
that counts. Memory is the largest resident size of the migration's process.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench.migration_sources import fill_camel_case, fill_ours
from bench.servers import PASSWORD, connect, database, scratch_folder, start_postgres
from tiers.servers.postgres import PostgresServer
from tiers.servers.postgres_binaries import installations
from tiers.settings.address import PostgresAddress

ROWS = (100_000, 1_000_000)
TARGET = 0.8  # of the throughput of `pg_dump | psql`
_ROUNDS = {100_000: 3}  # one for all other sizes
_SOURCES: Mapping[str, Callable[[PostgresAddress, int], None]] = {
    "camelCase": fill_camel_case,
    "ours": fill_ours,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Servers:
    """Where from, where to, and what with."""

    source: PostgresServer
    target: PostgresServer
    psql: str  # a program


def _environment() -> dict[str, str]:
    password = PASSWORD.get_secret_value()
    return {**os.environ, "PGPASSWORD": password, "MISSION_DATABASE_PASSWORD": password}


def _psql() -> str:
    """The first that runs: the one in a pip package has been seen not to."""
    for found in installations():
        program = found.program("psql")
        if not Path(program).is_file():
            continue
        asked = subprocess.run([program, "--version"], capture_output=True, check=False)
        if asked.returncode == 0:
            return program
    raise AssertionError("no psql runs here: apt-get install postgresql-client")


def _dump_and_load(servers: Servers, source: PostgresAddress, target: PostgresAddress) -> float:
    """Seconds of `pg_dump | psql`."""
    start = time.perf_counter()
    dump = subprocess.Popen(
        [servers.source.binaries.program("pg_dump"), *_flags(source)],
        stdout=subprocess.PIPE,
        env=_environment(),
    )
    subprocess.run(
        [servers.psql, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", *_flags(target)],
        stdin=dump.stdout,
        stdout=subprocess.DEVNULL,
        env=_environment(),
        check=True,
    )
    assert dump.wait() == 0
    return time.perf_counter() - start


def _migrate(source: PostgresAddress, target: PostgresAddress) -> tuple[float, float]:
    """Seconds and mebibytes of `mission tier migrate`."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "cli", "tier", "migrate", "--yes"]
    child = subprocess.Popen(
        [*command, "--from", source.label, "--to", target.label],
        stdout=subprocess.DEVNULL,
        env=_environment(),
    )
    _, code, used = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(code)
    assert child.returncode == 0
    kibibytes = used.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return seconds, kibibytes / 1024


def _flags(address: PostgresAddress) -> list[str]:
    parts = {"host": address.host, "port": address.port, "username": address.user}
    return [f"--dbname={address.database}", *(f"--{key}={value}" for key, value in parts.items())]


def _settle(servers: Servers) -> None:
    """Neither pays for what the other has written."""
    for server in (servers.source, servers.target):
        with connect(server.address) as connection:
            connection.execute("CHECKPOINT")


def _notes(address: PostgresAddress) -> object:
    with psycopg.connect(**address.connect_arguments()) as connection:
        return connection.execute("SELECT count(*), count(DISTINCT id) FROM notes").fetchone()


def compare(servers: Servers, source: PostgresAddress, rows: int) -> dict[str, object]:
    """Both in turns; what counts is the ratio of throughputs."""
    theirs, ours, memory = [], [], []
    for _ in range(_ROUNDS.get(rows, 1)):
        with database(servers.target, "dumped") as target:
            _settle(servers)
            theirs.append(_dump_and_load(servers, source, target))
            assert _notes(target) == (rows, rows)
        with database(servers.target, "migrated") as target:
            _settle(servers)
            seconds, mebibytes = _migrate(source, target)
            assert _notes(target) == (rows, rows)
        ours.append(seconds)
        memory.append(mebibytes)
    ratios = [one / other for one, other in zip(theirs, ours, strict=True)]
    return {
        "rows": rows,
        "rounds": len(ours),
        "dump_and_load_seconds": round(statistics.median(theirs), 2),
        "migrate_seconds": round(statistics.median(ours), 2),
        "rows_per_second": round(rows / statistics.median(ours)),
        "throughput_ratio": round(statistics.median(ratios), 2),
        "target_ratio": TARGET,
        "peak_mib": round(max(memory), 1),
    }


def measure(names: Sequence[str], sizes: Sequence[int]) -> dict[str, list[dict[str, object]]]:
    """The figures of these sources and sizes."""
    figures: dict[str, list[dict[str, object]]] = {name: [] for name in names}
    with scratch_folder() as folder, ExitStack() as stack:
        servers = Servers(
            source=start_postgres(folder / "source", stack),
            target=start_postgres(folder / "target", stack),
            psql=_psql(),
        )
        for name in names:
            for rows in sizes:
                print(f"bench: migration, {name}, {rows} notes", file=sys.stderr, flush=True)
                with database(servers.source, "filled") as source:
                    _SOURCES[name](source, rows)
                    figures[name].append(compare(servers, source, rows))
    return figures


def main(arguments: Sequence[str]) -> None:
    """Print the figures as one JSON object."""
    names = [name for name in arguments if name in _SOURCES]
    sizes = [int(size) for size in arguments if size not in _SOURCES]
    print(json.dumps(measure(names or [*_SOURCES], sizes or ROWS), indent=2))


if __name__ == "__main__":
    main(sys.argv[1:])
