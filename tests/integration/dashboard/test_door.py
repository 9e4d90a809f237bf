"""Who sees the pages: whoever opened the printed address, and nobody else."""

from __future__ import annotations

import re
import ssl
import subprocess
from pathlib import Path

import httpx
import pytest

from dashboard.serve import opened
from errors import UsageError
from mission.place import Place
from tests.conftest import requires
from tests.integration.dashboard.conftest import Dashboard, Serve, key_of, serving
from tiers.gateway.listening import Certificate, Listening

PATHS = ("/", "/missions.json", "/events", "/static/pages.css", "/x-123456/mission")


@pytest.mark.parametrize("path", PATHS)
def test_without_the_token_there_is_nothing(dashboard: Dashboard, path: str) -> None:
    with httpx.Client(base_url=dashboard.base) as stranger:
        for headers in (
            {},
            {"Cookie": f"{dashboard.door.cookie}=guess"},
            {"Cookie": f"{dashboard.door.cookie}={dashboard.door.token}"},
            {"Cookie": 'mission-dashboard-1="; \x7f'},
            {"Authorization": "Bearer guess"},
            {"Authorization": "Bearer"},
        ):
            answer = stranger.get(path, headers=headers)
            assert answer.status_code == 401, headers
            assert "payments" not in answer.text
        assert stranger.get(path, params={"token": "guess"}).status_code == 401


def test_the_printed_address_leads_to_a_strict_cookie(dashboard: Dashboard) -> None:
    with httpx.Client() as browser:
        answer = browser.get(dashboard.address)
        cookie = answer.headers["set-cookie"]
        assert dashboard.door.token not in cookie + answer.text
        path = f"Path={dashboard.door.path}/"
        assert {"HttpOnly", "SameSite=strict", path} <= set(cookie.split("; "))
        leads = re.search(r'content="0; url=([^"]+)"', answer.text)
        assert leads is not None
        assert browser.get(dashboard.origin + leads[1]).status_code == 200


def test_an_address_in_the_token_s_company_leads_to_this_machine_alone(
    dashboard: Dashboard,
) -> None:
    with httpx.Client(base_url=dashboard.base) as browser:
        for path in ("//evil.example/", "/%5cevil.example", "///evil.example"):
            answer = browser.get(f"{dashboard.origin}{path}?token={dashboard.door.token}")
            for leads in re.findall(r'url=([^"]+)"', answer.text):
                assert re.match(r"/[^/\\]", leads), leads


def test_programs_send_the_token_as_bearer(dashboard: Dashboard) -> None:
    headers = {"Authorization": f"Bearer {dashboard.door.token}"}
    for top in (dashboard.origin, dashboard.base):
        assert httpx.get(f"{top}/missions.json", headers=headers).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1.evil.example"])
def test_a_name_that_was_bent_to_this_machine_is_refused(dashboard: Dashboard, host: str) -> None:
    with dashboard.client() as browser:
        named = host.format(port=dashboard.door.port)
        answer = browser.get("/missions.json", headers={"Host": named})
        assert answer.status_code == 421
        assert "payments" not in answer.text


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_page_gets_nothing(client: httpx.Client, site: str) -> None:
    asked = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors"}
    assert client.get("/missions.json", headers=asked).status_code == 403
    asked = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "cors"}
    assert client.get("/events", headers=asked).status_code == 403


def test_a_person_who_follows_a_link_from_elsewhere_arrives(dashboard: Dashboard) -> None:
    """The strict cookie does not come along, until a page of ours asks again."""
    led = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    answer = httpx.get(f"{dashboard.base}/x-123456/row/A?b=c", headers=led)
    assert answer.status_code == 401
    assert f'url={dashboard.door.path}/x-123456/row/A?b=c"' in answer.text
    again = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"}
    answer = httpx.get(f"{dashboard.base}/x-123456/row/A?b=c", headers=again)
    assert "url=" not in answer.text


def test_every_answer_keeps_other_pages_out(client: httpx.Client) -> None:
    for path in ("/", f"/{key_of(client)}/mission", "/static/pages.js", "/nope"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "no-store" in headers["cache-control"] or "no-cache" in headers["cache-control"]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_there_is_no_other_way_to_ask(
    dashboard: Dashboard, client: httpx.Client, method: str
) -> None:
    origin = {"Origin": dashboard.origin}
    assert client.request(method, "/", headers=origin).status_code == 405


def test_beyond_this_machine_it_needs_tls(shown: Place) -> None:
    for host in ("0.0.0.0", "::"):  # noqa: S104 - that is what is refused
        listening = Listening(host=host, port=8421)
        with (
            pytest.raises(UsageError, match="without TLS"),
            opened([shown], listening, any_port=True),
        ):
            pass


def test_where_the_usual_port_is_taken_another_one_will_do(
    dashboard: Dashboard, shown: Place
) -> None:
    listening = Listening(host="127.0.0.1", port=dashboard.door.port)
    with opened([shown], listening, any_port=True) as other:
        assert other.door.port != dashboard.door.port
        assert other.door.token != dashboard.door.token


def test_two_dashboards_of_one_browser_do_not_shut_each_other_out(
    shown: Place, serve: Serve
) -> None:
    one, two = serve(shown), serve(shown)
    with httpx.Client() as browser:  # cookies are shared by all ports of a name
        for each in (one, two):
            browser.get(each.address)
        for each in (one, two):
            assert browser.get(f"{each.base}/").status_code == 200


@requires("openssl")
def test_with_tls_the_cookie_is_for_tls_alone(shown: Place, tmp_path: Path) -> None:
    made = Certificate(chain=tmp_path / "certificate.pem", key=tmp_path / "key.pem")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
            *("-keyout", str(made.key), "-out", str(made.chain)),
        ],
        check=True,
        capture_output=True,
    )
    made.key.chmod(0o600)
    context = ssl.create_default_context(cafile=made.chain)
    # Beyond loopback, as far as this machine has such an address: a wildcard that names one host.
    with serving(shown, host="0.0.0.0", names=("localhost",), certificate=made) as dashboard:  # noqa: S104
        address = dashboard.address.replace("0.0.0.0", "localhost")  # noqa: S104
        base = address.partition("/?")[0] + dashboard.door.path
        with httpx.Client(verify=context, base_url=base) as browser:
            opened_page = browser.get(address)
            assert base.startswith("https://")
            assert "Secure" in opened_page.headers["set-cookie"]
            assert browser.get("/missions.json").status_code == 200
            refused = browser.get("/missions.json", headers={"Host": "evil.example"})
            assert refused.status_code == 421
        with httpx.Client(verify=context, base_url=base) as stranger:
            assert stranger.get("/missions.json").status_code == 401
