"""What the server tells browsers they may do, whom it believes, and that pages need none of what is forbidden."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from helpcenter import create_app
from helpcenter.settings import Settings

ARTICLE = "/articles/emergency/lost-phone"
ADDRESSES = ("/", "/search?q=丢失", ARTICLE, "/api/v1/search?q=a", "/nowhere", "/static/app.css")


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_answer_carries_the_headers(client: FlaskClient, address: str) -> None:
    for _ in ("computed", "cached"):
        headers = client.get(address).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "Strict-Transport-Security" not in headers
        assert len(headers.getlist("Content-Security-Policy")) == 1


def test_templates_need_no_inline_code(root: Path) -> None:
    for template in (root / "templates").glob("*.html"):
        source = template.read_text()
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|hx-on|hx-vals=.js", source), template.name
        scripts = re.findall(r"<script(?![^>]*\ssrc=)([^>]*)>", source)
        assert all("application/ld+json" in attributes for attributes in scripts), template.name
        assert "|safe" not in source.replace(" ", ""), template.name
        assert not re.search(r'(src|href)="(https?:)?//', source), template.name


def test_tls_is_kept_by_hsts(site_index: Path) -> None:
    client = create_app(Settings(index=site_index, proxy_hops=1)).test_client()
    assert "Strict-Transport-Security" not in client.get("/").headers
    secure = client.get("/", headers={"X-Forwarded-Proto": "https", "X-Forwarded-Host": "help.example.org"})
    assert "max-age=" in secure.headers["Strict-Transport-Security"]
    assert '<link rel="canonical" href="https://help.example.org/">' in secure.text


def test_forwarded_headers_are_believed_only_from_a_known_proxy(client: FlaskClient) -> None:
    answer = client.get("/", headers={"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"})
    assert "evil.example" not in answer.text
    assert "Strict-Transport-Security" not in answer.headers


def test_only_trusted_hosts_are_answered(site_index: Path) -> None:
    client = create_app(Settings(index=site_index, trusted_hosts=("help.example.org",))).test_client()
    assert client.get("/", headers={"Host": "help.example.org"}).status_code == 200
    for address in ("/", "/search?q=a", "/nowhere"):
        answer = client.get(address, headers={"Host": "evil.example"})
        assert answer.status_code == 400
        assert "evil.example" not in answer.text


def test_the_public_address_is_used_where_it_is_set(site_index: Path) -> None:
    client = create_app(Settings(index=site_index, base_url="https://help.example.org")).test_client()
    page = client.get(ARTICLE, headers={"Host": "10.0.0.7"}).text
    assert f'rel="canonical" href="https://help.example.org{ARTICLE}"' in page
    assert "10.0.0.7" not in page


def test_nothing_sets_a_cookie(client: FlaskClient) -> None:
    for address in ADDRESSES:
        assert "Set-Cookie" not in client.get(address).headers
