"""The pages in a real browser: live, kept as a person has them, and complete without a program."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from dashboard.pages.build import NAVIGATION
from mission.place import Place
from tests.conftest import requires
from tests.integration.dashboard.conftest import Dashboard, Serve
from tests.integration.dashboard.test_deciding import ASKS
from tests.integration.service.test_builder import HOLDS
from tests.scratch import make, row
from tests.shown_mission import make as make_shown
from tests.shown_mission import plan

pytestmark = requires("chromium")

NAMES = (*(name for name, _ in NAVIGATION), "row/PAY-07", "row/PAY-10", "row/PAY-16")
_PATIENCE = 60_000  # milliseconds, on a busy machine
expect.set_options(timeout=_PATIENCE)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = shutil.which("chromium")
        # Who is root, as CI is, has no sandbox of its own to give.
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def visiting(browser: Browser, dashboard: Dashboard, **ways: object) -> Iterator[BrowserContext]:
    """A person's browser that has opened the printed address; nothing may go wrong in it."""
    context = browser.new_context(**ways)  # type: ignore[arg-type]
    context.set_default_timeout(_PATIENCE)
    wrong: list[str] = []
    context.on("console", lambda one: wrong.append(one.text) if one.type == "error" else None)
    context.on("weberror", lambda one: wrong.append(str(one.error)))
    context.on("dialog", lambda one: wrong.append(f"dialog: {one.message}"))
    context.on(
        "request",
        lambda one: None if one.url.startswith(dashboard.origin) else wrong.append(one.url),
    )
    page = context.new_page()
    page.goto(dashboard.address)
    page.wait_for_url(f"{dashboard.base}/")
    yield context
    context.close()
    # What is lost as a server ends, or as a page is left, is no fault of the page.
    assert [one for one in wrong if "ERR_" not in one and "401" not in one] == []


def key_of(page: Page) -> str:
    address = page.locator("article h2 a").first.get_attribute("href")
    assert address is not None
    return address.partition("/")[0]


def opened(context: BrowserContext, dashboard: Dashboard, name: str) -> Page:
    """A page of the first mission, in the tab that is there."""
    (page,) = context.pages
    page.goto(f"{dashboard.base}/{key_of(page)}/{name}")
    return page


_AXE = Path(__file__).parents[3] / "build/ci-tools/node_modules/axe-core/axe.min.js"


@pytest.mark.skipif(not _AXE.exists(), reason=f"there is no {_AXE}: `.ci/services` installs it")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_shuts_anybody_out(
    browser: Browser, small: Place, serve: Serve, scheme: str
) -> None:
    rules = _AXE.read_text(encoding="utf-8")
    served = serve(small, decides=True)
    with visiting(browser, served, color_scheme=scheme) as context:
        (page,) = context.pages
        key = key_of(page)
        for name in ("", *(f"{key}/{name}" for name in NAMES)):
            page.goto(f"{served.base}/{name}")
            page.evaluate(rules)
            found = page.evaluate("axe.run()")
            assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == []
            assert len(found["passes"]) > 10


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_whole_on_a_narrow_screen(
    browser: Browser, dashboard: Dashboard, scheme: str, script: bool
) -> None:
    narrow = {"width": 320, "height": 640}
    ways = {"viewport": narrow, "color_scheme": scheme, "java_script_enabled": script}
    with visiting(browser, dashboard, **ways) as context:
        (page,) = context.pages
        key = key_of(page)
        for name in NAMES:
            page.goto(f"{dashboard.base}/{key}/{name}")
            expect(page.locator("main h1, main .big").first).to_be_attached()
            if script:
                wide = page.evaluate("document.documentElement.scrollWidth")
                assert wide <= 320, name


def test_a_change_comes_by_itself_and_what_a_person_holds_stays(
    browser: Browser, small: Place, serve: Serve
) -> None:
    with visiting(browser, served := serve(small, decides=True)) as context:
        page = opened(context, served, "mission")
        page.locator("#need-PAY-10 summary").click()
        note = page.locator("#need-PAY-10 textarea")
        note.fill("half a sen")
        page.locator("#wave-1 summary").click()
        page.evaluate("scrollTo(0, 300)")
        small.task_file.write_text(plan().replace("no floats", "no cents are lost"))
        expect(page.locator("#r-PAY-03 .text")).to_contain_text("no cents are lost")
        assert note.input_value() == "half a sen"
        assert page.evaluate("document.activeElement.tagName") in {"SUMMARY", "TEXTAREA"}
        assert page.evaluate("scrollY") == 300
        assert page.locator("#wave-1").get_attribute("open") is not None
        small.task_file.write_text(plan().replace("| blocked |", "| done |"))
        expect(page.locator("#need-PAY-13")).to_have_count(0)
        assert note.input_value() == "half a sen"


def test_many_tabs_have_one_stream_and_all_are_told(
    browser: Browser, small: Place, serve: Serve
) -> None:
    with visiting(browser, served := serve(small)) as context:
        asked: list[str] = []
        key = key_of(context.pages[0])
        tabs = [context.new_page() for _ in range(8)]
        context.pages[0].close()
        context.on("request", lambda one: asked.append(one.url))
        for tab in tabs:
            tab.goto(f"{served.base}/{key}/mission")
        small.task_file.write_text(plan().replace("no floats", "no cents are lost"))
        for tab in tabs:
            expect(tab.locator("#r-PAY-03 .text")).to_contain_text("no cents are lost")
        assert len([url for url in asked if url.endswith("/events")]) == 1
        tabs[0].close()  # whichever has it, another one takes it over
        small.task_file.write_text(plan().replace("no floats", "no pennies are lost"))
        for tab in tabs[1:]:
            expect(tab.locator("#r-PAY-03 .text")).to_contain_text("no pennies are lost")


def test_a_page_asks_for_nothing_while_its_mission_stays_as_it_is(
    browser: Browser, small: Place, serve: Serve
) -> None:
    other = make_shown(small.folder.with_name("other"))
    with visiting(browser, served := serve(small, other)) as context:
        first = opened(context, served, "mission")
        expect(first.locator("main")).to_contain_text("Done, p50 to p80")  # asked for once it was
        second = context.new_page()
        second.goto(f"{served.base}/")
        expect(second.locator("article")).to_have_count(2)
        asked, again = list[str](), list[str]()
        first.on("request", lambda one: asked.append(one.url))
        second.on("request", lambda one: again.append(one.url))
        whole = other.task_file.with_name("whole")  # nobody reads half of it
        whole.write_text(plan().replace("| failed |", "| done |"))
        whole.replace(other.task_file)
        expect(second.locator("article").nth(1)).to_contain_text("6 of 17 done")
        assert asked == []
        assert [one for one in again if one.endswith("/")] == [f"{served.base}/"]


def test_where_nobody_answers_any_more_the_page_says_since_when(
    browser: Browser, small: Place, serve: Serve
) -> None:
    with visiting(browser, served := serve(small)) as context:
        page = opened(context, served, "mission")
        served.end()
        expect(page.locator("#stale")).to_contain_text("Stale since")
        expect(page.locator("main")).to_contain_text("Needs you")


def test_a_run_that_is_killed_is_shown_as_such(
    browser: Browser, small: Place, serve: Serve
) -> None:
    with (
        subprocess.Popen(
            [sys.executable, "-c", HOLDS, str(small.task_file)], stdout=subprocess.PIPE, text=True
        ) as run,
        visiting(browser, served := serve(small)) as context,
    ):
        assert run.stdout is not None
        assert run.stdout.readline() == "held\n"
        page = opened(context, served, "mission")
        expect(page.locator(".banners")).to_contain_text("A run is at work")
        run.send_signal(signal.SIGKILL)
        run.wait()
        expect(page.locator(".banners")).to_contain_text("Stale: the last run died")


def by_keyboard(page: Page, is_there: str) -> None:
    """Go on with the tabulator until the focus is where it is wanted."""
    for _ in range(100):
        page.keyboard.press("Tab")
        if page.evaluate(f"document.activeElement.matches({is_there!r})"):
            return
    pytest.fail(f"the keyboard does not lead to {is_there}")


def test_work_is_approved_with_the_keyboard_alone_and_merges(
    browser: Browser, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "home"))
    scratch = make(tmp_path, [row("A")], worker=ASKS)
    scratch.run()
    with visiting(
        browser, served := serve(Place.find(str(scratch.task_file)), decides=True)
    ) as context:
        page = opened(context, served, "mission")
        by_keyboard(page, "#need-A button.go")
        page.keyboard.press("Enter")
        page.wait_for_url("**/row/A")
        expect(page.locator(".asked")).to_contain_text("A is done")
        expect(page.locator("h1 .s")).to_have_text("done")
    assert scratch.merged() == ["A"]


def test_the_log_grows_as_the_agent_writes(browser: Browser, small: Place, serve: Serve) -> None:
    with visiting(browser, served := serve(small)) as context:
        page = opened(context, served, "row/PAY-06")
        expect(page.locator(".log")).to_contain_text("makes it pass")
        with (small.logs / "PAY-06-1.log").open("a") as log:
            log.write("commits it\n")
        expect(page.locator(".log")).to_contain_text("commits it")
