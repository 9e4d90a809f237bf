"""Secrets are taken out, and nothing else."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workspace.redact import HIDDEN, Redactor, register_secret

TOKEN = "ghp_" + "a1B2" * 9


@pytest.mark.parametrize("secret", [
    TOKEN,
    "github_pat_" + "11AAAA_bbbb" * 4,
    "glpat-" + "x" * 20,
    "sk-ant-api03-" + "Ab_-9" * 12,
    "sk-proj-" + "Ab9" * 12,
    "xoxb-123456789012-abcdefghij",
    "AKIA" + "ABCD1234EFGH5678",
    "AIza" + "Sy0_-" * 7,
    "npm_" + "Ab9c" * 9,
    "pypi-" + "AgEIcHlwaS5vcmc" * 4,
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0abc.c2lnbmF0dXJl",
    "sk_" + "live_" + "51Hx" * 6,
    "rk_" + "test_" + "51Hx" * 6,
    "whsec_" + "Ab9+" * 8,
    "hf_" + "aBcDe" * 7,
    "api_org_" + "aBcDe" * 7,
    "glrt-" + "t1_" + "x" * 20,
    "glptt-" + "0f" * 20,
    "gldt-" + "Ab_-" * 5,
    "glsoat-" + "Ab_-" * 5,
    "dckr_pat_" + "aB_-9" * 5,
    "dckr_oat_" + "aB_-9" * 6,
    "xapp-1-A0123-456-" + "0af" * 9,
    "xoxe.xoxp-1-" + "Ab9" * 9,
    "ASIA" + "ABCD1234EFGH5678",
    "IQoJb3JpZ2luX2VjE" + "Ab9/" * 20,
    "FwoGZXIvYXdzE" + "Ab9/" * 20,
    "0123456789abcdef" * 2 + "." + "AbCd1234" * 2,
])  # fmt: skip
def test_shapes_of_tokens(secret: str) -> None:
    redactor = Redactor()
    assert redactor.text(f"a {secret} b") == f"a {HIDDEN} b"
    line = json.dumps({"text": f'say "{secret}"\n', "n": 1}).encode()
    assert json.loads(redactor.line(line)) == {"text": f'say "{HIDDEN}"\n', "n": 1}


def test_credentials_in_addresses_and_headers() -> None:
    redactor = Redactor()
    assert redactor.text("https://user:pa55@host/x") == f"https://{HIDDEN}@host/x"
    assert redactor.text("https://oauth2:abc@host https://host:80/a@b") == (
        f"https://{HIDDEN}@host https://host:80/a@b"
    )
    assert redactor.text("https://opaque-token@host/x") == f"https://{HIDDEN}@host/x"
    assert redactor.text("ssh://git-user@host/x https://h/@scope/x") == (
        "ssh://git-user@host/x https://h/@scope/x"
    )
    assert redactor.text("postgres://u:p@h:5432/db") == f"postgres://{HIDDEN}@h:5432/db"
    for kind in ("Bearer", "Basic", "token", "TOKEN"):
        for name in ("Authorization", "proxy-authorization", "AUTHORIZATION"):
            said = f"{name}: {kind} abcdef0123456789"
            assert redactor.text(said) == f"{name}: {kind} {HIDDEN}"
            twice = json.dumps(json.dumps({name: f"{kind} dXNlcjpwYXNz"}))
            assert json.loads(json.loads(redactor.text(twice))) == {name: f"{kind} {HIDDEN}"}
    assert redactor.text("aws_secret_access_key = " + "aB/+" * 10) == (
        f"aws_secret_access_key = {HIDDEN}"
    )
    assert redactor.text("https://hooks.slack.com/services/T0/B0/" + "x" * 24) == (
        f"https://hooks.slack.com/{HIDDEN}"
    )
    key = "-----BEGIN PRIVATE KEY-----\nMIIE\nAAAA\n-----END PRIVATE KEY-----"
    assert "MIIE" not in redactor.text(key)
    assert "MIIE" not in redactor.text(json.dumps(key))


@pytest.mark.parametrize("text", [
    "the bearer of this letter",
    "task-sk-1 is short, skip-this-very-long-branch-name-that-is-no-key",
    "git@example.org:team/project.git",
    "see https://example.org/a:b@c",
    "eyJust a word.",
    "basic authentication; Authorization: Basic is old",
    "hf_transformers_model_name_of_ours and sk_live_and_let_live",
    "sha 0123456789abcdef0123456789abcdef.tar",
    "",
])  # fmt: skip
def test_ordinary_text_stays(text: str) -> None:
    assert Redactor().text(text) == text


def test_values_of_variables_with_telling_names() -> None:
    redactor = Redactor.from_environment(
        {
            "SERVICE_TOKEN": "tok-value-1",
            "DB_PASSWORD": "hunter22",
            "OPENAI_API_KEY": "key-value-2",
            "PASSWORD_FILE_ENABLED": "true",
            "TOKEN_LIMIT": "4096",
            "SHORT_SECRET": "abc",
            "HOME": "/home/person",
            "PWD": "/home/person",
            "OLDPWD": "/home/person",
            "SSH_AUTH_SOCK": "/home/person",
            "HTTP_AUTH": "basic",
            "MYSQL_PWD": "mysql-value",
            "NPM_CONFIG__AUTH": "npm-value",
            "SSHPASS": "ssh-value",
            "SLACK_WEBHOOK_URL": "https://x/hook",
        }
    )
    assert redactor.text("mysql-value npm-value ssh-value https://x/hook") == (
        f"{HIDDEN} {HIDDEN} {HIDDEN} {HIDDEN}"
    )
    text = "tok-value-1 hunter22 key-value-2 true 4096 abc /home/person"
    assert redactor.text(text) == f"{HIDDEN} {HIDDEN} {HIDDEN} true 4096 abc /home/person"


def test_a_login_is_known_in_all_its_forms() -> None:
    redactor = Redactor.from_environment({"PREFECT_API_AUTH_STRING": "mission:pl4nted-secret"})
    for form in ("mission:pl4nted-secret", "pl4nted-secret", "bWlzc2lvbjpwbDRudGVkLXNlY3JldA=="):
        assert redactor.text(f"say {form} now") == f"say {HIDDEN} now"


def test_a_secret_within_a_secret() -> None:
    redactor = Redactor(["abcdef", "abcdefghij"])
    assert redactor.text("abcdefghij abcdef") == f"{HIDDEN} {HIDDEN}"


def test_a_secret_in_other_clothes() -> None:
    secret = 'pa"ss\\wörd/1'
    redactor = Redactor([secret, "first line of a key\nsecond line of a key"])
    line = json.dumps(
        {"a": secret, "b": "second line of a key", "c": "https://x?p=pa%22ss%5Cw%C3%B6rd%2F1"}
    )
    assert json.loads(redactor.text(line)) == {
        "a": HIDDEN,
        "b": HIDDEN,
        "c": f"https://x?p={HIDDEN}",
    }


secrets = st.lists(st.text(min_size=6, max_size=20), max_size=3)


@settings(max_examples=40)
@given(secrets=secrets, parts=st.lists(st.text(max_size=10)), data=st.data())
def test_known_secrets_never_remain(
    secrets: list[str], parts: list[str], data: st.DataObject
) -> None:
    redactor = Redactor(secrets)
    around = data.draw(st.permutations([*parts, *secrets]))
    redacted = redactor.text(" ".join(around))
    for secret in secrets:
        assert secret not in redacted.replace(HIDDEN, "\0")


@settings(max_examples=40)
@given(st.recursive(st.text() | st.just(f"x {TOKEN} https://a:b@c"), st.lists))
def test_json_stays_json(value: object) -> None:
    line = Redactor(["https"]).line(json.dumps(value).encode())
    assert TOKEN.encode() not in line
    json.loads(line)


def test_very_long_lines_are_cheap_enough() -> None:
    line = b"https://x.y eyJ ghp_ sk- xox " * 400_000
    assert Redactor(["not-in-there"]).line(line) == line


def test_the_password_of_an_address_is_a_secret_by_itself() -> None:
    environ = {"STORE": "postgres://u:pass%2Bword1@h/db", "OTHER": "postgres://postgres:postgres@h"}
    redactor = Redactor.from_environment(environ)
    assert redactor.text("the password is pass+word1") == f"the password is {HIDDEN}"
    assert redactor.text("postgres starts") == "postgres starts"


WEB_TOKEN = re.compile(r"\beyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]*")
PIECES = st.sampled_from(["eyJ", "eyJhbGciOiJI", ".", "-", "c2lnbmF0", " ", "\n", '"'])


@settings(max_examples=100)
@given(st.lists(PIECES, max_size=12).map("".join))
def test_web_tokens_are_found_as_the_plain_pattern_finds_them(text: str) -> None:
    """Which reads a long line once for each place where one could begin."""
    assert Redactor().text(text) == WEB_TOKEN.sub(HIDDEN, text)


def test_a_token_behind_what_began_as_one() -> None:
    redactor = Redactor()
    token = "eyJhbGciOiJI.eyJzdWIiOiIx.c2ln"
    assert redactor.text(f"eyJ-eyJ-eyJaaaaaaaaa {token}") == f"eyJ-eyJ-eyJaaaaaaaaa {HIDDEN}"
    assert redactor.text(f"eyJaaaaaaaa.bb {token}") == f"eyJaaaaaaaa.bb {HIDDEN}"


def test_no_tail_of_a_long_token_stays() -> None:
    assert Redactor().text("sk-" + "Ab9" * 200) == HIDDEN


def test_what_is_read_later_is_known_to_every_redactor() -> None:
    redactor = Redactor(["known-before"])
    assert redactor.text("known-before read-later-1") == f"{HIDDEN} read-later-1"
    register_secret("read-later-1")
    register_secret("ordinary")
    assert redactor.text("known-before read-later-1") == f"{HIDDEN} {HIDDEN}"
    assert Redactor().text("read-later-1 ordinary") == f"{HIDDEN} ordinary"
