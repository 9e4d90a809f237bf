"""Search by meaning with the local model: texts are found that share no word with the question."""

from __future__ import annotations

import math
from pathlib import Path

import psycopg
import pytest

from tests.command import run
from tests.conftest import CANNOT_EXIST
from tests.integration.tiers.storage.configured import configured
from tiers.search.embedder import Embedder, Vector
from tiers.search.registry import EmbedderChoice, has_model, make_embedder
from tiers.search.search import Way, search
from tiers.settings.address import PostgresAddress, ValkeyAddress
from tiers.storage.schema import upgrade
from tiers.storage.tables import DIMENSIONS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not has_model(),
        reason=f"{CANNOT_EXIST}the model is not in the lock: it brings PyTorch",
    ),
    # What PyTorch and its companions warn of is theirs to mend.
    pytest.mark.filterwarnings("default"),
]

ROWS = """
INSERT INTO missions (id, name) VALUES ('m', 'Gateway');
INSERT INTO tasks (id, mission_id, key, title) VALUES
    ('m:A', 'm', 'A', 'Renew the certificates before they expire'),
    ('m:B', 'm', 'B', 'Paint the office walls green'),
    ('m:C', 'm', 'C', 'Bound how many requests one client may send each second');
INSERT INTO notes (id, mission_id, body) VALUES
    ('n1', 'm', 'The database ran out of space during the night'),
    ('n2', 'm', 'Our cat likes to sleep on the warm keyboard'),
    ('n3', 'm', 'Passwords must never show up in a log file');
"""
QUESTIONS = {  # no word of the text is in its question
    "TLS keys that become invalid": "m:A",
    "rate limiting": "m:C",
    "disk full": "n1",
    "a pet napping at the computer": "n2",
    "leaking secrets": "n3",
}


@pytest.fixture(scope="module")
def model() -> Embedder:
    made = make_embedder(EmbedderChoice.AUTO)
    assert made is not None
    return made


def test_vectors_are_of_length_one_and_near_for_texts_that_mean_the_same(model: Embedder) -> None:
    assert model.name == "all-MiniLM-L6-v2"
    dog, puppy, tax = model.embed(["A dog barks", "The puppy is loud", "Income tax is due in May"])
    assert len(dog) == DIMENSIONS
    assert math.isclose(math.hypot(*dog), 1.0, rel_tol=1e-4)
    assert _dot(dog, puppy) > _dot(dog, tax) + 0.2


def test_the_meaning_is_found(
    capsys: pytest.CaptureFixture[str],
    model: Embedder,
    vector_database: PostgresAddress,
    valkey_address: ValkeyAddress,
    tmp_path: Path,
) -> None:
    upgrade(vector_database, vector=True)
    with psycopg.connect(**vector_database.connect_arguments(), autocommit=True) as connection:
        connection.execute(ROWS)
        config = configured(tmp_path / "c.json", "federated", vector_database, valkey_address)
        said = run(capsys, "tier", "embed", "--config", config)
        assert said == "6 texts embedded by all-MiniLM-L6-v2\n"
        for question, expected in QUESTIONS.items():
            answer = search(connection, question, limit=1, embedder=model)
            assert (answer.way, [hit.id for hit in answer.hits]) == (Way.SEMANTIC, [expected])
            words = search(connection, question, limit=5, embedder=None)
            assert expected not in [hit.id for hit in words.hits]


def _dot(one: Vector, other: Vector) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))
