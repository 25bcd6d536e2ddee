"""Finished answers, kept while their snapshot lives; static files, kept for good.

In: requests and the responses of views. Out: the same bytes again without running the view, compressed for whoever
takes gzip, with an ETag so that a browser asks for changes only.
Why under WSGI: a repeated query costs a look-up in memory instead of Flask's whole request cycle. Why gzip for pages:
brotli as quick saves a seventh of 5 kB. What is kept for good is worth its slow levels, which save 15 %.
A key names all that an answer depends on; a view that reads more of the request than that must not call `keep`.
"""

from __future__ import annotations

import hashlib
import re
import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

import brotli
from cachetools import LRUCache
from flask import Blueprint, Flask, Response, abort, current_app, request
from werkzeug.http import http_date

from helpcenter.http.htmx import VARY, fragment_asked, typing
from index import Engine, IndexUnavailable

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ROOM = 32 * 1024 * 1024
"""Bytes of answers that a worker keeps, some 4,000 compressed pages of results; the least recently used goes first."""
OVERHEAD = 2048
"""Bytes that an answer takes beside its body: key, headers, objects (measured)."""
LONGEST = 4096
"""Characters of an address and its host, which are kept with the answer; 200 of Han are 1,800. No reader sends more."""
SMALLEST_COMPRESSED = 600
"""Bytes below which gzip saves no packet."""
QUICK, SMALL = 1, 9
"""gzip levels. A search is mostly asked once: 0.1 ms for 5.8 kB, against 0.25 ms for 5.4."""
COMPRESSED = ("text/", "application/", "image/svg")
PAGE_POLICY = "public, max-age=0, must-revalidate"
"""Browsers ask each time and mostly get 304, so after a rebuild nobody reads an old page."""
STATIC_POLICY = "public, max-age=31536000, immutable"

static_files = Blueprint("static_files", __name__)


@dataclass(frozen=True, slots=True)
class SearchSeen:
    """One answered search, for whoever counts them; told for cached answers too."""

    query: str
    total: int
    complete: int
    live: bool
    """Whether it came while typing, so that the next keystroke may replace it."""
    answered: bool = True
    """Whether anything answers it, or only shares a word."""


class Answer(NamedTuple):
    """A finished answer, as it is sent."""

    headers: list[tuple[str, str]]
    etag: str
    seen: SearchSeen | None
    body: bytes


class AnswerCache:
    """WSGI: answers from memory what this worker has answered before. Safe among threads."""

    def __init__(
        self, app: WSGIApplication, version: Callable[[], str], tell: Callable[[SearchSeen], None], hasty: bool
    ) -> None:
        self.app = app
        self.version = version
        self.tell = tell
        self.hasty = hasty
        """Whether readers who type get another answer."""
        self.lock = Lock()
        self.answers: LRUCache[tuple[object, ...], Answer] = LRUCache(ROOM, lambda answer: len(answer.body) + OVERHEAD)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "GET":
            return self.app(environ, start_response)
        try:
            version = self.version()
        except IndexUnavailable:
            return self.app(environ, start_response)
        key = (
            version,
            environ.get("PATH_INFO"),
            environ.get("QUERY_STRING"),
            environ.get("SCRIPT_NAME"),
            environ.get("HTTP_HOST"),
            environ.get("wsgi.url_scheme"),
            fragment_asked(environ),
            self.hasty and typing(environ),
            _coding(environ),
            # Warnings about old articles depend on the day.
            int(time.time()) // 86400,
        )
        with self.lock:
            kept = self.answers.get(key)
        if kept is None:
            environ["helpcenter.key"] = key
            return self.app(environ, start_response)
        if kept.seen:
            self.tell(kept.seen)
        if environ.get("HTTP_IF_NONE_MATCH") == kept.etag:
            headers = [item for item in kept.headers if not item[0].startswith("Content-")]
            start_response("304 NOT MODIFIED", headers)
            return []
        start_response("200 OK", kept.headers)
        return [kept.body]

    def add(self, key: tuple[object, ...], answer: Answer) -> None:
        """Keep a finished answer. Those of a replaced snapshot are never asked for again, and are evicted in time."""
        asked = sum(len(part) for part in key if isinstance(part, str))
        if asked <= LONGEST and len(answer.body) <= ROOM // 16:
            with self.lock:
                self.answers[key] = answer


def prepare(app: Flask) -> None:
    """Put the cache before the application, and fingerprint the static files."""
    library: Engine = app.extensions["library"]
    observers: list[Callable[[SearchSeen], None]] = app.extensions.setdefault("search_observers", [])

    def tell(seen: SearchSeen) -> None:
        for observer in observers:
            observer(seen)

    cache = AnswerCache(app.wsgi_app, lambda: library.snapshot().id, tell, bool(app.extensions["settings"].meaning))
    app.extensions["answers"] = cache
    app.wsgi_app = cache  # type: ignore[method-assign]
    app.after_request(finish)


def keep(response: Response, seen: SearchSeen | None = None) -> Response:
    """Mark `response` as depending on nothing but the snapshot and the cache's key; report `seen` to the observers."""
    response.headers["Cache-Control"] = PAGE_POLICY
    request.environ["helpcenter.keep"] = True
    request.environ["helpcenter.seen"] = seen
    if seen:
        current_app.extensions["answers"].tell(seen)
    return response


def finish(response: Response) -> Response:
    """Compress; for what `keep` marked also add an ETag, answer 304 where that is enough, and store."""
    environ = request.environ
    marked = environ.get("helpcenter.keep", False)
    if response.direct_passthrough or response.is_streamed or "Content-Encoding" in response.headers:
        return response
    body = response.get_data()
    if len(body) >= SMALLEST_COMPRESSED and (response.mimetype or "").startswith(COMPRESSED):
        response.headers["Vary"] = f"{VARY}, Accept-Encoding" if marked else "Accept-Encoding"
        if coding := _coding(environ):
            if coding == "br" and response.headers.get("Cache-Control") == STATIC_POLICY:
                body = brotli.compress(body)
            else:
                coding, body = "gzip", gzip(body, QUICK if environ.get("helpcenter.seen") else SMALL)
            response.headers["Content-Encoding"] = coding
            response.set_data(body)
    elif marked:
        response.headers["Vary"] = VARY
    if not marked or response.status_code != 200:
        return response
    # Processors have instructions for SHA-256: 9 µs for a page of results, where BLAKE2b takes 23.
    etag = f'W/"{hashlib.sha256(body).hexdigest()[:24]}"'
    response.headers["ETag"] = etag
    if "helpcenter.key" in environ:
        answers: AnswerCache = current_app.extensions["answers"]
        answer = Answer(list(response.headers.items()), etag, environ["helpcenter.seen"], body)
        answers.add(environ["helpcenter.key"], answer)
    if environ.get("HTTP_IF_NONE_MATCH") == etag:
        response.status_code = 304
        response.set_data(b"")
        for name in ("Content-Length", "Content-Type", "Content-Encoding"):
            response.headers.pop(name, None)
    return response


def _coding(environ: WSGIEnvironment) -> str:
    """The best compression that a browser takes. Whoever takes `br` takes gzip too."""
    accepted = environ.get("HTTP_ACCEPT_ENCODING", "")
    return next((coding for coding in ("br", "gzip") if coding in accepted), "")


def gzip(body: bytes, level: int) -> bytes:
    """`body` as a gzip stream without a time stamp, so equal pages have equal bytes."""
    compressor = zlib.compressobj(level, zlib.DEFLATED, 31)
    return compressor.compress(body) + compressor.flush()


STATIC = Path(__file__).parent.parent / "static"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
FILES = {path.relative_to(STATIC).as_posix(): path for path in STATIC.rglob("*") if path.suffix in TYPES}
"""Every static file by name. No other name that a client sends reaches the disk."""
_IDLE = {
    ".js": re.compile(rb"^[ \t]*(//.*\n)?|(?<=[;{},]) // [^\n\"'`]*$", re.MULTILINE),
    ".css": re.compile(rb"^[ \t]+|/\*.*?\*/\n?", re.MULTILINE | re.DOTALL),
}
"""Comments and indents, which no browser needs: 3 of the 22 KB of our own styles and scripts."""


def sent(name: str) -> bytes:
    """A static file as browsers get it; what others wrote (`vendor/`) as it is."""
    path = FILES[name]
    body = path.read_bytes()
    return _IDLE[path.suffix].sub(b"", body) if path.suffix in _IDLE and not name.startswith("vendor/") else body


@cache
def fingerprint(name: str) -> str:
    """A hash of a static file's content, as it was when it was first asked for."""
    return fingerprint_of(sent(name))


def fingerprint_of(content: bytes) -> str:
    """A hash that stands in an address, so that the address changes with the content."""
    return hashlib.blake2b(content, digest_size=6).hexdigest()


def fingerprints(names: Sequence[str]) -> dict[str, str]:
    """The addresses of static files below `/static/`, each with `?v=` and a hash of its content."""
    return {name: f"/static/{name}?v={fingerprint(name)}" for name in names}


@static_files.get("/static/<path:name>")
def static(name: str) -> Response:
    """A file of `static/`. With a fingerprint it may be kept for a year, without one a browser asks again."""
    path = FILES.get(name)
    if path is None:
        abort(404)
    response = keep(Response(sent(name), content_type=TYPES[path.suffix]))
    if asked := request.args.get("v"):
        # Another version's address, or an invented one, must not be kept with this content for a year.
        response.headers["Cache-Control"] = STATIC_POLICY if asked == fingerprint(name) else "no-store"
    response.headers["Last-Modified"] = http_date(path.stat().st_mtime)
    return response
