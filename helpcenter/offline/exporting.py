"""Exporting: the help center as one file, as plain files for any web host, or for Kiwix.

In: the application and its live snapshot. Out: bytes, a folder, a ZIM file. Why the same pages and scripts as online:
one look, and nothing to keep in step. In the one file everything lies inside the page, for `file://` has no network; as
plain files the pages are pages and only the search runs in the browser.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import time
import zlib
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from flask import Flask

from helpcenter.guides.walking import walk
from helpcenter.http.caching import STATIC, sent
from helpcenter.offline.pack import LIVE, Pack, pack, script
from helpcenter.pages.frame import STATIC_NAMES, STYLES
from index import Guide, Snapshot

_SCRIPT = re.compile(r"<script src=[^>]*></script>\n?")
_LINK = re.compile(r"<link [^>]*>\n?")
_HTMX_SCRIPT = re.compile(r"<script src=[^>]*htmx[^>]*></script>\n?")
_FEEDBACK = re.compile(r'<form[^>]*action="[^"]*/feedback/.*?</form>', re.DOTALL)
_SYMBOL = re.compile(r'<symbol id="([\w-]+)".*?</symbol>\n?', re.DOTALL)
_SAVE = re.compile(r"<button [^>]*data-offline=[^>]*>[^<]*</button>")
_OFFLINE = re.compile(r'<div class="offline">.*?</div>', re.DOTALL)
_ELSEWHERE = re.compile(r"(?:<li>)?<a [^>]*(?:data-language=|/feed\.atom).*?</a>(?:</li>)?", re.DOTALL)
"""Links to what no file has: the other script, the feed."""
_READER = re.compile(
    r'<div class="offline">.*?</div>|<button [^>]*data-offline=[^>]*>[^<]*</button>'
    r'|<template id="offline-words">.*?</template>|<script [^>]*offline\.js[^>]*></script>'
    r'|<aside class="offer".*?</aside>|<link [^>]*(?:manifest|alternate|"search"|apple-touch-icon)[^>]*>'
    r'|<a [^>]*\.md">.*?</a>',
    re.DOTALL,
)
"""What a reader of ZIM files does itself, or does not have: saving, the site's search, other forms of a page."""
_PAGE = re.compile(rb'="/((?:articles|topics|guides|about)[^"#]*)(#[^"]*)?"')
MAKING = 600.0
"""Seconds that an export waits for an answer that is being made."""
KINDS = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml", "png": "image/png",
         "webp": "image/webp", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif",
         "avif": "image/avif"}  # fmt: skip
FEEDS = ("/sitemap.xml", "/feed.atom", "/robots.txt", "/llms.txt", "/llms-full.txt", "/opensearch.xml",
         "/site.webmanifest", "/sw.js")  # fmt: skip


def single_file(app: Flask, packed: Pack, language: str = "") -> bytes:
    """The whole help center in one HTML file that opens from disk; `language`: `zh-Hant` lets it show Traditional."""
    html = _get(app, "/offline/shell").decode()
    if language:
        html = re.sub('<html lang="[^"]*"', f'<html lang="{language}"', html, count=1)
    styles = "\n".join(sent(name).decode() for name in STYLES)
    code = "\n".join(sent(name).decode() for name in ("app.js", "article.js")) + script().decode()
    files = {
        url: json.loads(body) for url, body in packed.bodies.items() if url.endswith(".json") and "/frame-" not in url
    }
    data = json.dumps({**files, "built": packed.built}, ensure_ascii=False, separators=(",", ":"))
    html = _ELSEWHERE.sub("", _OFFLINE.sub("", _SCRIPT.sub("", _LINK.sub("", html))))
    html = re.sub(r'"[^"]*/static/icons\.svg[^"#]*#', '"#', html)
    data = re.sub(r'\\"[^"\\]*/static/icons\.svg[^"#\\]*#', r"\"#", data)
    pictures = {one.url for one in packed.files if one.url.startswith("/media/")}
    for path in sorted(set(re.findall(r'src=\\"(/media/[^"\\]+)', data))):
        if unescape(path) not in pictures:
            continue
        kind = {"svg": "svg+xml", "jpg": "jpeg"}.get(suffix := path.rpartition(".")[2].lower(), suffix)
        data = data.replace(path, f"data:image/{kind};base64,{base64.b64encode(_get(app, unescape(path))).decode()}")
    data = _SAVE.sub("", data)  # it is saved
    drawn = set(re.findall(r"#([\w-]+)", html + data)) | set(re.findall(r'\["([\w-]+)"\]', data))
    sprite = _SYMBOL.sub(lambda one: one[0] if one[1] in drawn else "", (STATIC / "icons.svg").read_text("utf-8"))
    head = f"<style>\n{styles}\n</style>\n</head>"
    # Compressed, the file is half as long; a browser that cannot read it (before 2023) says so. Its own pages are not
    # written out, so that nothing would be read without JavaScript either way.
    inside = base64.b64encode(zlib.compress(data.encode(), 9)).decode()
    packed_data = f'<script type="application/octet-stream" data-pack>{inside}</script>'
    tail = f"{sprite}\n{packed_data}\n<script>\n{code}\n</script>\n</body>"
    return html.replace("</head>", head, 1).replace("</body>", tail, 1).encode()


def write_static(app: Flask, live: Snapshot, folder: Path) -> int:
    """Write every page below `folder`; returns how many files. What lay there of an earlier export is replaced.

    Links begin where the setting `base_url` says that the files will lie.
    """
    mount = urlsplit(app.extensions["settings"].base_url).path.rstrip("/")
    fresh = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    count = 0
    for path, body in static_files(app, live, mount):
        place = fresh / unquote(path).lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(body)
        count += 1
    if folder.exists():
        shutil.rmtree(folder)
    fresh.rename(folder)
    return count


def write_zim(app: Flask, live: Snapshot, file: Path) -> int:
    """Write a ZIM file, for Kiwix; returns how many pages. Raises ImportError without `libzim`."""
    from libzim.writer import Creator, Hint, Item, StringProvider

    class Page(Item):  # type: ignore[misc]
        def __init__(self, path: str, title: str, kind: str, body: bytes) -> None:
            super().__init__()
            self.path, self.title, self.kind, self.body = path, title, kind, body

        def get_path(self) -> str:
            return self.path

        def get_title(self) -> str:
            return self.title

        def get_mimetype(self) -> str:
            return self.kind

        def get_contentprovider(self) -> StringProvider:
            return StringProvider(self.body)

        def get_hints(self) -> dict[Hint, bool]:
            return {Hint.FRONT_ARTICLE: self.kind == "text/html"}

    count = 0
    with Creator(str(file)).config_indexing(True, "zho") as creator:
        creator.set_mainpath("index.html")
        for path, body in static_files(app, live):
            kind = KINDS.get(path.rpartition(".")[2])
            if not kind or path.startswith(("/zh-hant/", "/search/", "/sw.js")):
                continue
            up = "../" * (path.count("/") - 1) or "./"
            title = re.search(rb"<title>(.*?)</title>", body)
            if kind == "text/html":
                body = _READER.sub("", _ELSEWHERE.sub("", body.decode())).encode()
                body = body.replace(b'<form id="search"', b'<form hidden id="search"')
                body = re.sub(rb'<a href="/search[^>]*>(.*?)</a>', rb"\1", body)
                body = _PAGE.sub(rb'="/\1/index.html\2"', body)
                body = re.sub(rb'(href|src)="/', rf'\1="{up}'.encode(), body)
                body = body.replace(f'="{up}"'.encode(), f'="{up}index.html"'.encode())
                count += 1
            creator.add_item(Page(path[1:], title[1].decode() if title else path, kind, body))
        name = live.site().name
        for key, value in {"Title": name, "Language": "zho", "Creator": name, "Publisher": name, "Name": "helpcenter",
                           "Date": live.built.date().isoformat(), "Description": name}.items():  # fmt: skip
            creator.add_metadata(key, value.encode())
    return count


def static_files(app: Flask, live: Snapshot, mount: str = "") -> Iterator[tuple[str, bytes]]:
    """Every file of a site without a server, by its path below `mount`."""

    def get(path: str) -> bytes:
        return _get(app, path, mount)

    roots = ("", "/zh-hant") if live.site().traditional else ("",)
    paths = ["/", "/about", "/guides", *(f"/topics/{topic.id}" for topic in live.topics())]
    paths += [card.url for card in live.cards()]
    paths += [f"/guides/{guide.id}{answers}" for guide in live.guides() for answers in _states(guide)]
    for root in roots:
        for path in paths:
            yield f"{root}{path.rstrip('/')}/index.html", _still(get(root + path))
        yield f"{root}/search/index.html", _still(get("/offline/shell"))
    yield "/offline/shell", get("/offline/shell")
    packed = pack(app, live)
    yield from packed.bodies.items()
    yield "/offline.json", get("/offline.json")
    for one in packed.files:
        if one.url.startswith("/media/"):
            yield one.url, get(one.url)
    for path in live.site().screenshots:
        yield f"/media/{path}", get(f"/media/{quote(path)}")
    for card in live.cards():
        yield f"{card.url}.md", get(f"{card.url}.md")
    for name in STATIC_NAMES:
        yield f"/static/{name}", sent(name)
    if live.site().light:
        yield "/site.css", get("/site.css")
    for path in FEEDS:
        yield path, get(path)


def _still(body: bytes) -> bytes:
    """A page without what only a server answers: live requests, feedback."""
    return _FEEDBACK.sub("", LIVE.sub("", _HTMX_SCRIPT.sub("", body.decode()))).encode()


def _states(guide: Guide) -> Iterator[str]:
    waiting: list[tuple[str, ...]] = [()]
    while waiting:
        answers = waiting.pop()
        yield "".join(f"/{answer}" for answer in answers)
        question = walk(guide, answers).question
        waiting += [(*answers, option.answer) for option in question.options] if question else []


def _get(app: Flask, path: str, mount: str = "") -> bytes:
    host = next((name.lstrip(".") for name in app.config.get("TRUSTED_HOSTS") or ()), "localhost")
    client, until = app.test_client(), time.monotonic() + MAKING
    base = f"http://{host}{mount}"
    while (answer := client.get(path, base_url=base)).status_code == 503 and time.monotonic() < until:
        time.sleep(0.1)  # large answers are made beside the requests
    if answer.status_code != 200:
        raise ValueError(f"{path}: {answer.status_code}")
    return answer.get_data()
