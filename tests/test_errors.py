"""What readers and programs get where something is not there, not ready or broken."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpcenter import create_app
from helpcenter.pages.errors import slug_words
from helpcenter.settings import Settings
from index import build

ARTICLE = "/articles/replacement/france-lost"


def test_an_address_without_end_is_compared_with_nothing(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, compared = type(app.extensions["library"].snapshot()), []
    real = kind.resembling
    monkeypatch.setattr(kind, "resembling", lambda self, text, most: (compared.append(text), real(self, text, most))[1])
    for path in ("/articles/emergency/lost-phon", "/articles/" + "lost-phone/" * 2000):
        assert client.get(path).status_code == 404
    assert compared == ["emergency/lost-phon"]


@pytest.mark.parametrize("address", ["/nowhere", "/articles/x/lost-sim", "/topics/none", "/static/none.css"])
def test_what_is_not_there_offers_a_search(client: FlaskClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 404
    assert 'role="search"' in answer.text
    assert "没有这个页面" in answer.text


def test_a_dead_address_becomes_words_to_search_for() -> None:
    assert slug_words("/articles/france/lost-sim_card.md") == "lost sim card"
    assert slug_words("/") == ""


def test_api_errors_are_json(client: FlaskClient) -> None:
    for address, code in (("/api/v1/search?limit=101", 400), ("/api/v1/search?offset=x", 400), ("/api/none", 404)):
        answer = client.get(address)
        assert answer.status_code == code
        assert set(answer.json["error"]) == {"code", "message"}
    assert client.post("/api/v1/search").status_code == 405


def test_without_an_index_pages_say_503_until_one_is_built(tmp_path: Path, root: Path) -> None:
    app = create_app(Settings(index=tmp_path / "index"))
    client = app.test_client()
    for address in ("/", "/search?q=a", ARTICLE):
        answer = client.get(address)
        assert answer.status_code == 503
        assert 'role="search"' in answer.text
        assert answer.headers["Retry-After"]
    assert client.get("/api/v1/search?q=a").json["error"]["code"] == 503
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "a.md").write_text("# 一\n\n字。\n")
    build(tmp_path / "content", tmp_path / "index")
    assert client.get("/readyz").status_code == 200
    assert client.get("/").status_code == 200


def test_a_fault_of_ours_is_a_500_page_with_a_search_box(site_index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr("helpcenter.pages.views.home_page", broken)
    answer = create_app(Settings(index=site_index)).test_client().get("/")
    assert answer.status_code == 500
    assert 'role="search"' in answer.text
    assert "secret" not in answer.text


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.text(max_size=60), page=st.text(max_size=6), value=st.text(max_size=20), mirror=st.booleans())
def test_no_input_is_an_error_of_ours(client: FlaskClient, query: str, page: str, value: str, mirror: bool) -> None:
    parameters = {"q": query.encode("utf-8", "ignore"), "page": page.encode("utf-8", "ignore")}
    prefix = "/zh-hant" if mirror else ""
    for address in ("/search", "/api/v1/search"):
        filters = {"region": value.encode("utf-8", "ignore"), "topic": value.encode("utf-8", "ignore")}
        assert client.get(prefix + address, query_string=parameters | filters).status_code < 500
    path = quote(value.encode("utf-8", "ignore"))
    assert client.get(f"{prefix}/articles/{path}").status_code < 500


def test_a_mistyped_address_shows_the_article_it_may_have_meant(client: FlaskClient) -> None:
    for address in ("/articles/replacment/france-lots", "/articles/replacement/france_lost"):
        answer = client.get(address)
        assert answer.status_code == 404
        assert f'href="{ARTICLE}"' in answer.text
    assert "也许是这一篇" not in client.get("/zzzz").text
