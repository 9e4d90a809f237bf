"""`mission gate queue` against a forge, as a script would call it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.forge.ci import JobState
from tests.forge.faults import Break, Fault
from tests.forge.server import TOKEN
from tests.integration.forges.conftest import VARIABLES, Site


def ask(
    site: Site, *arguments: str, token: str = TOKEN, **environment: str
) -> subprocess.CompletedProcess[str]:
    (site.checkout / "mission.yaml").write_text(
        f"forge: {{type: {site.server.kind}}}\n"
        "gates:\n  - {type: queue, interval: 0.05s, required: [build]}\n"
    )
    (site.checkout / "TASKS.md").write_text("# Tasks\n")
    return subprocess.run(
        [sys.executable, "-m", "cli", "gate", "queue", *arguments],
        cwd=site.checkout,
        env={
            **os.environ,
            VARIABLES.get(site.server.kind, "GITLAB_TOKEN"): token,
            "NETRC": "/nonexistent",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_waits_until_ci_is_done(site: Site) -> None:
    site.server.model.ci.plans["feat/x"] = (JobState.RUNNING,)
    head = site.push("feat/x")

    def release() -> None:
        site.server.wait_until(lambda: site.server.count(head) >= 3)
        site.server.model.ci.release()

    releasing = threading.Thread(target=release)
    releasing.start()
    found = ask(site, "--purpose", "merge", "--branch", "feat/x", "--json")
    releasing.join()

    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)["gates"][-1]["reason"] == "green"
    assert f"running on feat/x ({head[:10]}): build" in found.stderr


def test_exit_codes(gitea: Site) -> None:
    merge = ("--purpose", "merge", "--branch", "feat/x")
    gitea.server.model.ci.plans["feat/x"] = (JobState.FAILURE,)
    gitea.push("feat/x")

    red = ask(gitea, *merge)
    push = ask(gitea, "--purpose", "push", "--branch", "feat/x")
    gitea.server.model.ci.jobs[-1].script = [JobState.QUEUED]
    timed_out = ask(gitea, *merge, "--timeout", "0.3")
    detached = ask(gitea, *merge, "--detach-on", "busy")
    refused = ask(gitea, *merge, token="another")
    gitea.server.faults.add(Fault(kind=Break.HALF, times=1000))
    unreachable = ask(gitea, *merge, "--timeout", "0")

    assert [done.returncode for done in (red, push, timed_out, detached, refused, unreachable)] == [
        1,
        0,
        75,
        75,
        1,
        75,
    ]
    assert "red: build" in red.stderr
    assert "queued on feat/x" in timed_out.stderr
    assert "401" in refused.stderr
    for done in (red, timed_out, refused, unreachable):
        assert TOKEN not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["", "a b", "../x", "-x", "x.lock", "a..b"])
def test_what_cannot_be_a_branch_is_not_waited_for(gitea: Site, name: str) -> None:
    found = ask(gitea, "--purpose", "push", f"--branch={name}")

    assert found.returncode == 2
    assert "is not a branch name" in found.stderr
    assert not gitea.server.requests


@pytest.mark.parametrize(
    "environment",
    [
        {"ALL_PROXY": "socks5://127.0.0.1:1"},
        {"ALL_PROXY": "foo://somebody:s3cret@127.0.0.1"},
        {"HTTP_PROXY": "http://somebody:s3cret@[::"},
        {"SSL_CERT_FILE": "/nonexistent"},
    ],
)
def test_a_proxy_or_certificates_that_cannot_be_used(
    gitea: Site, environment: dict[str, str]
) -> None:
    found = ask(gitea, "--purpose", "push", **{"NO_PROXY": "", "no_proxy": "", **environment})

    assert found.returncode == 1
    assert "proxy or certificate settings cannot be used" in found.stderr
    assert "s3cret" not in found.stderr
    assert "Traceback" not in found.stderr


def test_ctrl_c_ends_an_answer_that_does_not_come(gitea: Site, tmp_path: Path) -> None:
    gitea.push("feat/x")
    gitea.server.faults.add(Fault(kind=Break.SILENCE, path=".*/branches/.*", times=100))
    (gitea.checkout / "mission.yaml").write_text("forge: {type: gitea}\n")
    (gitea.checkout / "TASKS.md").write_text("# Tasks\n")
    argv = [sys.executable, "-m", "cli", "gate", "queue", "--purpose", "push", "--json"]
    said = tmp_path / "said.json"
    with said.open("wb") as output:
        asking = subprocess.Popen(
            argv,
            cwd=gitea.checkout,
            env={**os.environ, "GITEA_TOKEN": TOKEN},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    gitea.server.wait_until(lambda: gitea.server.count("/branches/") >= 1)

    asking.send_signal(signal.SIGINT)

    assert asking.wait(300) == 130
    # Had the request been waited for to its end, we would have heard that it was too late.
    assert "no whole answer" not in said.read_text()
    assert "Stopped while waiting for a gate" in said.read_text()
