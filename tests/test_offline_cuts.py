"""A save that is cut: by a closed page, a dead network, a full disk, a killed worker. What was there stays whole."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support import BROWSER_OPTIONS, browser_path

from index import build

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

CUTS = 100
ARTICLES = 12
STATE = "document.documentElement.dataset.offlineState"


def write(content: Path, edition: int) -> None:
    """A site whose every article says of which edition it is."""
    for number in range(ARTICLES):
        content.mkdir(parents=True, exist_ok=True)
        text = f"# 第{number}篇\n\n## 怎么办\n\n这是版次{edition}的做法，先报失再补办。{'多说几句。' * 40}\n"
        (content / f"a{number}.md").write_text(text, "utf-8")


@pytest.fixture
def site(tmp_path: Path, serve: Callable[..., AbstractContextManager[Any]]) -> Iterator[Any]:
    """A small site; `edit(n)` makes edition n of it."""

    def edit(edition: int) -> None:
        write(tmp_path / "content", edition)
        build(tmp_path / "content", tmp_path / "index")

    edit(1)
    with serve(tmp_path / "index", "--workers", "1") as served:
        served.edit = edit
        yield served


@pytest.fixture
def context(browser: Browser, site: Any) -> Iterator[BrowserContext]:
    made = browser.new_context(base_url=site.address)
    yield made
    made.close()


def pressed(context: BrowserContext, what: str = "save") -> Page:
    """A page whose button was pressed; what follows may still be under way."""
    page = context.new_page()
    page.goto("/")
    page.wait_for_function(f"['none', 'saved', 'outdated', 'failed'].includes({STATE})")
    button = page.locator(f"[data-offline={what}]").first
    if button.is_visible():
        button.click()
    return page


def saved(context: BrowserContext) -> Page:
    page = pressed(context)
    page.wait_for_selector("html[data-offline-state=saved]")
    return page


def limit(context: BrowserContext, page: Page, address: str, size: int | None) -> None:
    """Let the browser give the site `size` bytes; None: what it likes."""
    order = {"origin": address} | ({} if size is None else {"quotaSize": size})
    context.new_cdp_session(page).send("Storage.overrideQuotaForOrigin", order)


def editions(context: BrowserContext) -> set[str]:
    """The editions that the copy shows without a network; none where there is no copy. Fails for a broken one."""
    context.set_offline(True)
    try:
        page = context.new_page()
        try:
            page.goto("/articles/a3")
        except Exception:
            return set()
        page.wait_for_selector("html[data-pocket=ready]")
        assert page.locator("#main h1").inner_text() == "第3篇"
        first = page.locator("#main .body").inner_text()
        page.goto(f"/search?q=报失补办&topic=&page={1 + ARTICLES // 20}")
        # Playwright tells a worker that has just started late that it is offline: then the server's own page is shown.
        page.wait_for_selector("#main .cards a")
        found = page.locator("#main .cards").inner_text()
        return {one for one in ("版次1", "版次2", "版次3", "版次4", "版次5") if one in first or one in found}
    finally:
        for page in context.pages:
            page.close()
        context.set_offline(False)


def test_a_full_disk_keeps_the_copy_before(context: BrowserContext, site: Any) -> None:
    page = pressed(context, "none")
    limit(context, page, site.address, 20_000)
    page.locator("[data-offline=save]").first.click()
    page.wait_for_selector("html[data-offline-state=failed]")
    assert "空间不够" in page.locator("[data-offline-words]").first.inner_text()
    assert page.evaluate("caches.keys()") == []
    limit(context, page, site.address, None)
    saved(context)
    site.edit(2)
    page.reload()
    page.wait_for_selector("html[data-offline-state=outdated]")
    limit(context, page, site.address, 20_000)
    page.locator("[data-offline=save]").first.click()
    page.wait_for_selector("html[data-offline-state=failed]")
    assert editions(context) == {"版次1"}


def test_a_half_written_save_is_never_used(context: BrowserContext) -> None:
    context.route("**/offline/core-*", lambda route: None)  # never answered
    page = pressed(context)
    page.wait_for_selector("html[data-offline-state=saving]")
    page.wait_for_function("caches.keys().then((names) => names.length > 0)")
    page.close()
    assert editions(context) == set()
    context.unroute_all()
    saved(context)
    assert editions(context) == {"版次1"}
    assert (
        len(pressed(context, "none").evaluate("caches.keys()")) == 2
    )  # the pointer's and the copy: what was cut is swept


def test_a_site_that_switches_copies_off_takes_them_back(context: BrowserContext) -> None:
    saved(context).close()
    context.route("**/offline.json", lambda route: route.fulfill(status=410))
    page = context.new_page()
    page.goto("/")
    page.wait_for_function("caches.keys().then((names) => !names.length)")
    page.wait_for_selector("html[data-offline-state=none]")
    assert page.evaluate("navigator.serviceWorker.getRegistrations().then((all) => all.length)") == 0


@pytest.mark.parametrize("status", [200, 404, 500])
def test_no_other_answer_takes_a_copy_away(context: BrowserContext, status: int) -> None:
    saved(context).close()
    context.route("**/offline.json", lambda route: route.fulfill(status=status, body="<h1>登录</h1>"))
    page = context.new_page()
    with page.expect_response("**/offline.json"):
        page.goto("/")
    page.wait_for_selector("html[data-offline-state=saved]")
    assert editions(context) == {"版次1"}


def test_a_copy_that_was_taken_apart_says_so(context: BrowserContext) -> None:
    page = saved(context)
    page.evaluate("caches.keys().then((names) => caches.delete(names.find((name) => name.includes('@'))))")
    page.reload()
    page.wait_for_selector("html[data-offline-state=failed]")
    assert "不完整" in page.locator("[data-offline-words]").first.inner_text()
    assert page.locator("[data-offline=save]").first.is_visible() and page.evaluate("caches.keys()") == []


@pytest.mark.stress
def test_a_hundred_cuts_leave_no_broken_copy(browser: Browser, site: Any, tmp_path: Path) -> None:
    """At a random instant the page is closed, the network cut, the disk full, or the browser ended, worker and all."""
    chance = random.Random(18)
    options = {"executable_path": browser_path(), "args": BROWSER_OPTIONS}

    def started() -> BrowserContext:
        return browser.browser_type.launch_persistent_context(tmp_path / "profile", base_url=site.address, **options)

    context, broken, edition = started(), [], 1
    there: set[str] = set()
    for number in range(CUTS):
        if number % 25 == 24:
            edition += 1
            site.edit(edition)
        what = "remove" if there and chance.random() < 0.25 else "save"
        how = chance.choice(("page", "network", "disk", "browser", "nothing"))
        page = pressed(context, "none")
        if how == "disk":
            limit(context, page, site.address, chance.randrange(1, 400_000))
        button = page.locator(f"[data-offline={what}]").first
        if button.is_visible():
            button.click()
        page.wait_for_timeout(chance.random() ** 2 * 900)
        if how == "network":
            context.set_offline(True)
            page.wait_for_timeout(300)
        elif how == "disk":
            page.wait_for_timeout(400)
            limit(context, page, site.address, None)
        if how == "browser":
            context.close()
            context = started()
        else:
            page.close()
            context.set_offline(False)
        before = there
        try:
            there = editions(context)
        except Exception as error:
            broken.append(f"{number} {what} {how}: {error}")
            there = set()
            continue
        known = before | {f"版次{edition}"}
        if len(there) > 1 or not there <= known or (what == "save" and before and not there):
            broken.append(f"{number} {what} {how}: {before} → {there}")
        print(number, what, how, *there, flush=True)
    context.close()
    print(f"{CUTS} saves, updates and removals cut: {len(broken)} broken")
    assert not broken, "\n".join(broken)
