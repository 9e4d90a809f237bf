"""Embeddings for the texts that have none. Stopped at any point, the next call goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg

from errors import TierError
from tiers.search.embedder import Embedder, as_text
from tiers.storage.queries import query

_BATCH = 64  # texts a transaction
_TABLES = ("tasks", "notes")

Progress = Callable[[str, int], None]  # takes the table's name and how many texts were done


def fill_embeddings(
    connection: psycopg.Connection[Any], embedder: Embedder, progress: Progress
) -> int:
    """Embed what has no embedding; how many texts. `connection` is in autocommit mode.

    Several at once share the work.

    Raises:
        TierError: Another embedder made those that are there.
        psycopg.Error: The server refuses; what was committed stays.
    """
    claim_embedder(connection, embedder)
    done = 0
    for table in _TABLES:
        while count := _fill_batch(connection, embedder, table):
            done += count
            progress(table, count)
    return done


def claim_embedder(connection: psycopg.Connection[Any], embedder: Embedder) -> None:
    """Note who makes this storage's embeddings, if nobody did.

    Raises:
        TierError: It is another one.
    """
    insert = "INSERT INTO embedder (name) VALUES (%s) ON CONFLICT (single) DO NOTHING"
    connection.execute(insert, (embedder.name,))
    row = connection.execute("SELECT name FROM embedder").fetchone()
    refuse_other(row[0] if row is not None else None, embedder)


def refuse_other(name: str | None, embedder: Embedder) -> None:
    """See that `embedder` is the one of this name, or that there is none yet.

    Raises:
        TierError: Another embedder made the storage's vectors.
    """
    if name is not None and name != embedder.name:
        raise TierError(
            f"The storage's embeddings were made by {name}, not by {embedder.name}",
            hint=f"Use {name}; or set the embeddings to NULL and empty the table `embedder`",
        )


def _fill_batch(connection: psycopg.Connection[Any], embedder: Embedder, table: str) -> int:
    with connection.transaction():
        rows = connection.execute(query(f"embed_{table}_pending"), {"limit": _BATCH}).fetchall()
        if rows:
            vectors = embedder.embed([text for _, text in rows])
            changes = [
                {"id": identifier, "vector": as_text(vector)}
                for (identifier, _), vector in zip(rows, vectors, strict=True)
            ]
            with connection.cursor() as cursor:
                cursor.executemany(query(f"embed_{table}"), changes)
    return len(rows)
