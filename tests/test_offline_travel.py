"""A saved copy on its way: what is said before the tap, networks that fail in other ways than none, any address.

In: a small site with an article that moved, saved in Chromium, then without its server or with another in its place.
Out: the saved pages, and a copy that nothing but its reader takes away.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from support import open_copy, save_copy, write_files

from helpcenter.offline.pack import pack
from index import build

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WECHAT = "Mozilla/5.0 (Linux; Android 14; wv) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36 MicroMessenger/8.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Mobile Safari/604.1"


@pytest.fixture
def content(tmp_path: Path) -> Path:
    articles = {
        "card/lost.md": "---\nmoved_from: [old/lost]\n---\n\n# 手机丢了\n\n先停号。\n\n## 再补卡\n\n到营业厅。\n",
        "card/new.md": "# 换新手机\n\n先备份。\n",
    }
    return write_files(tmp_path / "content", articles)


@pytest.fixture
def phone(
    browser: Browser, serve: Callable[..., AbstractContextManager[Any]], content: Path, tmp_path: Path
) -> Iterator[Any]:
    """A phone and its site."""
    build(content, tmp_path / "index")
    with serve(tmp_path / "index", "--workers", "1") as site:
        context = browser.new_context(base_url=site.address, viewport={"width": 390, "height": 844})
        yield context, site
        context.close()


def stop(site: Any) -> None:
    site.process.terminate()
    site.process.wait(30)


@contextmanager
def another(site: Any, status: int) -> Iterator[None]:
    """In the place of the site something that answers `status` and nothing of ours."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<title>Hotel</title>")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", int(site.address.rpartition(":")[2])), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def words(page: Page) -> str:
    return page.locator(".site-footer [data-offline-words]").inner_text()


def test_the_size_is_said_before_the_tap(phone: Any) -> None:
    context, _ = phone
    page = context.new_page()
    page.goto("/articles/card/lost")
    page.locator(".site-footer [data-offline=save]").scroll_into_view_if_needed()
    page.get_by_text("KB，存下后没有网络也能看、能搜").last.wait_for()
    assert page.evaluate("document.documentElement.dataset.offlineState") == "none"
    assert page.evaluate("caches.keys()") == []


def test_a_step_back_brings_the_button_back(phone: Any) -> None:
    context, _ = phone
    page = save_copy(context)
    page.goto("/search?q=换新")
    page.locator("#q").fill("丢了")
    page.wait_for_selector("#main .cards")
    page.goto("/")
    page.locator("#q").press_sequentially("丢了")
    page.wait_for_selector("#main .cards")
    page.wait_for_timeout(1200)  # typing has come to rest: the home page is a step back
    page.go_back()
    page.locator(".home .keep [data-offline=remove]").wait_for()


def test_a_tab_knows_what_another_has_saved_or_removed(phone: Any) -> None:
    context, _ = phone
    other = context.new_page()
    other.goto("/")
    page = save_copy(context)

    def come_back() -> None:
        other.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    come_back()
    other.wait_for_selector("html[data-offline-state=saved]")
    page.locator(".site-footer [data-offline=remove]").click()
    page.wait_for_selector("html[data-offline-state=none]")
    come_back()
    other.wait_for_selector("html[data-offline-state=none]")


def test_a_page_from_before_an_upgrade_updates_with_the_new_program(phone: Any) -> None:
    context, _ = phone
    page = save_copy(context)
    page.evaluate("() => { pocket.save = () => { throw new Error('an old program'); }; }")
    page.evaluate("document.querySelector('script[src*=\"/pocket-\"]').src += '?old'")
    page.evaluate("document.documentElement.dataset.offlineState = 'outdated'")
    page.evaluate("document.querySelector('.site-footer [data-offline=save]').hidden = false")
    page.locator(".site-footer [data-offline=save]").click()
    page.wait_for_selector("html[data-offline-state=saved]")


def test_browsers_inside_apps_are_told_where_to_go_and_iphones_what_to_do_first(browser: Browser, phone: Any) -> None:
    _, site = phone
    for agent, said in ((WECHAT, "在浏览器打开"), (IPHONE, "添加到主屏幕")):
        context = browser.new_context(base_url=site.address, user_agent=agent)
        page = context.new_page()
        page.goto("/")
        page.locator(".home .keep").get_by_text(said).wait_for()
        assert page.locator(".home .keep button:visible").count() == (agent == IPHONE)
        context.close()


def test_a_page_from_before_the_network_went_goes_on_in_the_copy(phone: Any) -> None:
    context, site = phone
    page = save_copy(context)
    page.goto("/")
    page.wait_for_selector("html[data-offline-state=saved]")
    stop(site)
    page.locator("#q").press_sequentially("补卡")
    page.wait_for_selector("html[data-pocket=ready] #main .cards")
    assert "再补卡" in page.inner_text("#main .cards") and page.locator("#q").input_value() == "补卡"


@pytest.mark.parametrize("status", [500, 502, 530])
def test_a_server_that_fails_leaves_the_copy_to_its_reader(phone: Any, status: int) -> None:
    context, site = phone
    save_copy(context).close()
    stop(site)
    with another(site, status):
        assert "存下的副本" in open_copy(context, "/articles/card/lost").inner_text("#main")


def test_a_login_page_of_a_hotel_changes_nothing(phone: Any) -> None:
    context, site = phone
    page = save_copy(context)
    kept = page.evaluate("caches.keys()")
    stop(site)
    with another(site, 200):
        page.goto("/articles/card/lost")
        assert page.title() == "Hotel"  # where a reader can log in
        assert page.evaluate("fetch('/offline.json').then((answer) => answer.text())").startswith("<title>Hotel")
        page.evaluate("navigator.serviceWorker.getRegistration().then((one) => one.update()).catch(() => 0)")
        assert page.evaluate("caches.keys()") == kept
    assert "先停号" in open_copy(context, "/articles/card/lost").inner_text("#main")


def test_a_worker_that_was_taken_away_comes_back(phone: Any) -> None:
    context, site = phone
    page = save_copy(context)
    page.evaluate("navigator.serviceWorker.getRegistration().then((one) => one.unregister())")
    page.goto("/articles/card/lost")
    page.evaluate("navigator.serviceWorker.ready.then(() => 0)")
    stop(site)
    assert "先停号" in open_copy(context, "/articles/card/lost").inner_text("#main")


def test_any_address_is_answered(phone: Any) -> None:
    context, site = phone
    save_copy(context).close()
    stop(site)
    for path in ("/articles/old/lost", "/articles/card/lost/", "/articles/card/lost#%E5%86%8D%E8%A1%A5%E5%8D%A1"):
        assert open_copy(context, path).locator("h1").inner_text() == "手机丢了", path
    assert open_copy(context, "/articles/card/lost#%E5%86%8D%").locator("h1").inner_text() == "手机丢了"
    assert open_copy(context, "/topics/%E4%").locator("h1").inner_text() == "副本里没有这一页"
    home = open_copy(context, "/")
    assert "2 篇文章" in home.locator(".hero").inner_text()
    note, tiles = home.locator(".saved").bounding_box(), home.locator(".home").bounding_box()
    assert note["y"] + note["height"] <= tiles["y"]


def test_back_and_forward_lead_through_searches(phone: Any) -> None:
    context, site = phone
    save_copy(context).close()
    stop(site)
    page = open_copy(context, "/articles/card/new")
    page.locator("#q").press_sequentially("丢了")
    page.wait_for_selector("#main .cards")
    page.wait_for_timeout(1200)  # typing has come to rest
    page.go_back()
    page.locator("h1", has_text="换新手机").wait_for()
    page.go_forward()
    page.wait_for_selector("#main .cards")
    assert page.locator("#q").input_value() == "丢了"


def test_the_one_file_has_a_history_and_places(browser: Browser, run: Any, phone: Any, tmp_path: Path) -> None:
    (folder := tmp_path / "文 件").mkdir()
    assert run("export", "--html", folder / "帮助.html", "--index", tmp_path / "index").returncode == 0
    page = browser.new_context(offline=True, viewport={"width": 390, "height": 844}).new_page()
    page.goto((folder / "帮助.html").as_uri())
    page.locator("#q").press_sequentially("丢了")
    page.wait_for_selector("#main .cards")
    page.wait_for_timeout(1200)
    page.locator("#main .cards h2 a").first.click()
    page.locator("h1", has_text="手机丢了").wait_for()
    page.go_back()
    page.wait_for_selector("#main .cards")
    page.go_back()
    page.wait_for_selector("#main .home")
    page.goto((folder / "帮助.html").as_uri() + "#/articles/card/lost")
    page.evaluate("location.hash = '再补卡'")
    page.reload()
    page.locator("h1", has_text="手机丢了").wait_for()
    assert not page.locator("[data-language], a[href$='feed.atom']").count()
    page.context.close()


def test_the_other_script_is_a_tap_away(phone: Any) -> None:
    context, site = phone
    save_copy(context).close()
    stop(site)
    page = open_copy(context, "/articles/card/lost")
    page.locator(".tool.language").click()
    page.wait_for_selector("html[data-pocket=ready][lang=zh-Hant]")
    assert page.locator("h1").inner_text() == "手機丟了" and page.url.endswith("/zh-hant/articles/card/lost")
    page.locator(".tool.language").get_by_text("简体").click()
    page.wait_for_selector("html[data-pocket=ready][lang=zh-Hans]")
    assert page.locator("h1").inner_text() == "手机丢了"


def test_all_processes_pack_the_same_whatever_they_counted(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    live = app.extensions["library"].snapshot()
    before = pack(app, live)
    monkeypatch.setattr("helpcenter.pages.popular.popular", lambda snapshot: snapshot.cards()[-3:])
    assert pack(app, live).manifest() == before.manifest()
