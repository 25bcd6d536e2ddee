"""The site in Traditional Chinese below /zh-hant/: its words, its links, and who is led there."""

from __future__ import annotations

import re

from flask import Flask
from flask.testing import FlaskClient

from helpcenter.http.traditional import html_to_traditional

ARTICLE = "/articles/replacement/france-lost"
FRAGMENT = {"HX-Request": "true"}


def test_the_mirror_is_traditional_and_keeps_its_links(client: FlaskClient) -> None:
    page = client.get(f"/zh-hant{ARTICLE}").text
    assert '<html lang="zh-Hant">' in page
    assert "報失" in page
    assert "报失" not in re.sub(r"<[^>]*>", "", page).replace("简体", "")
    links = set(re.findall(r'<a [^>]*href="(/[^"#?]*)', page))
    # The switch, and the one file that holds what a device can save.
    assert {link for link in links if not link.startswith("/zh-hant")} == {ARTICLE, "/download"}
    assert f'rel="canonical" href="http://localhost/zh-hant{ARTICLE}"' in page
    for link in links - {"/download"}:  # which is made on demand: test_offline.py
        assert client.get(link).status_code == 200, link


def test_the_mirror_keeps_values_code_and_addresses(client: FlaskClient) -> None:
    page = client.get("/zh-hant/search?q=激活&region=法国").text
    assert 'value="激活"' in page
    assert 'value="法国"' in page
    assert "法國" in page
    assert html_to_traditional('<a href="/短信" title="短信">短信</a>') == '<a href="/短信" title="簡訊">簡訊</a>'
    assert html_to_traditional('<input value="短信" placeholder="短信">') == '<input value="短信" placeholder="簡訊">'
    assert html_to_traditional('<code>短信</code><i data-x=">短信">') == '<code>短信</code><i data-x=">短信">'


def test_who_chose_traditional_is_led_there(app: Flask) -> None:
    client = app.test_client()
    client.set_cookie("language", "zh-hant")
    accepts = {"Accept": "text/html"}
    answer = client.get(f"{ARTICLE}?a=1", headers=accepts)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/zh-hant{ARTICLE}?a=1")
    assert "no-store" in answer.headers["Cache-Control"]
    assert client.get("/search?q=a", headers=accepts | FRAGMENT).status_code == 200
    assert client.get(f"{ARTICLE}.md", headers=accepts).status_code == 200
    assert client.get("/api/v1/search?q=a", headers=accepts).status_code == 200
    assert client.get("//evil.example/", headers=accepts).headers.get("Location", "/").startswith("/")
