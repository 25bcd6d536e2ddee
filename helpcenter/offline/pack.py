"""Packing: one snapshot as a few files, each with its hash.

In: the application and its live snapshot. Out: `Pack`. A page is not saved but what it is made of: section HTML and
records in columns, the server's own templates (`templates.py`), the tables of search. Pages weigh 2.5 times as much.
The home page and a few others are asked of the application, since nothing on a device could make them.
One file for a small site, because one stream compresses best; above LARGE bytes of text one more for each topic, so
that a reader can choose.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from html import unescape
from typing import Any
from urllib.parse import quote, unquote

import brotli
from flask import Flask

from helpcenter.http.caching import gzip, sent
from helpcenter.offline.asked import asked
from helpcenter.offline.table import traditional_table
from helpcenter.offline.templates import compiled
from helpcenter.pages.colours import style_address
from helpcenter.pages.frame import STATIC_NAMES, render
from helpcenter.pages.home_page import home_page
from helpcenter.pages.popular import first_articles
from index import Article, ArticlePage, Snapshot

LARGE = 1_000_000
"""Bytes of text above which a reader saves by topic."""
MODULES = (
    "text", "cutting", "index", "parsing", "search", "sounds", "guesses", "layering", "answers", "choosing", "snippets",
    "templates", "articles", "pages", "results", "traditional", "copy", "save", "boot",
)  # fmt: skip
"""The scripts of `static/pocket/` in their order; they travel as one."""
TEMPLATES = (
    "article.html", "topic.html", "_guide.html", "_results.html", "_filters.html", "_cards.html", "_answer.html",
    "_person.html", "_contacts.html", "_paper.html", "_icon.html", "_section.html",
)  # fmt: skip
_MAIN = re.compile(r"<main\b[^>]*>(.*)</main>", re.DOTALL)
_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)
LIVE = re.compile(r'\s(?:hx-[a-z-]+)="[^"]*"')
"""What only a server answers."""
_MEDIA = re.compile(r'src=\\?"(/media/[^"\\]+)')
_WORDS = ("name", "short_name", "search_tips", "note_expired", "note_unverified", "note_nothing")


@dataclass(frozen=True, slots=True)
class PackedFile:
    """One file of a save."""

    url: str
    hash: str
    """SHA-256 of the body, in hex."""
    bytes: int
    """As it travels, compressed."""
    topic: str = ""
    """The topic it holds; empty for what every save needs."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A topic that can be saved by itself."""

    id: str
    title: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Pack:
    """Everything a device saves of one snapshot."""

    version: str
    built: str
    """The day, YYYY-MM-DD."""
    files: tuple[PackedFile, ...]
    bodies: Mapping[str, bytes]
    """Those made here, by address."""
    compressed: Mapping[str, bytes]
    """The same as brotli: of one stream of 400 kB a fifth less than gzip."""
    topics: Sequence[Choice]
    """Those of a large site, of which a reader chooses; none of a small one."""

    def manifest(self) -> dict[str, Any]:
        """`/offline.json`: what a save fetches."""
        return {
            "version": self.version,
            "built": self.built,
            "bytes": sum(one.bytes for one in self.files),
            "topics": [asdict(one) for one in self.topics],
            "files": [asdict(one) for one in self.files],
        }


def script() -> bytes:
    """The search and the pages of a device, as one file without indents and comments."""
    return b"".join(sent(f"pocket/{name}.js") for name in MODULES)


def script_url() -> str:
    """Its address, which changes with it."""
    return f"/offline/pocket-{_hash(script())[:12]}.js"


def pack(app: Flask, live: Snapshot) -> Pack:
    """Pack all of `live`: some 2 ms an article."""
    client = app.test_client()
    host = next((name.lstrip(".") for name in app.config.get("TRUSTED_HOSTS") or ()), "localhost")

    def get(path: str) -> bytes:
        answer = client.get(path, headers={"Host": host})
        if answer.status_code != 200:
            raise ValueError(f"{path}: {answer.status_code}")
        return answer.get_data()

    def page(path: str, html: str = "") -> dict[str, str]:
        html = LIVE.sub("", html or get(path).decode())
        main, title = _MAIN.search(html), _TITLE.search(html)
        return {"title": title[1] if title else "", "main": main[1].strip() if main else ""}

    site = live.site()
    assets = app.extensions["assets"]
    placed = {card.id: topic.id for topic in live.topics() for card in topic.articles}
    found = [one for card in live.cards() if (one := live.page(card.id))]
    size = sum(len(section.text.encode()) for one in found for section in one.article.sections)
    shares: dict[str, list[ArticlePage]] = {}
    for one in found:
        shares.setdefault(placed.get(one.article.id, "") if size > LARGE else "", []).append(one)
    search = dict(live.pocket())
    keys = [(one.article.id, section.anchor) for one in found for section in one.article.sections]
    asks = dict(zip(keys, search.pop("asks"), strict=True))  # type: ignore[call-overload]
    # Without what readers ask most, which processes count for themselves: all have to pack the same.
    with app.test_request_context("/", base_url=f"http://{host}"):
        home = render("home.html", home_page(live, counted=False))
    bodies = {script_url(): script()}
    topics = dict.fromkeys(bodies, "")
    small = size <= LARGE
    for topic, own in () if small else shares.items():
        _add(bodies, topics, "topic" if topic else "articles", topic, _columns(own, asks))
    core: dict[str, Any] = {
        "files": [_columns(own, asks) for own in shares.values()] if small else [],
        "order": [one.article.id for one in found],
        "topics": [
            {"id": one.id, "title": one.title, "summary": one.summary, "html": one.html}
            | {"articles": [card.id for card in one.articles]}
            for one in live.topics()
        ],
        "guides": {one.id: asdict(one) for one in live.guides()},
        "site": _site(app, live),
        "listed": [card.id for card in first_articles(live)],
        "icons": assets["icons.svg"],
        "pages": {"/": page("/", home)} | {path: page(path) for path in ("/guides", "/about")},
        "moved": {old: live.moved(old) for one in found for old in one.article.moved_from if "#" not in old},
        "templates": compiled(app.jinja_env, TEMPLATES) | {"_feedback.html": []},
        "search": search,
    }
    shell = get("/offline/shell")
    if site.traditional:
        said = [text for one in found for text in _shown(one.article)]
        said += [json.dumps({**core, "search": 0}, ensure_ascii=False), script().decode(), shell.decode()]
        with app.app_context():  # a site has words of its own
            core["traditional"] = traditional_table(said)
    _add(bodies, topics, "core", "", core)
    chrome = [assets[name] for name in STATIC_NAMES if not name.startswith("vendor/")]
    if site.light:
        chrome += [style_address(site), "/site-icon.svg"]
    if site.logo:
        topics[f"/media/{quote(site.logo)}"] = ""
    for url, body in list(bodies.items()):
        for path in map(unescape, _MEDIA.findall(body.decode())):
            if live.media(unquote(path.removeprefix("/media/"))):  # an article may name a picture that nobody has
                topics[path] = topics[url] if topics.get(path, topics[url]) == topics[url] else ""
    # Styles and scripts, which pages load one by one, in one stream: 3 KB. A device takes them apart again.
    _add(bodies, topics, "frame", "", {path: get(path).decode() for path in chrome})
    pictures = [path for path in topics if path.startswith("/media/")]
    fetched = {path: get(path) for path in pictures} | {"/offline/shell": shell} | bodies
    # Small blocks: tables and prose side by side are alike in nothing, .6 KB.
    compressed = {url: brotli.compress(body, lgblock=16) for url, body in bodies.items()}
    sizes = {url: len(gzip(body, 9)) for url, body in fetched.items()}
    sizes |= {url: len(body) for url, body in compressed.items()}
    files = tuple(PackedFile(url, _hash(body), sizes[url], topics.get(url, "")) for url, body in fetched.items())
    weights: Counter[str] = Counter()
    for file in files:
        weights[file.topic] += file.bytes
    known = [topic for topic in live.topics() if topic.id in weights]
    choice = [Choice(topic.id, topic.title, weights[topic.id]) for topic in known]
    version = _hash("\n".join(f"{one.url} {one.hash}" for one in files).encode())[:12]  # a new program is one too
    return Pack(version, live.built.date().isoformat(), files, bodies, compressed, choice)


def _columns(pages: Sequence[ArticlePage], asks: Mapping[tuple[str, str], Mapping[int, int]]) -> dict[str, Any]:
    """Articles and their sections, a list for each field: equal things side by side compress best."""
    articles = [_article(one) for one in pages]
    sections = [
        {
            "anchor": one.anchor,
            "heading": one.heading,
            "level": one.level,
            "html": one.html,
        }
        for page in pages
        for one in page.article.sections
    ]
    return {
        "articles": {name: [one[name] for one in articles] for name in articles[0]},
        "sections": {name: [one[name] for one in sections] for name in sections[0]},
        "asks": asked([asks[page.article.id, one.anchor] for page in pages for one in page.article.sections]),
    }


def _article(page: ArticlePage) -> dict[str, Any]:
    one: Article = page.article
    return {
        "id": one.id,
        "count": len(one.sections),
        "title": "\n".join(page.title_phrases or (one.title,)),
        "summary": one.summary,
        "topic": one.topic,
        "aliases": [*one.aliases, *one.tags],
        "filters": {name: list(values) for name, values in one.filters.items()},
        **{name: str(day) if (day := getattr(one, name)) else "" for name in ("updated", "verified", "expires")},
        "sources": list(one.sources),
        "related": [card.id for card in page.related],
    }


def _shown(article: Article) -> Iterator[str]:
    """What readers see of an article."""
    yield from (article.title, article.summary, *article.sources)
    yield from (text for one in article.sections for text in (one.heading, one.html))


def _site(app: Flask, live: Snapshot) -> dict[str, Any]:
    """What templates say of the site."""
    site, settings = live.site(), app.extensions["settings"]
    return {
        "name": settings.site_name or site.name,
        "support_url": settings.support_url or site.support,
        "origin": settings.base_url,
        "words": {name: getattr(site, name) for name in _WORDS},
        "filters": [asdict(one) for one in site.filters],
        "contacts": {name: asdict(one) for name, one in site.contacts.items()},
    }


def _add(bodies: dict[str, bytes], topics: dict[str, str], name: str, topic: str, record: Any) -> None:
    body = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()
    url = f"/offline/{name}-{_hash(body)[:12]}.json"
    bodies[url] = body
    topics[url] = topic


def _hash(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
