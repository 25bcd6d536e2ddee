"""What is counted of searches. The page: test_figures.py; logins: test_logins.py; the terminal: test_improving.py."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from support import ADMIN_TOKEN

from helpcenter.feedback.views import without_contacts
from helpcenter.http.caching import SearchSeen
from helpcenter.insights import recording
from helpcenter.store.records import Counts, StoreUnavailable
from helpcenter.store.store import Store, today

if TYPE_CHECKING:
    pass

LOST = "replacement/france-lost"


@pytest.fixture
def client(site: Flask) -> FlaskClient:
    return site.test_client()


def counted(client: FlaskClient) -> dict[str, Counts]:
    """What the store holds once everything is written."""
    client.application.extensions["recorder"].flush(last=True)
    found: dict[str, Counts] = client.application.extensions["store"].searches(1)
    return found


def search(client: FlaskClient, query: str, live: bool = False) -> None:
    client.get("/search", query_string={"q": query}, headers={"HX-Request": "true"} if live else {})


def test_searches_are_counted_cached_ones_too(client: FlaskClient) -> None:
    for _ in range(3):
        search(client, "丢失")
    client.get("/api/v1/search?q=丢失")
    search(client, "qwxyzz")
    assert counted(client) == {"丢失": Counts(4, 0, 0, 0), "qwxyzz": Counts(1, 1, 0, 0)}


def test_states_of_guides_are_counted_so_that_giving_up_shows(
    client: FlaskClient, site: Flask, database: str, run: Callable[..., Any], site_index: Path
) -> None:
    for path, times in (("", 4), ("/fr", 3), ("/fr/lost", 2), ("/fr/lost/orange", 1), ("/fr/nowhere", 5)):
        for _ in range(times):
            client.get(f"/guides/replace{path}")
    client.get("/zh-hant/guides/replace/fr")
    client.get("/guides/replace/fr", headers={"Sec-Purpose": "prefetch"})
    site.extensions["recorder"].flush(last=True)
    reached = site.extensions["store"].steps(1)
    assert reached == {"replace": 4, "replace/fr": 4, "replace/fr/lost": 2, "replace/fr/lost/orange": 1}
    shown = run("insights", "--index", site_index, HELPCENTER_DATABASE_URL=database).stdout
    assert "《补卡向导》：开始 4 次，得到步骤 1 次" in shown
    assert "2 次停在：法国的号码（+33） → 出了什么事？（到过 4 次）" in shown
    page = client.get("/insights", headers={"Authorization": f"Bearer {ADMIN_TOKEN}"}).text
    assert "补卡向导" in page or "正在统计" in page


def test_what_was_typed_before_an_article_was_opened_is_told(
    client: FlaskClient, site: Flask, database: str, run: Callable[..., Any], site_index: Path
) -> None:
    other = "replacement/waiting-time"
    for query, article, times in (
        ("丢失 法国", LOST, 3),
        ("蛋糕", LOST, 1),
        ("補卡", other, 2),
        ("补卡", "no/where", 1),
    ):
        search(client, query)
        for _ in range(times):
            client.get(f"/articles/{article}", headers={"Referer": f"http://localhost/search?q={quote(query)}"})
    client.get(f"/articles/{LOST}", headers={"Referer": "http://localhost/search?q=never+asked"})
    site.extensions["recorder"].flush(last=True)
    store = site.extensions["store"]
    assert store.openings(1, LOST) == {"丢失 法国": 3, "蛋糕": 1}
    assert store.openings(1, other) == {"补卡": 2}
    assert store.openings(1, "no/where") == {}
    told = run("asks", LOST, "--index", site_index, HELPCENTER_DATABASE_URL=database)
    assert told.returncode == 0
    assert re.search("3 次  丢失 法国 +第 [1-9] 条：", told.stdout)
    assert re.search("1 次  蛋糕 +前 10 条里没有这篇", told.stdout)
    rows = json.loads(run("asks", other, "--json", "--index", site_index, HELPCENTER_DATABASE_URL=database).stdout)
    assert [(row["query"], row["opened"]) for row in rows["queries"]] == [("补卡", 2)]
    nothing = run("asks", "emergency/lost-phone", "--index", site_index, HELPCENTER_DATABASE_URL=database)
    assert "还没有人" in nothing.stdout
    assert run("asks", "nowhere", "--index", site_index, HELPCENTER_DATABASE_URL=database).returncode == 2


def test_only_the_end_of_typing_counts(client: FlaskClient) -> None:
    for query in ("丢", "丢失", "丢失 法", "丢失 法国"):
        search(client, query, live=True)
    search(client, "丢失 法国", live=True)
    search(client, "丢失 法国")
    assert counted(client) == {"丢失 法国": Counts(1)}


def test_two_readers_typing_at_once_both_count(client: FlaskClient) -> None:
    for query in ("补卡", "换机", "补卡 费用", "换机 旧手机"):
        search(client, query, live=True)
    assert set(counted(client)) == {"补卡 费用", "换机 旧手机"}


def test_typed_searches_wait_for_what_they_become(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = client.application.extensions["recorder"]
    search(client, "补卡", live=True)
    search(client, "卡", live=True)
    recorder.flush()
    assert recorder.store.searches(1) == {}
    later = time.monotonic() + recording.TYPING + 1
    monkeypatch.setattr(recording.time, "monotonic", lambda: later)
    search(client, "补卡费用", live=True)
    recorder.flush()
    assert recorder.store.searches(1) == {"补卡": Counts(1)}, "a minute later it is another search; one letter is none"


def test_spellings_of_one_query_are_one_and_numbers_are_not_kept(client: FlaskClient) -> None:
    for query in ("ＥＳＩＭ 丟失", "esim  丢失", "eSIM 丢失", "我的号码 13800138000 me@example.org"):
        search(client, query)
    assert set(counted(client)) == {"esim 丢失", "我的号码 〔号码〕 〔邮箱〕"}
    assert counted(client)["esim 丢失"].asked == 3


def test_opening_an_article_or_a_section_from_results_counts(client: FlaskClient) -> None:
    search(client, "丢失 法国", live=True)
    for path in (f"/articles/{LOST}", f"/articles/{LOST}/sections/report-loss", f"/zh-hant/articles/{LOST}"):
        client.get(path, headers={"Referer": "http://localhost/search?q=%E4%B8%A2%E5%A4%B1+%E6%B3%95%E5%9B%BD"})
    for referer in (
        "https://www.example.com/search?q=丢失+法国",
        "http://localhost/search?q=没人搜过",
        "http://[/search?q=x",
    ):
        client.get(f"/articles/{LOST}", headers={"Referer": referer.encode().decode("latin-1")})
    client.get(f"/articles/{LOST}", headers={"Referer": "http://localhost/search?q=丢失", "Sec-Purpose": "prefetch"})
    assert counted(client) == {"丢失 法国": Counts(1, opened=3)}


def test_a_served_site_counts_what_readers_do_and_not_its_own_warm_up(
    serve: Callable[..., AbstractContextManager[Any]], site_index: Path, database: str
) -> None:
    with serve(site_index, "--workers", 2, HELPCENTER_DATABASE_URL=database) as site:
        for _ in range(8):
            site.get("/search?q=esim%20wifi")
    store = Store(database)
    assert store.searches(1) == {"esim wifi": Counts(8)}, "written when the workers stopped"
    store.close()


def test_a_search_does_not_wait_for_the_database(site: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = site.extensions["recorder"]
    begun, done = threading.Event(), threading.Event()
    written: list[dict[str, Counts]] = []

    def slowly(day: date, counts: dict[str, Counts]) -> None:
        begun.set()
        assert done.wait(10)
        written.append(dict(counts))

    monkeypatch.setattr(recorder.store, "add_searches", slowly)
    recorder.see(SearchSeen("丢失", 3, 3, False))
    thread = threading.Thread(target=recorder.flush)
    thread.start()
    assert begun.wait(10)
    recorder.see(SearchSeen("丢失", 3, 3, False))
    recorder.see(SearchSeen("换机", 3, 3, False))
    done.set()
    thread.join()
    recorder.flush()
    assert written == [{"丢失": Counts(1)}, {"丢失": Counts(1), "换机": Counts(1)}]


def test_what_waits_is_bounded(site: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "MOST_WAITING", 20)
    monkeypatch.setattr(recording, "MOST_KEPT", 10)
    recorder = site.extensions["recorder"]
    for number in range(30):
        recorder.see(SearchSeen(f"丢失 {number:02}", 3, 3, True))
        recorder.see(SearchSeen(f"换机 {number:02}", 3, 3, False))
    assert len(recorder.typed) == 20
    recorder.flush()
    assert len(recorder.store.searches(1)) == 10
    client = site.test_client()
    for number in range(recording.MOST_OPENED + 5):
        recorder.open(f"http://localhost/search?q={number}", f"/articles/{LOST}")
    client.get(f"/articles/{LOST}", headers={"Referer": f"http://localhost/search?q={'x' * 60_000}"})
    assert len(recorder.opened) == recording.MOST_OPENED
    assert len(recorder.opened[-1][1]) < 3000


def test_what_could_not_be_written_is_written_later(site: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = site.extensions["recorder"]

    def away(day: date, counts: dict[str, Counts]) -> None:
        raise StoreUnavailable("weg")

    recorder.see(SearchSeen("丢失", 3, 3, False))
    with monkeypatch.context() as patch:
        patch.setattr(recorder.store, "add_searches", away)
        recorder.flush()
    recorder.see(SearchSeen("丢失", 3, 3, False))
    recorder.flush()
    assert recorder.store.searches(1) == {"丢失": Counts(2)}


def test_a_full_day_takes_what_it_knows_and_nothing_new(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("helpcenter.store.store.MOST_A_DAY", 2)
    store = Store(database)
    store.add_searches(today(), {"丢失": Counts(1), "换机": Counts(1), "只打开": Counts(opened=1)})
    store.add_searches(today(), {"丢失": Counts(1, 1), "补卡": Counts(1), "换机": Counts(opened=2)})
    assert store.searches(1) == {"丢失": Counts(2, 1), "换机": Counts(1, opened=2)}
    store.close()


def test_what_would_steer_a_terminal_is_not_kept(client: FlaskClient) -> None:
    search(client, "丢失\u202e\u009b31m卡")
    assert counted(client) == {"丢失 31m卡": Counts(1, 0, 1)}
    assert without_contacts("好\u009b2J\u202e\x1b[31m") == "好 2J [31m"
