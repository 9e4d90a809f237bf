"""What every test shares: how a test says what it needs, and what a skip means in CI.

A test that needs a program says so with `requires`, and skips where the program is missing:

    from tests.conftest import requires

    @requires("redis-server")
    def test_the_cache_survives_a_restart() -> None: ...

In CI (`CI=true`) such a skip is a failure: `.ci/services` installs what the tests need, so a
missing program there means that the tests silently stopped testing. Only what a machine cannot be
given (its operating system, its architecture, a container engine) may still be skipped.

`make test` spreads the tests over processes (pytest-xdist), each with servers and homes of its own:
a test shares no port, folder or variable with another, and knows nothing of the order.
"""

from __future__ import annotations

import gc
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator
from functools import cache
from itertools import groupby
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.memory import memory_folder

# A slow machine is not a failure: no test measures time.
settings.register_profile("project", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("project")

# A shell starts what it puts in the background with Ctrl-C ignored, and every process started from
# there inherits that: the tests that send one are about processes that listen.
signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = ["tests.prefect_server", "tests.services"]

# Prefect reads its home when it is imported, which happens when some tests are collected. That of
# a person is nothing to tests.
_HOME = tempfile.TemporaryDirectory(prefix="mission-tests-home-")
os.environ["PREFECT_HOME"] = str(Path(_HOME.name) / "prefect")
os.environ["MISSION_HOME"] = str(Path(_HOME.name) / "mission")

# A test's files are thousands of small ones in repositories of its own: in memory, where there is
# plenty, git takes a fifth less of the machine. What is about a disk asks for `disk_path`.
if "PYTEST_DEBUG_TEMPROOT" not in os.environ and (_memory := memory_folder()) is not None:
    os.environ["PYTEST_DEBUG_TEMPROOT"] = _memory

# Tests start our programs some thousand times; none of them is to compile our modules again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What thousands of tests are collected into stays until the end: neither while it grows nor
    later is it looked through for what could be thrown away."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_sessionfinish() -> None:
    """A test that failed to name another home has started a server in that of the session, which
    would outlive it."""
    folder = Path(os.environ["MISSION_HOME"]) / "prefect"
    if folder.exists():
        from flows.server import LocalServer  # noqa: PLC0415 - few sessions need it

        LocalServer(folder).stop()


@pytest.fixture
def disk_path() -> Generator[Path, None, None]:
    """As `tmp_path`, where temporary files lie that are in memory for no test's sake."""
    with tempfile.TemporaryDirectory(prefix="mission-tests-", ignore_cleanup_errors=True) as folder:
        yield Path(folder).resolve()


@pytest.fixture
def open_path(disk_path: Path) -> Path:
    """As `disk_path`, where other accounts get to, such as that of the servers that root starts."""
    disk_path.chmod(0o711)
    return disk_path


MOST_PROCESSES = 8  # each has servers of its own


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """What `-n auto` means: one more than processors, since many tests wait for other programs."""
    return min(len(os.sched_getaffinity(0)) + 1, MOST_PROCESSES)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let each process begin with its share of the slow tests, so that none is left to the end.

    `--dist worksteal` deals the list out in as many stretches of one length as there are processes.
    What needs a Prefect server is one share: to start one takes as long as a dozen tests, and it
    works on while nobody asks it.
    """
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if processes == 1:
        return
    served = [item for item in items if _needs_prefect(item)]
    slow = [item for item in items if item.get_closest_marker("slow") and item not in served]
    first = {*served, *slow}
    quick = [item for item in items if item not in first]
    modules = [list(module) for _, module in groupby(slow, key=lambda item: item.path)]
    shares: list[list[pytest.Item]] = [served, *([] for _ in range(processes - 1))]
    for module in sorted(modules, key=len, reverse=True):  # whole: a module may share a server
        min(shares, key=len).extend(module)
    dealt: list[pytest.Item] = []
    for process, share in enumerate(shares):
        length = (len(items) - len(dealt)) // (processes - process)
        rest = max(length - len(share), 0)
        dealt += share + quick[:rest]
        del quick[:rest]
    items[:] = dealt + quick


def _needs_prefect(item: pytest.Item) -> bool:
    return isinstance(item, pytest.Function) and "prefect_database" in item.fixturenames


# A skip with this at the start of its reason is one that CI accepts.
CANNOT_EXIST = "cannot exist here: "

_PACKAGES = {  # program -> what installs it
    "bwrap": "apt-get install bubblewrap",
    "chromium": "apt-get install chromium",
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
