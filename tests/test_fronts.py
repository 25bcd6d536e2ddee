"""Several front ends: no reader notices what happens to one of them; with one PostgreSQL they count as one.

In: real builders, stores, servers, nginx, PostgreSQL. Out: answers that readers got. Longer: `tests/stress/fronts.py`.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import databases
import fronts
import pytest
from support import nginx_path, wait_for

from helpcenter.store.records import Counts
from helpcenter.store.store import Store

ARTICLE = "emergency/lost-phone"
TOKEN = "a-token-of-some-length"


@pytest.mark.slow
def test_no_reader_notices_a_new_index_a_killed_front_end_or_a_lost_store(tmp_path: Path) -> None:
    if not nginx_path():
        pytest.skip("nginx is not installed")
    with fronts.site(tmp_path) as site:
        readers = fronts.attack(site, 0, 3)
    assert fronts.failed(readers) == []
    assert len(readers.versions) == site.builder.version == 4
    assert readers.answers > 100


@pytest.fixture
def two_fronts(serve: Callable[..., AbstractContextManager[Any]], site_index: Path, tmp_path: Path) -> Iterator[Any]:
    """Two servers as on two machines, which share a database and a secret; their addresses and the database's."""
    with databases.postgresql() as database, ExitStack() as stack:
        if database is None:
            pytest.skip(databases.MISSING)
        settings = {
            "HELPCENTER_DATABASE_URL": database.url,
            "HELPCENTER_SECRET_KEY": "the same on all of them",
            "HELPCENTER_ADMIN_TOKEN": TOKEN,
        }
        sites = []
        for number in range(2):
            shutil.copytree(site_index, tmp_path / f"index{number}")
            sites.append(stack.enter_context(serve(tmp_path / f"index{number}", "--workers", 1, **settings)))
        yield *(site.address for site in sites), database.url


def ask(address: str, path: str, form: dict[str, str] | None = None, **headers: str) -> tuple[int, str, str]:
    """Status, body and cookie."""
    connection = HTTPConnection(urlsplit(address).netloc, timeout=20)
    kind = {"Content-Type": "application/x-www-form-urlencoded", "Origin": address} if form else {}
    connection.request("POST" if form else "GET", path, urlencode(form) if form else None, kind | headers)
    answer = connection.getresponse()
    found = answer.status, answer.read().decode(), (answer.headers["Set-Cookie"] or "").partition(";")[0]
    connection.close()
    return found


def test_front_ends_with_one_database_count_and_limit_as_one(two_fronts: tuple[str, str, str]) -> None:
    one, other, database = two_fronts
    token = re.search(r'name="token" value="([^"]+)"', ask(one, f"/articles/{ARTICLE}")[1])
    assert token
    form = {"vote": "yes", "token": token[1]}
    voted = [ask(address, f"/feedback/{ARTICLE}", form)[0] for address in (other, one, other, one)]
    assert voted == [303, 303, 303, 429], "three votes an hour on one article, wherever they arrive"
    for address in (one, other):
        ask(address, f"/search?q={quote('丢失')}")
    store = Store(database)
    wait_for(lambda: store.searches(1) == {"丢失": Counts(2)})
    assert dict(store.frequent(7, 9)) == {"丢失": Counts(2)}
    assert store.votes(1) == {ARTICLE: (3, 0)}
    store.close()
    password = re.search(r'name="token" value="([^"]+)"', ask(one, "/insights")[1])
    assert password
    status, _, cookie = ask(one, "/insights", {"token": password[1], "password": TOKEN})
    assert status == 303
    assert 'type="password"' not in ask(other, "/insights", Cookie=cookie)[1]
    assert ask(other, "/insights", {"leave": "1"}, Cookie=cookie)[0] == 303
    assert 'type="password"' in ask(one, "/insights", Cookie=cookie)[1], "left on one, left on all"
