"""Search by meaning: how many of the nearest it finds, and what it costs over its bare SQL.

    python -m bench.search [NOTES]

Notes of thirty words are embedded by the hashing embedder, and questions of five. Recall is the
share of the ten exactly nearest notes that the index finds. The bare SQL is the statement that the
search itself sends, with a vector that is there already, on the same connection with the same
settings; the search also sees whether the storage has vectors and whose they are, and makes objects
of the rows. Making the question's vector depends on the embedder, so it is measured apart.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

import psycopg

from bench.servers import connect, database, scratch_folder, start_postgres
from tiers.search.embedder import HashingEmbedder, Vector, as_text
from tiers.search.fill import claim_embedder
from tiers.search.search import search
from tiers.storage.queries import query
from tiers.storage.schema import upgrade

NOTES = 30_000
QUESTIONS = 100
TARGETS = {"recall_at_10": 0.95, "latency_ratio": 1.1}
_LIMIT = 10
_NEAREST = "SELECT id FROM notes ORDER BY embedding <=> %s::vector LIMIT 10"
_INDEXED = (
    "SELECT id FROM notes WHERE embedding IS NOT NULL ORDER BY embedding <=> %s::vector LIMIT 10"
)


class Prepared:
    """An embedder that has the answer already."""

    def __init__(self) -> None:
        self._inner = HashingEmbedder()
        self._known: dict[str, Vector] = {}

    @property
    def name(self) -> str:
        return self._inner.name

    def embed(self, texts: Sequence[str]) -> list[Vector]:
        for text in texts:
            if text not in self._known:
                (self._known[text],) = self._inner.embed([text])
        return [self._known[text] for text in texts]


def _text(numbers: random.Random, words: int) -> str:
    """Words out of five thousand, the first ones more often."""
    return " ".join(f"w{int(5000 * numbers.random() ** 3)}" for _ in range(words))


def fill(connection: psycopg.Connection[Any], notes: int, numbers: random.Random) -> None:
    """Notes with their embeddings; the index is made when they are there."""
    embedder = HashingEmbedder()
    claim_embedder(connection, embedder)
    connection.execute("DROP INDEX notes_embedding")
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY notes (id, body, embedding) FROM STDIN") as into,
    ):
        for number in range(notes):
            text = _text(numbers, 30)
            into.write_row((str(number), text, as_text(embedder.embed([text])[0])))
    connection.execute(
        "CREATE INDEX notes_embedding ON notes USING hnsw (embedding vector_cosine_ops)"
    )
    connection.execute("VACUUM ANALYZE notes")


def recall(connection: psycopg.Connection[Any], vectors: Sequence[str]) -> float:
    """Of the ten nearest notes; `connection` has the settings of a search."""
    found = 0
    for vector in vectors:
        answers = []
        for index in ("off", "on"):
            connection.execute(f"SET enable_indexscan = {index}")
            connection.execute(f"SET enable_seqscan = {'off' if index == 'on' else 'on'}")
            statement = _INDEXED if index == "on" else _NEAREST
            answers.append({row[0] for row in connection.execute(statement, (vector,))})
        found += len(answers[0] & answers[1])
    connection.execute("RESET enable_indexscan")
    connection.execute("RESET enable_seqscan")
    return found / (_LIMIT * len(vectors))


def _milliseconds(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return (time.perf_counter() - start) * 1000


def _rows(
    connection: psycopg.Connection[Any], statement: bytes, values: dict[str, object]
) -> list[tuple[Any, ...]]:
    return connection.execute(statement, values).fetchall()


def latency(connection: psycopg.Connection[Any], questions: Sequence[str]) -> dict[str, object]:
    """Both in turns, on each question; the median of the ratios."""
    embedder = Prepared()
    ours, bare = [], []
    for question in questions:
        values = {"vector": as_text(embedder.embed([question])[0]), "limit": _LIMIT}
        statement = query("search_vector")
        for _ in range(2):  # the first time brings the pages in
            theirs = _milliseconds(partial(_rows, connection, statement, values))
            mine = _milliseconds(
                partial(search, connection, question, limit=_LIMIT, embedder=embedder)
            )
        bare.append(theirs)
        ours.append(mine)
    embedding = [_milliseconds(partial(HashingEmbedder().embed, [one])) for one in questions]
    return {
        "search_ms": round(statistics.median(ours), 2),
        "bare_sql_ms": round(statistics.median(bare), 2),
        "latency_ratio": round(
            statistics.median(one / other for one, other in zip(ours, bare, strict=True)), 3
        ),
        "hashing_ms": round(statistics.median(embedding), 2),
    }


def measure(notes: int = NOTES) -> dict[str, object]:
    """The figures."""
    numbers = random.Random(7)
    with scratch_folder() as folder, ExitStack() as stack:
        server = start_postgres(folder / "postgres", stack)
        with database(server, "search") as address:
            upgrade(address, vector=True)
            with connect(address) as connection:
                fill(connection, notes, numbers)
                questions = [_text(numbers, 5) for _ in range(QUESTIONS)]
                figures = latency(connection, questions)
                vectors = [as_text(vector) for vector in HashingEmbedder().embed(questions)]
                found = recall(connection, vectors)
    return {
        "notes": notes,
        "questions": QUESTIONS,
        "recall_at_10": round(found, 3),
        **figures,
        "targets": TARGETS,
    }


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]) if len(sys.argv) > 1 else NOTES), indent=2))
