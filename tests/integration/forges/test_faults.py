"""A forge that answers badly: every fault has its own word, and none of them is clear."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
import time
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from errors import ConfigError, GateError, GateTimeoutError
from forges.errors import CredentialsError
from forges.registry import find_forge
from gates.case import QueuePolicy, Reason
from gates.protocol import GateRequest, GateState, GateVerdict, Purpose
from gates.queue_guard import QueueGuard
from gates.waiting import wait_until_clear
from mission.config import ForgeConfig
from tests.conftest import requires
from tests.forge.ci import JobState
from tests.forge.faults import Break, Fault
from tests.forge.server import TOKEN
from tests.integration.forges.conftest import Site
from tests.unit.gates.fakes import FakeClock, FakeStop
from workspace.process import Stop

REQUEST = GateRequest(purpose=Purpose.MERGE, branch="feat/x", base="main")
SOON = timedelta(seconds=1)


def check(site: Site, patience: timedelta | None = None) -> GateVerdict:
    request = GateRequest(purpose=Purpose.MERGE, branch="feat/x", base="main", patience=patience)
    return QueueGuard(forge=site.forge).check(request)


def wait(site: Site) -> list[GateVerdict]:
    """Wait on a clock that nobody waits for."""
    clock = FakeClock()
    guard = QueueGuard(forge=site.forge, policy=QueuePolicy(), clock=clock)
    return wait_until_clear(
        [guard],
        REQUEST,
        timeout=timedelta(minutes=30),
        interval=timedelta(seconds=10),
        stop=FakeStop(clock),
        clock=clock,
        clear_reads=2,
        chance=lambda: 0.5,
    )


_FAULTS = [
    (Fault(kind=Break.REFUSE, status=401), GateState.FAILED, Reason.REFUSED),
    (Fault(kind=Break.REFUSE, status=403), GateState.FAILED, Reason.REFUSED),
    (Fault(kind=Break.REFUSE, status=404), GateState.UNKNOWN, None),
    (Fault(kind=Break.REFUSE, status=429), GateState.UNKNOWN, Reason.RATE_LIMITED),
    (Fault(kind=Break.REFUSE, status=500), GateState.UNKNOWN, Reason.UNREACHABLE),
    (Fault(kind=Break.REFUSE, status=502), GateState.UNKNOWN, Reason.UNREACHABLE),
    (Fault(kind=Break.REFUSE, status=301), GateState.UNKNOWN, Reason.UNKNOWN),
    (Fault(kind=Break.HALF), GateState.UNKNOWN, Reason.UNREACHABLE),
    (Fault(kind=Break.GARBAGE), GateState.UNKNOWN, Reason.UNKNOWN),
]


@pytest.mark.parametrize(
    "part", [".*/branches/.*", ".*(statuses|check-runs)", ".*/(runs|pipelines)"]
)
def test_each_fault_is_told_apart(site: Site, part: str) -> None:
    site.push("feat/x")
    # A Gitea without Actions has no list of runs: commit statuses say it all.
    without_runs = site.server.kind in ("gitea", "forgejo") and "runs|" in part
    for fault, state, reason in _FAULTS:
        broken = Fault(kind=fault.kind, status=fault.status, path=part, times=100, message="no")
        site.server.faults.add(broken)

        verdict = check(site)

        site.server.faults.clear()
        if fault.status == 404 and without_runs:
            assert verdict.reason == Reason.GREEN
            continue
        assert verdict.state is state, fault
        assert reason is None or verdict.reason == reason, fault
        assert TOKEN not in verdict.detail


@pytest.mark.parametrize("kind", [Break.DRIP, Break.SILENCE])
def test_a_server_that_never_finishes_its_headers(gitea: Site, kind: Break) -> None:
    gitea.push("feat/x")
    gitea.server.faults.add(Fault(kind=kind, path=".*/branches/.*", times=100))

    verdict = check(gitea, SOON)

    assert verdict.reason == Reason.UNREACHABLE
    assert "no whole answer within" in verdict.detail


def test_an_answer_without_end(gitea: Site) -> None:
    gitea.push("feat/x")
    gitea.server.faults.add(Fault(kind=Break.HUGE, path=".*/branches/.*"))

    assert "more than 8 MB" in check(gitea).detail


def test_a_server_that_is_not_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    forge = find_forge(
        ForgeConfig(type="gitea"), f"http://127.0.0.1:{port}/a/b.git", {"NETRC": "/nonexistent"}
    )
    assert forge is not None

    verdict = QueueGuard(forge=forge).check(REQUEST)

    assert verdict.reason == Reason.UNREACHABLE
    assert "Cannot connect" in verdict.detail


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (429, {"Retry-After": "77"}),
        (403, {"Retry-After": "77"}),
        (503, {"Retry-After": "77"}),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + 77)}),
    ],
)
def test_a_rate_limit_says_when(gitea: Site, status: int, headers: dict[str, str]) -> None:
    gitea.push("feat/x")
    fault = Fault(kind=Break.REFUSE, status=status, headers=headers, message="slow down")
    gitea.server.faults.add(fault)

    verdict = check(gitea)

    assert verdict.reason == Reason.RATE_LIMITED
    assert verdict.retry_after is not None
    assert 0 <= verdict.retry_after.total_seconds() <= 77


def test_faults_are_waited_out(site: Site) -> None:
    site.push("feat/x")
    for fault in (
        Fault(kind=Break.REFUSE, status=500),
        Fault(kind=Break.HALF),
        Fault(kind=Break.REFUSE, status=429, headers={"Retry-After": "60"}),
        Fault(kind=Break.GARBAGE),
    ):
        site.server.faults.add(fault)

    assert wait(site)[0].reason == Reason.GREEN


def test_red_ends_the_wait(site: Site) -> None:
    site.server.model.ci.plans["feat/x"] = (JobState.RUNNING, JobState.FAILURE)
    site.push("feat/x")

    with pytest.raises(GateError, match="red: build") as caught:
        wait(site)

    assert not isinstance(caught.value, GateTimeoutError)


def test_flapping_is_clear_only_after_two_quiet_looks(gitea: Site) -> None:
    running, success = JobState.RUNNING, JobState.SUCCESS
    gitea.server.model.ci.plans["feat/x"] = (success, running, success, running, success)
    gitea.push("feat/x")

    wait(gitea)

    assert gitea.server.model.ci.of(gitea.server.model.heads()["feat/x"])[0].script == [success]


def test_never_registered_times_out(site: Site) -> None:
    site.push("feat/x")
    site.server.model.ci.jobs.clear()

    with pytest.raises(GateTimeoutError, match="no report") as caught:
        wait(site)

    assert caught.value.reason == Reason.NEVER_REGISTERED


def test_slow_ci_is_waited_for_in_real_time(site: Site) -> None:
    """The guard sleeps on a real clock; CI is released when it has looked often enough."""
    site.server.model.ci.start = (JobState.RUNNING,)
    site.push("feat/x")
    looked = ("branches/", "check-runs", "statuses")

    def release() -> None:
        site.server.wait_until(lambda: sum(site.server.count(part) for part in looked) >= 12)
        site.server.model.ci.release()

    releasing = threading.Thread(target=release)
    releasing.start()
    verdicts = wait_until_clear(
        [QueueGuard(forge=site.forge)],
        REQUEST,
        timeout=timedelta(seconds=60),
        interval=timedelta(milliseconds=50),
        stop=Stop(),
        clear_reads=2,
    )
    releasing.join()

    assert verdicts[0].reason == Reason.GREEN


def test_an_hour_of_waiting_costs_little(site: Site) -> None:
    """An hour on our clock: the pauses grow, and what did not change is not sent again."""
    site.server.model.ci.start = (JobState.RUNNING,)
    site.push("feat/x")
    site.server.requests.clear()
    clock = FakeClock()
    with pytest.raises(GateTimeoutError):
        wait_until_clear(
            [QueueGuard(forge=site.forge, clock=clock)],
            REQUEST,
            timeout=timedelta(hours=1),
            interval=timedelta(seconds=10),
            stop=FakeStop(clock),
            clock=clock,
            chance=lambda: 0.5,
        )

    assert len(site.server.requests) <= 65 * 14
    if site.server.dialect.etags:
        assert site.server.unchanged >= 0.95 * len(site.server.requests)


@requires("openssl")
def test_a_certificate_that_does_not_hold(tmp_path: Path) -> None:
    """As of a forge in a house of its own: git was told of its authority, we were not."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    making = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
    making += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(making, check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        forge = find_forge(
            ForgeConfig(type="gitea"),
            f"https://localhost:{server.server_port}/a/b.git",
            {"NETRC": "/nonexistent"},
        )
        assert forge is not None

        verdict = QueueGuard(forge=forge).check(REQUEST)
    finally:
        server.shutdown()
        serving.join()
        server.server_close()

    assert verdict.reason == Reason.UNREACHABLE
    assert "does not hold: self-signed certificate" in verdict.detail
    assert "SSL_CERT_FILE" in verdict.detail


def test_without_a_token(gitea: Site) -> None:
    forge = find_forge(
        ForgeConfig(type="gitea"), gitea.server.remote_url, {"NETRC": "/nonexistent"}
    )
    assert forge is not None

    with pytest.raises(CredentialsError, match="401"):
        forge.branch("main")


def test_a_hosts_kind_is_asked_for(site: Site) -> None:
    unknown_host = (ForgeConfig(), site.server.remote_url, {"NETRC": "/nonexistent"})
    if site.server.kind == "github":
        # An Enterprise server gives itself away by no open endpoint.
        with pytest.raises(ConfigError, match="what kind of forge"):
            find_forge(*unknown_host, required=True)
        return

    forge = find_forge(*unknown_host, required=True)

    assert forge is not None
    assert forge.name.split()[0] == ("gitlab" if site.server.kind == "gitlab" else "gitea")
    assert find_forge(*unknown_host) is None
