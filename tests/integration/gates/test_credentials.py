"""A token from a program, such as a password store."""

from __future__ import annotations

import sys

import pytest

from gates.forges.credentials import find_token
from mission.config import ForgeConfig
from mission.errors import ConfigError


def config(code: str) -> ForgeConfig:
    return ForgeConfig(token_command=[sys.executable, "-c", code])


def test_the_first_line_is_the_token() -> None:
    printing = config("import sys; print('t0ken'); print('user: me'); print('x', file=sys.stderr)")

    assert find_token("github", "github.com", printing, {}) == "t0ken"


@pytest.mark.parametrize("code", ["raise SystemExit('t0ken')", "print('t0ken'); exit(1)", "pass"])
def test_a_failure_repeats_nothing(code: str) -> None:
    with pytest.raises(ConfigError) as caught:
        find_token("github", "github.com", config(code), {})

    assert "t0ken" not in str(caught.value)


def test_a_missing_program() -> None:
    missing = ForgeConfig(token_command=["no-such-program-here"])

    with pytest.raises(ConfigError, match="no-such-program-here"):
        find_token("github", "github.com", missing, {})
