"""The figures of `/insights` as whoever is logged in sees them, and what the home page makes of them."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from support import ADMIN_TOKEN, HERE, log_in

from helpcenter.pages.home_page import home_page
from helpcenter.store.background import Latest
from helpcenter.store.records import Counts
from helpcenter.store.store import Store, today

if TYPE_CHECKING:
    from playwright.sync_api import Browser

LOST = "replacement/france-lost"


@pytest.fixture
def client(site: Flask) -> FlaskClient:
    return site.test_client()


def test_a_slow_database_holds_no_page(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    client.application.extensions["figures"] = Latest(0.05, 30)
    release = threading.Event()
    store: Store = client.application.extensions["store"]
    for name in ("frequent", "failing"):
        monkeypatch.setattr(store, name, lambda *_: (release.wait(20), [])[1])
    home = client.get("/")
    assert home.status_code == 200 and "ETag" not in home.headers, "nothing incomplete is kept"
    counting = client.get("/insights", headers={"Authorization": f"Bearer {ADMIN_TOKEN}"}).text
    assert "正在统计" in counting and 'http-equiv="refresh"' in counting
    release.set()
    time.sleep(0.2)
    assert "搜得最多" in client.get("/insights", headers={"Authorization": f"Bearer {ADMIN_TOKEN}"}).text


def test_the_page_shows_figures_and_nothing_about_readers(client: FlaskClient) -> None:
    store: Store = client.application.extensions["store"]
    store.add_searches(today(), {"丢失": Counts(9, 0, 0, 7), "丢落 补卡": Counts(4, 0, 4, 0), "<b>x": Counts(2, 2)})
    store.vote(LOST, False)
    store.add_reason(LOST, "看不懂", "<script>alert(1)</script>")
    log_in(client)
    page = client.get("/insights?days=7").text
    for shown in (
        "丢失",
        "丢落 补卡",
        "只找到一部分",
        "&lt;b&gt;x",
        LOST,
        "&lt;script&gt;",
        "helpcenter insights --apply ",
    ):
        assert shown in page
    assert "<script>alert" not in page
    assert " style=" not in page, "the security policy would drop it"
    assert "127.0.0.1" not in page


def test_comments_are_marked_done_by_who_is_logged_in(client: FlaskClient) -> None:
    store: Store = client.application.extensions["store"]
    store.add_reason(LOST, "", "哪里停号？")
    store.vote(LOST, True)
    log_in(client)
    page = client.get("/insights").text
    assert "哪里停号？" in page and "有帮助 1 · 没有 0" in page
    token = re.search(r'name="token" value="([^"]+)"><button class="leave" type="submit" name="done"', page)
    assert token
    good = {"token": token[1], "done": LOST}
    assert client.post("/insights", data=good, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert client.post("/insights", data=good | {"token": "x"}, headers=HERE).status_code == 403
    assert client.application.test_client().post("/insights", data=good, headers=HERE).status_code == 403
    assert "哪里停号？" in client.get("/insights").text
    assert client.post("/insights", data=good, headers=HERE).status_code == 303
    assert "哪里停号？" not in client.get("/insights").text


def test_the_page_reads_well_on_a_phone(
    browser: Browser, serve: Callable[..., AbstractContextManager[Any]], site_index: Path, database: str
) -> None:
    store = Store(database)
    store.add_searches(today(), {"非常长的一个查询" * 8: Counts(4, 4), "丢失": Counts(9, 0, 0, 7)})
    store.vote(LOST, True)
    store.close()
    with serve(site_index, HELPCENTER_DATABASE_URL=database, HELPCENTER_ADMIN_TOKEN=ADMIN_TOKEN) as site:
        context = browser.new_context(base_url=site.address, viewport={"width": 390, "height": 844})
        page = context.new_page()
        refused: list[str] = []
        page.on("console", lambda line: refused.append(line.text) if "Security Policy" in line.text else None)
        page.goto("/insights")
        page.get_by_label("管理口令").fill(ADMIN_TOKEN)
        page.get_by_role("button", name="登录").click()
        page.wait_for_selector(".chart")
        assert ADMIN_TOKEN not in page.url
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert page.locator(".chart .bar-value").last.bounding_box()["height"] > 50  # type: ignore[index]
        assert refused == []
        page.get_by_role("button", name="退出").click()
        page.get_by_label("管理口令").wait_for()
        context.close()


def test_the_home_page_lists_what_readers_ask_most(site: Flask, database: str) -> None:
    def listed() -> tuple[str, list[str]]:
        site.extensions.pop("popular", None)
        with site.test_request_context():
            page = home_page(site.extensions["library"].snapshot())
        return page.listed_heading, [card.id for card in page.listed]

    assert listed()[0] == "可以先看"
    store = Store(database)
    asked = {"法国 丢失": 9, "蓝鲸 航天飞机": 8, "换机": 5, "只问过一次": 1}
    store.add_searches(today(), {query: Counts(count) for query, count in asked.items()})
    store.close()
    heading, articles = listed()
    assert heading == "常看"
    assert articles[0] == LOST
    assert 2 <= len(articles) <= 3
