"""A question, and what fits it best."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import psycopg
from psycopg.rows import class_row

from tiers.search.embedder import Embedder, as_text
from tiers.search.fill import require_embedder
from tiers.storage.queries import query
from tiers.storage.schema import has_vectors

# How many rows the index looks at for each half: with 40, pgvector's own, it finds fewer of the
# nearest. The connection keeps the setting; whoever asks next makes it again.
_LOOK_FAR = "SET hnsw.ef_search = 100"


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
class Answer:
    """What was found, best first."""

    way: Way
    hits: tuple[Hit, ...]


def search(
    connection: psycopg.Connection[Any], text: str, *, limit: int, embedder: Embedder | None
) -> Answer:
    """Search tasks and notes: by meaning with vectors and an embedder, by words else.

    Raises:
        TierError: Another embedder made the storage's vectors.
        psycopg.Error: The server refuses.
    """
    if embedder is not None and has_vectors(connection):
        require_embedder(connection, embedder)
        connection.execute(_LOOK_FAR)
        vector = as_text(embedder.embed([text])[0])
        hits = _hits(connection, "search_vector", {"vector": vector, "limit": limit})
        return Answer(way=Way.SEMANTIC, hits=hits)
    hits = _hits(connection, "search_text", {"text": text, "limit": limit})
    return Answer(way=Way.TEXT, hits=hits)


def _hits(
    connection: psycopg.Connection[Any], name: str, values: dict[str, object]
) -> tuple[Hit, ...]:
    with connection.cursor(row_factory=class_row(Hit)) as cursor:
        return tuple(cursor.execute(query(name), values))
