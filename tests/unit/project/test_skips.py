"""A skip in CI is a failure, unless the machine cannot be given what the test needs."""

from __future__ import annotations

import pytest

from tests import conftest

pytest_plugins = ["pytester"]

_TESTS = """
import pytest
from tests.conftest import requires

@requires("a-program-that-nobody-has")
def test_program():
    pass

@requires(system="plan9")
def test_system():
    pass

@requires("python3")
def test_there():
    pass

def test_in_the_middle():
    pytest.skip("no server answers")

@pytest.mark.xfail(reason="known", strict=True)
def test_expected_failure():
    assert False
"""


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    pytester.makeconftest(
        "from tests.conftest import pytest_make_collect_report, pytest_runtest_makereport\n"
    )
    pytester.makepyfile(_TESTS)
    monkeypatch.delenv("CI", raising=False)
    return pytester


def test_outside_ci_a_skip_is_a_skip(suite: pytest.Pytester) -> None:
    suite.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(
        passed=1, skipped=3, xfailed=1
    )


def test_in_ci_only_what_cannot_exist_may_skip(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    result = suite.runpytest_inprocess("-p", "no:cacheprovider", "-rfE")
    result.assert_outcomes(passed=1, skipped=1, xfailed=1, failed=1, errors=1)
    result.stdout.fnmatch_lines(
        ["*skipped in CI, where it must run: not on PATH: a-program-that-nobody-has*"]
    )


def test_in_ci_a_module_may_not_skip_itself(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    pytester.makeconftest("from tests.conftest import pytest_make_collect_report\n")
    pytester.makepyfile("import pytest\npytest.importorskip('a_module_that_nobody_has')")
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(errors=1)


def test_the_reason_says_how_to_install() -> None:
    mark = conftest.requires("redis-server", "a-program-that-nobody-has").mark
    assert "a-program-that-nobody-has" in mark.kwargs["reason"]
