"""Names and types of other storages: the mapping that once lost data."""

from __future__ import annotations

import pytest

from tiers.migration.catalog import SourceColumn, SourceTable
from tiers.migration.mapping import MappingError, is_secret, map_tables, snake_case, table_name
from tiers.search.embedder import HashingEmbedder
from tiers.storage.tables import DIMENSIONS, TABLES


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("missionId", "mission_id"),
        ("missionID", "mission_id"),
        ("MissionId", "mission_id"),
        ("mission_id", "mission_id"),
        ("MISSION_ID", "mission_id"),
        ("HTTPServerURL", "http_server_url"),
        ("createdAt", "created_at"),
        ("utf8Text", "utf8_text"),
        ("id", "id"),
    ],
)
def test_snake_case(given: str, expected: str) -> None:
    assert snake_case(given) == expected
    assert snake_case(expected) == expected


def test_every_table_is_found_by_every_spelling() -> None:
    for table in TABLES:
        words = table.name.split("_")
        camel = words[0] + "".join(word.capitalize() for word in words[1:])
        pascal = "".join(word.capitalize() for word in words)
        assert {table_name(n) for n in (table.name, camel, pascal, camel[:-1])} == {table.name}


def test_secrets_are_known_by_their_names() -> None:
    for name in ("passwordHash", "accessToken", "apiKey", "sessionId", "client_secret", "sessions"):
        assert is_secret(name), name
    for table in TABLES:
        assert not any(is_secret(column.name) for column in table.columns)


def test_nothing_is_dropped_without_a_word() -> None:
    team = _table("teams", id="uuid", name="text", motto="text")
    with pytest.raises(MappingError, match="without a place in the target: motto"):
        map_tables([team])
    assert map_tables([team], leave=["teams.motto"]).left == ("teams.motto",)


def test_two_columns_of_one_meaning_are_refused() -> None:
    with pytest.raises(MappingError, match="createdAt and created_at both would become created_at"):
        map_tables([_table("teams", id="uuid", name="text", createdAt="date", created_at="date")])


def test_two_tables_of_one_meaning_are_refused() -> None:
    user = {"id": "uuid", "name": "text"}
    with pytest.raises(MappingError, match="User and users both would become users"):
        map_tables([_table("User", **user), _table("users", **user)])


def test_a_type_that_we_cannot_make_ours_is_refused() -> None:
    with pytest.raises(MappingError, match=r"teams\.createdAt is point in the source"):
        map_tables([_table("teams", id="uuid", name="text", createdAt="point")])


def test_what_we_need_must_be_there() -> None:
    with pytest.raises(MappingError, match="lacks what ours needs: name"):
        map_tables([_table("teams", id="uuid")])


def test_the_hashing_embedder_is_the_same_always_and_of_length_one() -> None:
    texts = ["", "Ünïcode wörds", "a b c", "a b c"]
    vectors = HashingEmbedder().embed(texts)
    assert vectors == HashingEmbedder().embed(texts)
    assert vectors[2] == vectors[3]
    assert all(len(vector) == DIMENSIONS for vector in vectors)
    assert all(abs(sum(n * n for n in vector) - 1) < 1e-9 for vector in vectors)


def _table(table: str, /, **columns: str) -> SourceTable:
    return SourceTable(
        name=table,
        columns=tuple(SourceColumn(name=column, type=kind) for column, kind in columns.items()),
    )
