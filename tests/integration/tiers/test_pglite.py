"""PGlite on a real folder: it keeps data, has one server at a time, and ends with its owner."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from mission.errors import TierError
from tests.conftest import requires
from tests.services import PgliteMaker
from tiers.config import load_tier_config
from tiers.detect import detect
from tiers.embedded import EmbeddedServices
from tiers.local import open_local
from tiers.probe import Cause

pytestmark = [requires("node", "pglite-server"), pytest.mark.slow]


def test_a_folder_keeps_what_it_is_given_and_has_one_server(make_pglite: PgliteMaker) -> None:
    server = make_pglite()
    process = server.start()
    try:
        with psycopg.connect(**server.address.connect_arguments()) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 'a' AS value")
        with pytest.raises(TierError, match="Another PGlite server"):
            server.start()
    finally:
        process.stop()
    again = server.start()
    try:
        with psycopg.connect(**server.address.connect_arguments()) as connection:
            assert connection.execute("SELECT value FROM kept").fetchone() == ("a",)
    finally:
        again.stop()
    assert (server.folder / "PG_VERSION").is_file()


def test_a_server_that_cannot_start_is_an_error(make_pglite: PgliteMaker) -> None:
    server = make_pglite()
    program = replace(server.program, script=server.folder / "nothing.js")
    with pytest.raises(TierError, match=r"did not start: .*MODULE_NOT_FOUND"):
        replace(server, program=program).start()


def test_a_local_tier_may_be_a_pglite_folder(make_pglite: PgliteMaker) -> None:
    folder = make_pglite().folder
    environment = {"MISSION_DATABASE_TYPE": "pglite", "MISSION_DATABASE_FOLDER": str(folder)}
    config = load_tier_config(folder=folder.parent, environment=environment)
    assert [f.cause for f in detect(config).failures] == [Cause.FOLDER], "there is nothing yet"
    with (
        open_local(config) as address,
        psycopg.connect(**address.connect_arguments()) as connection,
    ):
        assert connection.execute("SELECT 1").fetchone() == (1,)
    detect(config).require()
    said: list[str] = []
    EmbeddedServices().up(config, said.append)
    assert said == [f"PGlite on {folder} is started when it is needed, and ended after that"]
