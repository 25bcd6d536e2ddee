"""What is kept: finished answers, until the content changes; static files, for good."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import time
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from helpcenter import create_app
from helpcenter.http.caching import SearchSeen
from helpcenter.settings import Settings
from index import build

ARTICLE = "/articles/replacement/france-lost"
FRAGMENT = {"HX-Request": "true"}


def test_a_repeated_answer_is_the_same_and_costs_no_second_search(app: Flask, client: FlaskClient) -> None:
    first = client.get("/search?q=补卡要多久")
    seen: list[SearchSeen] = []
    app.extensions["search_observers"].append(seen.append)
    again = client.get("/search?q=补卡要多久")
    app.extensions["search_observers"].clear()
    assert again.data == first.data
    assert dict(again.headers) == dict(first.headers)
    assert [(search.query, search.live) for search in seen] == [("补卡要多久", False)], "cached answers are counted too"


def test_addresses_that_no_reader_sends_take_no_room(app: Flask, client: FlaskClient) -> None:
    kept = app.extensions["answers"].answers
    client.get("/search", query_string={"q": "停" * 200})
    before = len(kept)
    for address, host in (("/search?q=费&x=" + "x" * 5000, "localhost"), ("/search?q=费", "x" * 5000)):
        for _ in range(2):
            assert client.get(address, headers={"Host": host}).status_code in (200, 400)
    assert before > 0 and len(kept) == before, "an address has 64 kB, and thousands of answers are kept"


def test_unchanged_pages_are_not_sent_again(client: FlaskClient) -> None:
    for address in ("/", ARTICLE, "/search?q=费用", "/api/v1/search?q=费用", "/static/app.css"):
        tag = client.get(address).headers["ETag"]
        for _ in range(2):
            answer = client.get(address, headers={"If-None-Match": tag})
            assert (answer.status_code, answer.data) == (304, b"")
            assert answer.headers["ETag"] == tag


def test_fragment_page_language_and_encoding_never_mix(client: FlaskClient) -> None:
    kinds = [
        client.get(prefix + "/search?q=手机", headers=headers).data
        for _ in range(2)
        for prefix in ("", "/zh-hant")
        for headers in ({}, FRAGMENT, {"Accept-Encoding": "gzip"})
    ]
    assert kinds[:6] == kinds[6:]
    assert len(set(kinds)) == 6
    assert gzip.decompress(kinds[2]) == kinds[0]


def test_a_rebuild_is_seen_at_once(tmp_path: Path) -> None:
    content, index = tmp_path / "content", tmp_path / "index"
    content.mkdir()
    (content / "a.md").write_text("# 旧题目\n\n文字。\n")
    build(content, index)
    client = create_app(Settings(index=index)).test_client()
    old = client.get("/articles/a")
    assert "旧题目" in old.text
    (content / "a.md").write_text("# 新题目\n\n文字。\n")
    build(content, index)
    until = time.monotonic() + 5  # the library looks at its pointer a few times a second
    while "旧题目" in (page := client.get("/articles/a").text) and time.monotonic() < until:
        time.sleep(0.05)
    assert "新题目" in page
    assert client.get("/articles/a", headers={"If-None-Match": old.headers["ETag"]}).status_code == 200


def test_static_files_are_fingerprinted(client: FlaskClient) -> None:
    page = client.get("/").text
    assets = [one for one in re.findall(r'(?:href|src)="(/static/[^"]+)"', page) if not one.endswith(".png")]
    assert len(assets) > 8  # the sign for the home screen alone is asked for by its plain name
    for asset in assets:
        answer = client.get(asset)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]
        assert "/vendor/" in asset or not re.search(r"^\s*// ", answer.text, re.MULTILINE), "a comment travels"
    assert "immutable" not in client.get("/static/app.css").headers["Cache-Control"]
    assert client.get("/static/../settings.py").status_code == 404


def test_vendored_files_are_what_they_say(root: Path) -> None:
    folder = root / "helpcenter" / "static" / "vendor"
    record = json.loads((folder / "VENDORED.json").read_text())
    assert set(record) == {path.name for path in folder.iterdir()} - {"VENDORED.json"}
    for name, entry in record.items():
        content = (folder / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"]
        assert f'version:"{entry["version"]}"'.encode() in content
        assert entry["version"].startswith("2.0.")
