"""The database frozen or gone in the middle of things: readers read on, votes are told kindly, all recovers by itself.

In: a PostgreSQL of our own, a real `helpcenter serve`. Out: pages answered meanwhile; what was counted, afterwards.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import databases
import pytest
from support import wait_for

from helpcenter.store.records import StoreUnavailable
from helpcenter.store.store import Store

ARTICLE = "emergency/lost-phone"
UNLIKELY = "补卡 蓝鲸"


@pytest.fixture
def server() -> Iterator[databases.Postgresql]:
    with databases.postgresql() as found:
        if found is None:
            pytest.skip(databases.MISSING)
        yield found


def ask(address: str, method: str, path: str, body: str = "", **headers: str) -> tuple[int, str]:
    connection = HTTPConnection(urlsplit(address).netloc, timeout=20)
    try:
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Origin": address} if body else {}
        connection.request(method, path, body or None, kind | headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def vote(address: str, token: str) -> tuple[int, str]:
    return ask(address, "POST", f"/feedback/{ARTICLE}", urlencode({"vote": "yes", "token": token}))


def test_a_transaction_that_is_not_answered_is_given_up(
    server: databases.Postgresql, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, other = Store(server.url), Store(server.url)
    store.vote(ARTICLE, True)
    told: list[str] = []

    def wait() -> None:
        try:
            store.vote(ARTICLE, True)
        except StoreUnavailable as error:
            told.append(str(error))

    with other._writing(60) as connection:
        connection.exec_driver_sql("LOCK TABLE votes")
        waiting = threading.Thread(target=wait, daemon=True)
        waiting.start()
        waiting.join(30)
        assert told, "it waits for ever"
    store.vote(ARTICLE, True)
    server.freeze()
    frozen = threading.Thread(target=wait, daemon=True)
    frozen.start()
    frozen.join(30)
    assert len(told) == 2
    server.thaw()
    store.vote(ARTICLE, True)
    assert store.votes(1) == {ARTICLE: (3, 0)}
    for one in (store, other):
        one.close()


@pytest.mark.slow
@pytest.mark.parametrize("how", ["frozen", "gone"])
def test_readers_read_on_and_votes_are_told(
    server: databases.Postgresql, serve: Callable[..., AbstractContextManager[Any]], site_index: Path, how: str
) -> None:
    settings = {"HELPCENTER_DATABASE_URL": server.url, "HELPCENTER_ADMIN_TOKEN": "a-token-of-some-length"}
    with serve(site_index, "--workers", 1, **settings) as site:
        address = site.address
        token = re.search(r'name="token" value="([^"]+)"', ask(address, "GET", f"/articles/{ARTICLE}")[1])
        assert token and vote(address, token[1])[0] == 303
        ask(address, "GET", f"/search?q={quote(UNLIKELY)}")
        server.freeze() if how == "frozen" else server.stop()

        def look(number: int) -> None:
            with suppress(OSError):
                ask(address, "GET", "/insights", Cookie=f"insights={number:040}")

        with ThreadPoolExecutor(108) as pool:
            for number in range(100):  # anybody can send a made-up cookie, which the database must be asked about
                pool.submit(look, number)
            votes = [pool.submit(vote, address, token[1]) for _ in range(3)]
            for path in ("/", f"/articles/{ARTICLE}", f"/search?q={quote(UNLIKELY)}", "/readyz") * 5:
                assert ask(address, "GET", path)[0] == 200
            for status, page in (one.result() for one in votes):
                assert status == 503
                assert "暂时记不下评价" in page
        server.thaw() if how == "frozen" else server.start()
        wait_for(lambda: vote(address, token[1])[0] == 303)
    store = Store(server.url)
    assert store.votes(1)[ARTICLE][0] >= 2
    assert store.searches(1)[UNLIKELY].asked == 6, "counted while the database was away, and written since"
    store.close()
