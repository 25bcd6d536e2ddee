"""In the pocket: saved by one button, whole and checked; read and searched with the server stopped and no network."""

from __future__ import annotations

import hashlib
import posixpath
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from flask.testing import FlaskClient
from support import open_copy, save_copy

if TYPE_CHECKING:
    from playwright.sync_api import Browser

LOST = "replacement/france-lost"


@pytest.fixture
def phone(browser: Browser, serve: Callable[..., AbstractContextManager[Any]], site_index: Path) -> Iterator[Any]:
    """A phone at a site of its own; `stop` ends the server and the network."""
    with serve(site_index, "--workers", "1") as site:
        context = browser.new_context(base_url=site.address, viewport={"width": 390, "height": 844})

        def stop() -> None:
            site.process.terminate()
            site.process.wait(30)
            context.set_offline(True)

        yield context, stop
        context.close()


def test_everything_reads_and_searches_without_a_network(phone: Any) -> None:
    context, stop = phone
    save_copy(context).close()
    stop()
    article = open_copy(context, f"/articles/{LOST}#report-loss")
    assert article.locator("h1").inner_text() == "在法国丢失 eSIM：报失、停号、换到新手机"
    assert "存下的副本" in article.locator("#main").inner_text()
    assert article.locator("#report-loss").is_visible() and not article.locator("form[action*=feedback]").count()
    assert open_copy(context, "/topics/replacement").locator(".articles a").count() > 3
    home = open_copy(context, "/")
    assert home.locator("#main a").count() > 10
    guide = open_copy(context, "/guides/replace")
    guide.locator(".guide-options a").first.click()
    guide.wait_for_selector("html[data-pocket=ready] .guide-options, html[data-pocket=ready] .guide-steps")
    mirror = open_copy(context, f"/zh-hant/articles/{LOST}")
    assert "補" in mirror.locator("#main").inner_text() and "补" not in mirror.locator("h1").inner_text()
    results = open_copy(context, "/search?q=法国 丢失")
    assert LOST in results.locator("#main .cards a").first.get_attribute("href")
    assert results.locator("#main .cards mark").count()
    styles = "[...document.querySelectorAll('link[rel=stylesheet]')].map((link) => link.sheet?.cssRules.length ?? 0)"
    assert len(rules := results.evaluate(styles)) > 2 and all(rules)
    drawing = "fetch(document.querySelector('use').href.baseVal).then((one) => one.headers.get('Content-Type'))"
    assert results.evaluate(drawing).startswith("image/svg+xml")
    results.locator("#q").fill("bukaliucheng")
    results.wait_for_selector(".why")
    assert results.locator(".why").first.inner_text() == "拼音匹配"
    results.wait_for_url("**/search?q=bukaliucheng")
    assert results.title().startswith("bukaliucheng")
    results.locator("#q").fill("shouji diule zenme ban")
    results.wait_for_function("document.querySelector('.cards')?.textContent.includes('手机')")
    assert results.locator(".why").first.inner_text() == "拼音匹配"
    results.locator("#q").fill("昨晚在地铁里手机被人抢走了")  # as readers ask; no article says it so
    results.wait_for_function("document.querySelector('.cards a')?.href.includes('/emergency/stolen-phone')")
    results.locator("#q").fill("王者荣耀国服怎么充点券")
    results.wait_for_function("document.querySelector('#search-count')?.textContent.startsWith('没有找到回答')")
    results.locator("#q").fill("饕餮龘靐")
    results.wait_for_selector("#main .nothing")
    assert open_copy(context, "/articles/none").locator("h1").inner_text() == "副本里没有这一页"


def test_typing_ends_in_the_page_that_its_address_opens(phone: Any) -> None:
    context, stop = phone
    save_copy(context).close()
    stop()
    made = "[...document.querySelectorAll('.filter-sheet, .found')].map((part) => part.outerHTML.replace(/\\s+/g, ''))"
    choices = "document.querySelectorAll('.choice').length"
    for width in (390, 1280):  # filters folded, and beside the results
        opened = open_copy(context, "/search?q=二维码")
        typed = open_copy(context, "/")
        for page in (opened, typed):
            page.set_viewport_size({"width": width, "height": 844})
        typed.evaluate(f"addEventListener('htmx:afterSwap', () => {{ window.atOnce = {choices}; }}, true)")
        for query in ("法国", "二维码"):  # from the home page, and over other results
            typed.locator("#q").fill(query)
            typed.wait_for_function("(query) => document.title.startsWith(query)", arg=query)
        assert typed.evaluate(made) == opened.evaluate(made)
        assert typed.locator(".card").count() == 8 and typed.evaluate(choices) > 8
        # Choices that are seen never flicker.
        assert typed.evaluate("atOnce") == (0 if width < 800 else typed.evaluate(choices))


def test_while_there_is_a_network_the_server_answers(phone: Any) -> None:
    context, _ = phone
    page = save_copy(context)
    page.goto(f"/articles/{LOST}")
    assert page.evaluate("document.documentElement.dataset.pocket") is None
    assert page.locator("form[action*=feedback]").count()
    page.locator("[data-offline=remove]").first.click()
    page.wait_for_selector("html[data-offline-state=none]")
    assert page.evaluate("caches.keys()") == []
    assert page.evaluate("navigator.serviceWorker.getRegistrations().then((all) => all.length)") == 0


def test_feedback_without_a_network_says_that_it_was_not_sent(phone: Any) -> None:
    context, stop = phone
    page = context.new_page()
    page.goto(f"/articles/{LOST}")
    stop()
    page.locator("#feedback button").first.click()
    page.wait_for_selector("#feedback .unsent")
    assert "没有发出去" in page.locator("#feedback .unsent").inner_text()


def test_a_file_that_is_not_what_it_should_be_is_never_used(phone: Any) -> None:
    context, stop = phone
    page = save_copy(context)
    before = page.evaluate("caches.keys()")
    context.route("**/offline/core-*", lambda route: route.fulfill(body="{}", content_type="application/json"))
    context.route("**/offline.json", lambda route: altered(route))
    page.reload()
    page.wait_for_selector("html[data-offline-state=outdated]")
    page.locator("[data-offline=save]").first.click()
    page.wait_for_selector("html[data-offline-state=failed]")
    assert "原来的副本还在" in page.locator("[data-offline-words]").first.inner_text()
    assert page.evaluate("caches.keys()") == before
    assert page.locator("[data-offline=remove]").last.is_visible()
    assert page.locator("[data-offline=save]").first.inner_text() == "更新副本"
    context.unroute_all()
    stop()
    assert open_copy(context, f"/articles/{LOST}").locator("#report-loss").is_visible()


def packed(client: FlaskClient) -> Any:
    """The list of files; the server packs in the background and says 503 until it has."""
    for _ in range(12):
        if (answer := client.get("/offline.json")).status_code == 200:  # waits five seconds itself
            return answer.json
    raise AssertionError(answer.text)


def altered(route: Any) -> None:
    record = route.fetch().json()
    record["version"] += "x"
    for one in record["files"]:
        if "/core-" in one["url"]:
            one["hash"] = "0" * 64
    route.fulfill(json=record)


@pytest.mark.parametrize("mount", ["", "/help"])
def test_the_manifest_names_whole_files(client: FlaskClient, mount: str) -> None:
    packed(client)
    record = client.get("/offline.json", base_url=f"http://localhost{mount}").json
    assert record["bytes"] == sum(one["bytes"] for one in record["files"])
    for one in record["files"]:
        answer = client.get(one["url"], base_url=f"http://localhost{mount}")
        assert answer.status_code == 200 and hashlib.sha256(answer.data).hexdigest() == one["hash"], one["url"]
    assert client.get("/sw.js").mimetype == "text/javascript"
    assert not any("insights" in one["url"] for one in record["files"])


def test_a_phone_can_put_the_site_on_its_home_screen(client: FlaskClient) -> None:
    record = client.get("/site.webmanifest").get_json(force=True)
    drawn = [icon for icon in record["icons"] if icon.get("type") == "image/png"]
    assert record["id"] == "/" and {icon["purpose"] for icon in drawn} == {"any", "maskable"}
    assert 'rel="apple-touch-icon" href="/static/apple-touch-icon.png"' in client.get("/").text
    for path, size in [(icon["src"], icon["sizes"]) for icon in drawn] + [("/static/apple-touch-icon.png", "180x180")]:
        body = client.get(path).data
        width, height = (int.from_bytes(body[at : at + 4], "big") for at in (16, 20))
        assert body.startswith(b"\x89PNG") and f"{width}x{height}" == size
    shots = record["screenshots"]
    assert len(shots) == 2 and {shot["form_factor"] for shot in shots} == {"narrow"}
    for path, size in [(shot["src"], shot["sizes"]) for shot in shots]:
        body = client.get(path).data
        width, height = (int.from_bytes(body[at : at + 4], "big") for at in (16, 20))
        assert f"{width}x{height}" == size and len(body) < 100_000
    saved = client.get("/offline.json").json["files"]
    assert not {shot["src"] for shot in shots} & {one["url"] for one in saved}


def test_one_file_opens_from_disk_and_searches(browser: Browser, run: Any, site_index: Path, tmp_path: Path) -> None:
    file = tmp_path / "help.html"
    done = run("export", "--html", file, "--index", site_index)
    assert done.returncode == 0, done.stderr
    context = browser.new_context(offline=True)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(file.as_uri())
    page.wait_for_selector("html[data-pocket=ready]")
    page.locator("#q").fill("手机丢了")
    page.wait_for_selector("#main .cards a")
    page.locator("#main .cards h2 a").first.click()
    page.wait_for_selector("#main article")
    page.goto(file.as_uri() + f"#/articles/{LOST}##report-loss")
    page.wait_for_selector("#report-loss")
    assert not faults
    page.add_init_script("delete globalThis.DecompressionStream")
    page.goto("about:blank")
    page.goto(file.as_uri())
    page.get_by_text("这个浏览器太旧").wait_for()
    context.close()
    assert file.stat().st_size < 600_000


def test_the_one_file_of_the_mirror_shows_traditional_and_searches(
    browser: Browser, client: FlaskClient, tmp_path: Path
) -> None:
    while (answer := client.get("/zh-hant/download")).status_code == 503:
        time.sleep(0.1)
    file = tmp_path / "help.html"
    file.write_bytes(answer.data)
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.goto(file.as_uri())
    page.wait_for_selector("html[data-pocket=ready]")
    page.locator("#q").fill("手機丟了")
    page.get_by_text("手機丟了：第一個小時做什麼").wait_for()
    page.locator("#main .cards h2 a").first.click()
    page.wait_for_selector("#main article")
    assert "電信業者" in page.inner_text("#main") and "手机" not in page.inner_text("body")
    context.close()


def test_plain_files_need_no_server_of_ours(browser: Browser, run: Any, site_index: Path, tmp_path: Path) -> None:
    folder = tmp_path / "public" / "help"
    base = {"HELPCENTER_BASE_URL": "https://example.org/help"}
    done = run("export", "--static", folder, "--index", site_index, **base)
    assert done.returncode == 0, done.stderr
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder.parent))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    context = browser.new_context(base_url=f"http://127.0.0.1:{server.server_port}")
    page = context.new_page()
    missing: list[str] = []
    page.on("response", lambda answer: missing.append(answer.url) if answer.status >= 400 else None)
    for path in ("/", f"/articles/{LOST}/", "/guides/replace/", f"/zh-hant/articles/{LOST}/"):
        answer = page.goto(f"/help{path}")
        assert answer and answer.status == 200 and page.locator("h1").count()
        links = page.eval_on_selector_all("a[href^='/']", "links => links.map((link) => link.getAttribute('href'))")
        assert all(link.startswith("/help/") for link in links)
    page.goto("/help/search/?q=法国 丢失")
    page.wait_for_selector("#main .cards a")
    page.goto("/help/")
    page.locator("[data-offline=save]").first.click()
    page.wait_for_selector("html[data-offline-state=saved]")
    assert not missing
    context.close()
    server.shutdown()
    server.server_close()


def test_a_zim_file_has_titles_and_text(run: Any, site_index: Path, tmp_path: Path) -> None:
    reader = pytest.importorskip("libzim.reader")
    file = tmp_path / "help.zim"
    assert run("export", "--zim", file, "--index", site_index).returncode == 0
    archive = reader.Archive(file)
    entry = archive.get_entry_by_path(f"articles/{LOST}/index.html")
    assert "丢失" in entry.title and "../../../static/" in bytes(entry.get_item().content).decode()
    for number in range(archive.all_entry_count):
        entry = archive._get_entry_by_id(number)
        if entry.path.endswith(".html"):
            html = bytes(entry.get_item().content).decode()
            assert not re.search(r'data-offline="|offline\.js', html)
            for link in re.findall(r'<(?:a|link|img|script)[^>]* (?:href|src)="([^"#?]+)', html):
                place = posixpath.normpath(posixpath.join(posixpath.dirname(entry.path), unquote(link)))
                assert ":" in link or archive.has_entry_by_path(place), (entry.path, link)


def test_export_asks_for_what(run: Any) -> None:
    assert run("export").returncode == 2
