"""Search by meaning finds what is nearest, through the index."""

from __future__ import annotations

import random

import psycopg
import pytest

from tests.services import fresh_database
from tiers.search.embedder import HashingEmbedder, as_text
from tiers.search.fill import claim_embedder
from tiers.search.search import Way, search
from tiers.servers.postgres import PostgresServer
from tiers.storage.schema import upgrade

NOTES, QUESTIONS, NEAREST = 3000, 40, 10
EXACT = "SELECT id FROM notes ORDER BY embedding <=> %s::vector, id LIMIT 10"


def text(numbers: random.Random, words: int) -> str:
    return " ".join(f"w{int(2000 * numbers.random() ** 3)}" for _ in range(words))


@pytest.mark.slow
def test_nine_and_a_half_of_the_ten_nearest_are_found(vector_server: PostgresServer) -> None:
    numbers = random.Random(11)  # noqa: S311 - not for secrets
    embedder = HashingEmbedder()
    with fresh_database(vector_server) as address:
        upgrade(address, vector=True)
        with psycopg.connect(**address.connect_arguments(), autocommit=True) as connection:
            claim_embedder(connection, embedder)
            with (
                connection.cursor() as cursor,
                cursor.copy("COPY notes (id, body, embedding) FROM STDIN") as into,
            ):
                for number in range(NOTES):
                    body = text(numbers, 20)
                    into.write_row((str(number), body, as_text(embedder.embed([body])[0])))
            connection.execute("ANALYZE notes")
            found = 0
            for _ in range(QUESTIONS):
                question = text(numbers, 5)
                vector = as_text(embedder.embed([question])[0])
                connection.execute("SET enable_indexscan = off")
                exact = {row[0] for row in connection.execute(EXACT, (vector,))}
                # So few rows are read one by one, unless that is ruled out.
                connection.execute("RESET enable_indexscan")
                connection.execute("SET enable_seqscan = off")
                before = scans(connection)
                answer = search(connection, question, limit=NEAREST, embedder=embedder)
                assert scans(connection) > before, "the index was not asked"
                connection.execute("RESET enable_seqscan")
                assert answer.way is Way.SEMANTIC
                found += len(exact & {hit.id for hit in answer.hits})
    assert found / (QUESTIONS * NEAREST) >= 0.95


def scans(connection: psycopg.Connection[tuple[object, ...]]) -> int:
    """How often the index of the notes' vectors was asked."""
    connection.execute("SELECT pg_stat_force_next_flush()")
    query = "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'notes_embedding'"
    row = connection.execute(query).fetchone()
    assert row is not None
    assert isinstance(row[0], int)
    return row[0]
