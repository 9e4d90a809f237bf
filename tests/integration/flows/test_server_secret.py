"""The local Prefect server's secret, against those who try without it: another user of the machine,
agents, pages of the web. All of it on a real server."""

from __future__ import annotations

import json
import os
import pwd
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from flows.server import LocalServer
from flows.server_secret import ServerSecret
from mission.private import private_folder
from tests.conftest import CANNOT_EXIST, requires
from tests.scratch import make, row
from workspace.process import allowed_environment

as_root = pytest.mark.skipif(
    os.geteuid() != 0, reason=f"{CANNOT_EXIST}only root can act as a second user"
)
# Does what needs no right: looks for the secret, and asks for flow runs without it.
INTRUDER = """
import json, pathlib, sys, urllib.error, urllib.request
api, file = sys.argv[1], pathlib.Path(sys.argv[2])
told = {}
for name, look in (("list", lambda: len(list(file.parent.iterdir()))), ("read", file.read_text)):
    try:
        told[name] = look()
    except OSError as error:
        told[name] = type(error).__name__
for path in ("flows/", "flow_runs/", "flow_runs/filter", "work_pools/"):
    ask = urllib.request.Request(
        f"{api}/{path}", b'{"name": "intruder"}', {"Content-Type": "application/json"}
    )
    try:
        told[path] = urllib.request.urlopen(ask, timeout=60).status
    except urllib.error.HTTPError as error:
        told[path] = error.code
print(json.dumps(told))
"""
# In root's own interpreter, which other users need not be able to start. All that is needed of its
# library is loaded by then.
BECOME = """
import json, os, pathlib, sys, urllib.request
urllib.request.urlopen(f"{sys.argv[1]}/health", timeout=60).read()
os.setgroups([]); os.setgid(int(sys.argv[4])); os.setuid(int(sys.argv[3]))
"""
REFUSED = dict.fromkeys(("flows/", "flow_runs/", "flow_runs/filter", "work_pools/"), 401)
# An intruder too, and it writes down what it is given and what it sees of other processes.
AGENT = f"""
import json, os, pathlib, subprocess, sys
task, here = os.environ["MISSION_TASK"], pathlib.Path(__file__).parent
api, file = (here / f"target-{{task}}").read_text().split()
intruder = [sys.executable, "-c", {INTRUDER!r}, api, file]
told = json.loads(subprocess.run(intruder, capture_output=True, check=True).stdout)
lines = subprocess.run("cat /proc/[0-9]*/cmdline", shell=True, capture_output=True).stdout
told |= {{"environment": dict(os.environ), "command lines": lines.decode(errors="replace")}}
pathlib.Path(f"{{task}}.json").write_text(json.dumps(told))
"""


@pytest.fixture
def secret(prefect_server: LocalServer) -> str:
    prefect_server.ensure()
    return prefect_server.access().secret


@as_root
def test_another_user_cannot_read_the_secret_and_starts_nothing(
    prefect_server: LocalServer, services_folder: Path
) -> None:
    folder = services_folder / "open-home" / "prefect"
    private_folder(folder)
    folder.parent.chmod(0o755)  # what keeps others out is the folder itself
    own = ServerSecret(folder)
    own.ensure(renew=False)
    nobody = pwd.getpwnam("nobody")
    done = subprocess.run(
        [
            *(sys.executable, "-c", BECOME + INTRUDER),
            *(prefect_server.ensure().api, str(own.file)),
            *(str(nobody.pw_uid), str(nobody.pw_gid)),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    refused = dict.fromkeys(("list", "read"), "PermissionError")
    assert json.loads(done.stdout) == refused | REFUSED


@pytest.mark.slow
@requires("bwrap", system="linux")
def test_no_agent_meets_the_secret(
    prefect_server: LocalServer, services_folder: Path, secret: str
) -> None:
    """Neither a sandboxed one with a network, nor one whose settings name everything there is; and
    the run that has it tells it to nobody, and loses no event over it."""
    folder = services_folder / "agents"
    folder.mkdir()
    scratch = make(folder, [row("BOXED"), row("FREE", agent="other")], worker=AGENT)
    agent = {"type": "command", "run": [sys.executable, "-S", str(folder / "worker.py")]}
    visible = [str(folder), str(Path(sys.executable).parents[1]), sys.base_prefix]
    boxed = {"sandbox": {"type": "bubblewrap", "network": True, "readable": visible}}
    everything = ["*", "PREFECT_*", "PREFECT_API_AUTH_STRING"]
    step = {
        "name": "look",
        "run": ["sh", "-c", f"env >> {folder}/verified"],
        "environment": everything,
    }
    (scratch.task_file.with_name("mission.yaml")).write_text(
        json.dumps(
            {
                "agents": {
                    "worker": {**agent, **boxed},
                    "other": {**agent, "environment": everything},
                },
                "verify": [step],
            }
        )
    )
    scratch.git.run("commit", "--quiet", "--all", "-m", "Settings")
    scratch.git.run("push", "--quiet")
    api = prefect_server.ensure().api
    (folder / "target-BOXED").write_text(f"{api} {prefect_server.secret.file}")
    (folder / "target-FREE").write_text(f"{api} /nowhere")  # it could read it: it is this user
    before = prefect_server.log.stat().st_size
    done = subprocess.run(
        [sys.executable, "-m", "cli", "run", str(scratch.task_file), "--json"],
        env=allowed_environment(extra={"MISSION_HOME": str(prefect_server.folder.parent)}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["missing"] == []
    assert "WARNING" not in done.stderr
    assert "WebSocket" not in prefect_server.log.read_text()[before:]

    told = {
        task: json.loads(scratch.git.text("show", f"origin/main:{task}.json"))
        for task in ("BOXED", "FREE")
    }
    assert "python" in told["FREE"]["command lines"]  # of the run, and of the server
    for seen in told.values():
        assert REFUSED.items() <= seen.items()
        assert not [name for name in seen["environment"] if name.startswith("PREFECT_")]
        assert seen["read"] == "FileNotFoundError"
    verified = (folder / "verified").read_text()
    assert "PATH=" in verified
    password = secret.partition(":")[2]
    for text in (json.dumps(told), verified, done.stdout, done.stderr):
        assert password not in text
    for place, holding in ((folder, []), (prefect_server.folder, [prefect_server.secret.file])):
        files = [one for one in place.rglob("*") if one.is_file() and not one.is_symlink()]
        assert [one for one in files if password.encode() in one.read_bytes()] == holding


@pytest.fixture
def client(prefect_server: LocalServer, secret: str) -> Iterator[httpx.Client]:
    """Of somebody who knows the secret."""
    user, _, password = secret.partition(":")
    pages = prefect_server.ensure().pages
    login = (user, password)
    with httpx.Client(base_url=pages, auth=login, trust_env=False, timeout=60) as client:
        yield client


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("localhost:80", 200),
        ("attacker.example", 400),
        ("127.0.0.1.attacker.example", 400),
        ("localhost.attacker.example:4200", 400),
        ("0.0.0.0", 400),  # noqa: S104 - a name, not an address to listen at
        ("", 400),
    ],
)
def test_it_answers_to_the_names_of_this_machine_alone(
    client: httpx.Client, host: str, status: int
) -> None:
    for path in ("/", "/api/health", "/api/admin/version"):
        assert client.get(path, headers={"Host": host}).status_code == status


def test_a_page_of_another_origin_reads_nothing(client: httpx.Client) -> None:
    foreign = {"Origin": "http://attacker.example", "Access-Control-Request-Method": "POST"}
    assert client.options("/api/flow_runs/", headers=foreign).status_code == 400
    answer = client.get("/api/admin/version", headers=foreign)
    assert "access-control-allow-origin" not in answer.headers


def dial(address: str, port: int) -> ClientConnection:
    """A websocket to the server at `port`, whatever host `address` names."""
    return connect(
        address,
        sock=socket.create_connection(("127.0.0.1", port)),
        subprotocols=[Subprotocol("prefect")],
        proxy=None,
    )


@pytest.mark.parametrize("path", ["events/in", "events/out", "logs/out"])
def test_its_websockets_ask_too(prefect_server: LocalServer, secret: str, path: str) -> None:
    port = prefect_server.ensure().port
    with pytest.raises(InvalidStatus, match="400"):
        dial(f"ws://attacker.example:{port}/api/{path}", port)
    for token in (None, "wrong"):
        with dial(f"ws://127.0.0.1:{port}/api/{path}", port) as socket_:
            socket_.send(json.dumps({"type": "auth", "token": token}))
            with pytest.raises(ConnectionClosed, match="1008"):
                socket_.recv(timeout=60)
    with dial(f"ws://127.0.0.1:{port}/api/{path}", port) as socket_:
        socket_.send(json.dumps({"type": "auth", "token": secret}))
        assert json.loads(socket_.recv(timeout=60)) == {"type": "auth_success"}
