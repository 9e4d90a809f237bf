"""What every test shares: how a test says what it needs, and what a skip means in CI.

A test that needs a program says so with `requires`, and skips where the program is missing:

    from tests.conftest import requires

    @requires("redis-server")
    def test_the_cache_survives_a_restart() -> None: ...

In CI (`CI=true`) such a skip is a failure: `.ci/services` installs what the tests need, so a
missing program there means that the tests silently stopped testing. Only what a machine cannot be
given (its operating system, its architecture, a container engine) may still be skipped.
"""

from __future__ import annotations

import os
import platform
import shutil
import signal
import subprocess
import sys
from collections.abc import Generator
from functools import cache

import pytest
from hypothesis import HealthCheck, settings

# A slow machine is not a failure: no test measures time.
settings.register_profile("project", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("project")

# A shell starts what it puts in the background with Ctrl-C ignored, and every process started from
# there inherits that: the tests that send one are about processes that listen.
signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = ["tests.prefect_server", "tests.services"]

# A skip with this at the start of its reason is one that CI accepts.
CANNOT_EXIST = "cannot exist here: "

_PACKAGES = {  # program -> what installs it
    "bwrap": "apt-get install bubblewrap",
    "codex": "npm install --global @openai/codex",
    "claude": "npm install --global @anthropic-ai/claude-code",
    "npm": "apt-get install npm",
    "pglite-server": "npm install --global @electric-sql/pglite-socket @electric-sql/pglite",
    "redis-server": "apt-get install redis-server",
}


def requires(
    *programs: str, system: str = "", machine: str = "", container_engine: bool = False
) -> pytest.MarkDecorator:
    """Skip a test where something that it needs is missing.

    Args:
        programs: Names that must be on PATH. Missing ones fail the test in CI.
        system: The operating system it is about, as `sys.platform` has it: linux, darwin.
        machine: The processor it is about, as `platform.machine` has it: x86_64, arm64.
        container_engine: Whether it needs a container engine that answers.
    """
    reason = ""
    if system and sys.platform != system:
        reason = f"{CANNOT_EXIST}this is {sys.platform}, the test is about {system}"
    elif machine and platform.machine() != machine:
        reason = f"{CANNOT_EXIST}this is {platform.machine()}, the test is about {machine}"
    elif container_engine and not _container_engine():
        reason = f"{CANNOT_EXIST}no container engine answers"
    elif missing := [name for name in programs if shutil.which(name) is None]:
        how = "; ".join(_PACKAGES[name] for name in missing if name in _PACKAGES)
        reason = f"not on PATH: {', '.join(missing)}" + (f" ({how})" if how else "")
    return pytest.mark.skipif(bool(reason), reason=reason or "everything is there")


@cache
def _container_engine() -> bool:
    docker = shutil.which("docker")
    if docker is None:
        return False
    asked = subprocess.run([docker, "info"], capture_output=True, check=False, timeout=30)
    return asked.returncode == 0


def _in_ci() -> bool:
    return os.environ.get("CI") == "true"


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip that CI does not accept into a failure with the same reason."""
    if not report.skipped or hasattr(report, "wasxfail") or not isinstance(report.longrepr, tuple):
        return
    path, line, text = report.longrepr
    reason = text.removeprefix("Skipped: ")
    if not reason.startswith(CANNOT_EXIST):
        report.outcome = "failed"
        report.longrepr = f"{path}:{line}: skipped in CI, where it must run: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if _in_ci():
        _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if _in_ci():
        _refuse_skip(report)
    return report
