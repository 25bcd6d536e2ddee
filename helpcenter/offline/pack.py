"""Packing: the pages of one snapshot as a few files, each with its hash.

In: the application and its live snapshot. Out: `Pack`. Pages are asked of the application itself, so a pack holds what
readers get; of each the changing part alone is kept (`<main>`), since one frame serves all. One file for each topic:
after a change only that topic's is fetched again, and a large site can be saved in parts.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from html import unescape
from typing import Any
from urllib.parse import quote

from flask import Flask

from helpcenter.http.traditional import to_traditional
from helpcenter.pages.colours import style_address
from helpcenter.pages.frame import STATIC_NAMES
from index import Guide, Snapshot

_MAIN = re.compile(r"<main\b[^>]*>(.*)</main>", re.DOTALL)
_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)
_ONLINE_ONLY = re.compile(r'<(section|aside)[^>]*\b(?:id="feedback"|class="feedback).*?</\1>', re.DOTALL)
_MEDIA = re.compile(r'src=\\?"(/media/[^"\\]+)')
_HAN = re.compile(r"[\u3400-\u9fff]+")
CHROME = ("/offline/shell", "/zh-hant/offline/shell")
"""Empty pages in which a saved page is shown."""


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
class Pack:
    """Everything a device saves of one snapshot."""

    version: str
    built: str
    """The day, YYYY-MM-DD."""
    files: tuple[PackedFile, ...]
    bodies: Mapping[str, bytes]
    """Those made here, by address."""


def pack(app: Flask, live: Snapshot) -> Pack:
    """Ask the application for all pages of `live` and pack them. Some 5 ms a page."""
    client = app.test_client()
    host = next((name.lstrip(".") for name in app.config.get("TRUSTED_HOSTS") or ()), "localhost")

    def get(path: str) -> bytes:
        answer = client.get(path, headers={"Host": host})
        if answer.status_code != 200:
            raise ValueError(f"{path}: {answer.status_code}")
        return answer.get_data()

    def page(path: str) -> dict[str, str]:
        html = get(path).decode()
        main, title = _MAIN.search(html), _TITLE.search(html)
        return {"title": title[1] if title else "", "main": _ONLINE_ONLY.sub("", main[1]).strip() if main else ""}

    bodies: dict[str, bytes] = {}
    topics: dict[str, str] = {}
    placed = {card.id: card for topic in live.topics() for card in topic.articles}
    for topic in live.topics():
        pages = {f"/topics/{quote(topic.id)}": page(f"/topics/{quote(topic.id)}")}
        pages.update((card.url, page(card.url)) for card in topic.articles)
        _add(bodies, topics, topic.id, pages)
    loose = {card.url: page(card.url) for card in live.cards() if card.id not in placed}
    common = {path: page(path) for path in ("/", "/guides", "/about")} | loose
    said = [*(body.decode() for body in bodies.values()), json.dumps(common, ensure_ascii=False)]
    core = {
        "version": live.id,
        "built": live.built.date().isoformat(),
        "pages": common,
        "articles": [_entry(live, card.id) for card in live.cards()],
        "topics": [{"id": topic.id, "title": topic.title} for topic in live.topics()],
        "guides": {guide.id: _guide(guide) for guide in live.guides()},
        "filters": {one.name: one.label for one in live.site().filters},
        "search": dict(live.pocket()),
        "traditional": traditional_table(said),
    }
    _add(bodies, topics, "", core)
    shown = [PackedFile(url, _hash(body), len(gzip.compress(body)), topics[url]) for url, body in bodies.items()]
    assets = [app.extensions["assets"][name] for name in STATIC_NAMES if not name.startswith("vendor/")]
    site = live.site()
    if site.light:
        assets += [style_address(site), "/site-icon.svg"]
    if site.logo:
        assets.append(f"/media/{quote(site.logo)}")
    chrome = [*assets, *(path for path in CHROME if live.site().traditional or not path.startswith("/zh-hant"))]
    pictures = dict.fromkeys(unescape(path) for body in bodies.values() for path in _MEDIA.findall(body.decode()))
    fetched = [(path, get(path)) for path in (*chrome, *pictures)]
    files = [PackedFile(path, _hash(body), len(gzip.compress(body))) for path, body in fetched] + shown
    return Pack(live.id, live.built.date().isoformat(), tuple(files), bodies)


def traditional_table(texts: Iterable[str]) -> list[list[str]]:
    """Simplified words of `texts` and what they are in Traditional, the longest first: a device replaces them in turn.

    Characters alone first say most; runs whose conversion differs from that of their characters are added as pairs of
    two to four characters. Words beyond this content stay as they are.
    """
    runs = {run for text in texts for run in _HAN.findall(text)}
    single = {character: to_traditional(character) for character in sorted({c for run in runs for c in run})}
    words: dict[str, str] = {}
    pieces = sorted(
        {run[at : at + size] for run in runs for size in (2, 3, 4) for at in range(len(run) - size + 1)}, key=len
    )
    converted = to_traditional("\x1f".join(pieces)).split("\x1f")
    for piece, right in zip(pieces, converted, strict=True):
        inner = len(piece) > 2 and (piece[:-1] in words or piece[1:] in words or piece[1:-1] in words)
        if not inner and right != "".join(map(single.__getitem__, piece)):
            words[piece] = right
    changed = {character: right for character, right in single.items() if right != character}
    return [list(words), list(words.values()), list(changed), list(changed.values())]


def _add(bodies: dict[str, bytes], topics: dict[str, str], topic: str, record: Any) -> None:
    body = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()
    url = f"/offline/{hashlib.sha256(topic.encode()).hexdigest()[:8] if topic else 'core'}-{_hash(body)[:12]}.json"
    bodies[url] = body
    topics[url] = topic


def _entry(live: Snapshot, id: str) -> dict[str, Any]:
    """What search and lists need of an article besides its page."""
    page = live.page(id)
    assert page is not None
    article = page.article
    return {
        "id": id,
        "title": article.title,
        "summary": article.summary,
        "topic": article.topic,
        "aliases": [*article.aliases, *article.tags],
        "filters": {name: list(values) for name, values in article.filters.items()},
        "sections": [
            {"anchor": one.anchor, "heading": one.heading, "asks": list(getattr(one, "asks", ()))}
            for one in article.sections
        ],
    }


def _guide(guide: Guide) -> dict[str, Any]:
    """A guide's questions and outcomes, for the device to walk."""
    record = asdict(guide)
    return {name: record[name] for name in ("title", "summary", "aliases", "start", "questions", "outcomes")}


def _hash(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
