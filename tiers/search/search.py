"""A question, and what fits it best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import psycopg
from psycopg.rows import class_row

from tiers.search.embedder import Embedder, as_text
from tiers.search.fill import refuse_other
from tiers.storage.queries import query

# How many rows the index looks at for each half: with 40, pgvector's own, it finds too few of the
# nearest. The connection keeps the setting; whoever asks next makes it again.
_PREPARE = "SELECT to_regclass('embedder') IS NOT NULL, set_config('hnsw.ef_search', %s, false)"
_LOOKED_AT = 400


class Way(StrEnum):
    """How was searched."""

    SEMANTIC = "semantic"
    TEXT = "text"


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """A task or a note."""

    kind: str  # task, note
    id: str
    mission_id: str | None
    title: str | None
    excerpt: str  # the text's beginning
    score: float  # the higher, the better; compares within one answer only


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What was found, best first."""

    way: Way
    hits: tuple[Hit, ...]


def search(
    connection: psycopg.Connection[Any],
    text: str,
    *,
    limit: int,
    embedder: Embedder | None,
    among: Sequence[str] | None = None,
) -> Found:
    """Search tasks and notes: by meaning with vectors and an embedder, by words else.

    Args:
        among: The identifiers of the missions whose rows are searched; None is all.

    Raises:
        TierError: Another embedder made the storage's vectors.
        psycopg.Error: The server refuses.
    """
    bounds = {"limit": limit, "among": None if among is None else list(among)}
    if embedder is not None and _has_vectors(connection):
        vector = as_text(embedder.embed([text])[0])
        rows = connection.execute(query("search_vector"), {"vector": vector, **bounds})
        return Found(way=Way.SEMANTIC, hits=_compared(rows.fetchall(), embedder))
    with connection.cursor(row_factory=class_row(Hit)) as cursor:
        hits = cursor.execute(query("search_text"), {"text": text, **bounds})
        return Found(way=Way.TEXT, hits=tuple(hits))


def _has_vectors(connection: psycopg.Connection[Any]) -> bool:
    """Whether the storage keeps embeddings; if so, its index is set up. One question for both."""
    row = connection.execute(_PREPARE, (str(_LOOKED_AT),)).fetchone()
    return row is not None and bool(row[0])


def _compared(rows: list[tuple[Any, ...]], embedder: Embedder) -> tuple[Hit, ...]:
    """What was found; the last column of each row says who made the storage's vectors."""
    if rows:
        refuse_other(rows[0][-1], embedder)
    return tuple(
        Hit(kind=kind, id=identifier, mission_id=mission, title=title, excerpt=excerpt, score=score)
        for kind, identifier, mission, title, excerpt, score, _ in rows
    )
