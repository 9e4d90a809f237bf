"""Each way to tell somebody, against a real receiver on loopback that speaks its protocol."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import sys
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from errors import NotifyError
from mission.config import parse_config
from notifiers.protocol import Notifier, Outgoing
from notifiers.registry import Surroundings, create_notifiers
from policy.notifying.wording import Words
from tests.receivers import WebReceiver, web_receiver

# What Apprise imports; it goes with that version of Python.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECRET = b"a secret of 24 bytes ...."
TITLE = "Blocked: A is blocked (scratch)"
TEXT = "no key: <mission> & doctor — Ü\nType: mission unblock A\nhttps://m.example/row/A"


def outgoing(**values: object) -> Outgoing:
    given: dict[str, object] = {
        "id": "msg_1",
        "at": AT,
        "mission": "scratch",
        "words": Words(title=TITLE, text=TEXT, page="https://m.example/row/A"),
        "events": [{"event": "blocked", "key": "k", "task": "A"}],
    }
    return Outgoing(**{**given, **values})  # type: ignore[arg-type]


@pytest.fixture
def receiver() -> Iterator[WebReceiver]:
    with web_receiver() as one:
        yield one


def notifier(
    folder: Path, settings: Mapping[str, object], environ: Mapping[str, str] | None = None
) -> Notifier:
    config = parse_config(json.dumps({"notify": {"to": [settings]}}).encode())
    around = Surroundings(folder=folder, repository=folder, environ=environ or {})
    (made,) = create_notifiers(config.notify, around).values()
    return made


def hook(folder: Path, receiver: WebReceiver, **more: object) -> Notifier:
    settings = {"type": "webhook", "address_env": "HOOK", "secret_env": "SECRET", **more}
    secret = f"whsec_{base64.b64encode(SECRET).decode()}"
    return notifier(folder, settings, {"HOOK": receiver.url(), "SECRET": secret})


def messenger(folder: Path, scheme: str, address: str) -> Notifier:
    settings = {"type": "apprise", "address_env": "TO", "schemes": [scheme], "timeout": "5s"}
    return notifier(folder, settings, {"TO": address})


def test_a_webhook_is_signed_so_that_the_receiver_can_tell(
    tmp_path: Path, receiver: WebReceiver
) -> None:
    hook(tmp_path, receiver).tell(outgoing())
    (posted,) = receiver.posted
    assert posted.data["events"] == [{"event": "blocked", "key": "k", "task": "A"}]
    assert posted.data["text"] == TEXT
    # As Standard Webhooks say: base64 of the HMAC over id, time and body.
    sent = posted.headers
    assert sent["webhook-timestamp"] == str(int(AT.timestamp()))
    content = f"{sent['webhook-id']}.{sent['webhook-timestamp']}.".encode() + posted.body
    mac = base64.b64encode(hmac.new(SECRET, content, hashlib.sha256).digest()).decode()
    assert sent["webhook-signature"] == f"v1,{mac}"


def test_slack_gets_its_shape_with_its_signs_escaped(tmp_path: Path, receiver: WebReceiver) -> None:
    settings = {"type": "webhook", "shape": "slack", "address_env": "HOOK"}
    receiver.answer = b"ok"
    notifier(tmp_path, settings, {"HOOK": receiver.url("/services/T/B/X")}).tell(outgoing())
    (posted,) = receiver.posted
    escaped = TEXT.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert posted.data == {"text": f"{TITLE}\n{escaped}"}


def test_ntfy_is_told_by_its_protocol(tmp_path: Path, receiver: WebReceiver) -> None:
    messenger(tmp_path, "ntfy", f"ntfy://127.0.0.1:{receiver.port}/mission").tell(outgoing())
    (posted,) = receiver.posted
    assert (posted.data["topic"], posted.data["title"]) == ("mission", TITLE)
    assert posted.data["message"] == TEXT


def test_several_targets_in_one_address_are_refused(tmp_path: Path, receiver: WebReceiver) -> None:
    address = f"ntfy://127.0.0.1:{receiver.port}/mission/team"
    with pytest.raises(NotifyError, match="names 2 targets") as refused:
        messenger(tmp_path, "ntfy", address).tell(outgoing())
    assert "a receiver of its own" in refused.value.hint
    assert not receiver.posted


def test_gotify_is_told_by_its_protocol(tmp_path: Path, receiver: WebReceiver) -> None:
    address = f"gotify://127.0.0.1:{receiver.port}/a-token"
    messenger(tmp_path, "gotify", address).tell(outgoing())
    (posted,) = receiver.posted
    assert posted.path.startswith("/message")
    assert posted.headers["x-gotify-key"] == "a-token"
    assert (posted.data["title"], posted.data["message"]) == (TITLE, TEXT)


class Mailbox:
    """Keeps the mails that come."""

    def __init__(self) -> None:
        self.mails: list[Message] = []

    async def handle_DATA(  # noqa: N802  as aiosmtpd calls it
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        assert isinstance(envelope.content, bytes)
        self.mails.append(message_from_bytes(envelope.content))
        return "250 OK"


def test_mail_arrives_with_a_subject_of_one_line(tmp_path: Path) -> None:
    box = Mailbox()
    mail_server = Controller(box, hostname="127.0.0.1", port=_free_port())
    mail_server.start()
    try:
        address = (
            f"mailto://127.0.0.1:{mail_server.port}?mode=insecure&from=mission@example.org"
            "&to=team@example.org&format=text"
        )
        messenger(tmp_path, "mailto", address).tell(outgoing())
    finally:
        mail_server.stop()
    (mail,) = box.mails
    assert str(make_header(decode_header(mail["Subject"]))) == TITLE
    part = next(one for one in mail.walk() if one.get_content_type() == "text/plain")
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    assert content.decode().splitlines() == TEXT.splitlines()


def test_a_program_is_told_by_arguments_and_input_without_a_shell(tmp_path: Path) -> None:
    code = (
        "import json, os, sys; kept = json.load(sys.stdin); "
        "json.dump([sys.argv[1:], kept, dict(os.environ)], open('told.json', 'w'))"
    )
    settings = {
        "type": "command",
        "run": [sys.executable, "-c", code, "{event}", "{title} $(touch no)", "{page}"],
        "environment": ["CHAT_TOKEN"],
    }
    made = notifier(tmp_path, settings, {"CHAT_TOKEN": "t", "OTHER_TOKEN": "o", "PATH": "/bin"})
    made.tell(outgoing(words=Words(title="Blocked: {page}", text="x", page="https://m.example/")))
    arguments, data, environment = json.loads((tmp_path / "told.json").read_text())
    assert arguments == ["blocked", "Blocked: {page} $(touch no)", "https://m.example/"]
    assert data["id"] == "msg_1"
    assert "CHAT_TOKEN" in environment
    assert "OTHER_TOKEN" not in environment
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize(
    "code", ["import sys; sys.exit('no route')", "import time; time.sleep(99)"]
)
def test_a_program_that_fails_or_hangs_is_told_as_that(tmp_path: Path, code: str) -> None:
    settings = {"type": "command", "run": [sys.executable, "-S", "-c", code], "timeout": "1s"}
    with pytest.raises(NotifyError, match=r"exit code 1: no route|ended by total after"):
        notifier(tmp_path, settings).tell(outgoing())


def test_redirects_are_not_followed(tmp_path: Path, receiver: WebReceiver) -> None:
    receiver.status = 307
    with pytest.raises(NotifyError, match=r"127\.0\.0\.1 answers 307"):
        hook(tmp_path, receiver).tell(outgoing())
    with pytest.raises(NotifyError, match="ntfy: "):
        messenger(tmp_path, "ntfy", f"ntfy://127.0.0.1:{receiver.port}/t").tell(outgoing())
    assert not [one for one in receiver.posted if one.path == "/elsewhere"]


def test_a_receiver_that_sends_a_byte_now_and_then_is_given_up(tmp_path: Path) -> None:
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            with server.accept()[0] as connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\n")
                while not over.wait(0.1):
                    try:
                        connection.sendall(b"x")
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        address = f"http://127.0.0.1:{server.getsockname()[1]}/"
        settings = {"type": "webhook", "shape": "slack", "address_env": "H", "timeout": "1s"}
        with pytest.raises(NotifyError, match="no answer within 1 s"):
            notifier(tmp_path, settings, {"H": address}).tell(outgoing())
        over.set()
        thread.join()


def test_nothing_secret_is_in_what_is_said_of_an_address(tmp_path: Path) -> None:
    said = []
    for scheme, address in (
        ("ntfy", "gotify://127.0.0.1:9/sesame-open-9"),
        ("ntfy", "sesame-open-9"),
        ("gotify", "gotify://127.0.0.1:9/sesame-open-9"),
    ):
        with pytest.raises(NotifyError) as refused:
            messenger(tmp_path, scheme, address).tell(outgoing())
        said.append(str(refused.value))
    settings = {"type": "webhook", "shape": "slack", "address_env": "H"}
    made = notifier(tmp_path, settings, {"H": "http://127.0.0.1:9/sesame-open-9"})
    with pytest.raises(NotifyError) as refused:
        made.tell(outgoing())
    assert "sesame" not in "".join([*said, str(refused.value)])


def test_another_machine_is_told_in_the_open_only_where_the_settings_say_so(
    tmp_path: Path,
) -> None:
    settings = {"type": "webhook", "shape": "slack", "address_env": "H"}
    with pytest.raises(NotifyError, match="without encryption"):
        notifier(tmp_path, settings, {"H": "http://chat.example/hook"}).tell(outgoing())


def test_an_address_comes_from_a_file_that_is_yours_alone(
    tmp_path: Path, receiver: WebReceiver
) -> None:
    top = tmp_path / "checkout"
    top.mkdir()
    for file, mode, says in (
        (tmp_path / "address", 0o600, ""),
        (tmp_path / "open", 0o644, "is not yours alone"),
        (top / "planted", 0o600, "lies in the repository"),
    ):
        file.write_text(receiver.url())
        file.chmod(mode)
        made = notifier(top, {"type": "webhook", "shape": "slack", "address_file": str(file)})
        if says:
            with pytest.raises(NotifyError, match=says):
                made.tell(outgoing())
        else:
            made.tell(outgoing())
    assert len(receiver.posted) == 1


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
