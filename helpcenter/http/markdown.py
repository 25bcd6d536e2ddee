"""Markdown for whoever asks for it: any page, with `Accept: text/markdown`, is answered as Markdown.

In: a request. Out: the article's own source where it is an article, else what the page's `<main>` says. Why around the
cache: pages are kept once, as HTML; programs that want Markdown are few. A conversion takes 20 ms, ten times a search,
so few run at a time and the last ones are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any

from bs4 import BeautifulSoup
from flask import Flask
from markdownify import MarkdownConverter
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

AT_ONCE = 2
"""Conversions at a time in a worker; who comes then is asked to come again, and readers keep the other threads."""
KEPT = 256
"""Pages kept as Markdown, 25 kB each with the HTML they are known by."""
_LEFT_OUT = ("script", "style", "form", "nav", "button", "template", "svg", "dialog")


def prepare(app: Flask) -> None:
    """Stand before the cache."""
    app.wsgi_app = Markdown(app.wsgi_app)  # type: ignore[method-assign]


class Markdown:
    """WSGI: turns HTML into Markdown on its way to those who prefer that."""

    def __init__(self, app: WSGIApplication) -> None:
        self.app = app
        self.seats = BoundedSemaphore(AT_ONCE)
        self.converted = lru_cache(KEPT)(to_markdown)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not markdown_preferred(environ.get("HTTP_ACCEPT", "")) or environ["REQUEST_METHOD"] != "GET":
            return self.app(environ, start_response)
        for header in ("HTTP_ACCEPT_ENCODING", "HTTP_IF_NONE_MATCH", "HTTP_HX_REQUEST"):
            environ.pop(header, None)
        started: list[Any] = []

        def remember(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
            started[:] = [status, headers]
            return lambda data: None

        path = environ.get("PATH_INFO", "")
        body = b""
        if "/articles/" in path and "/sections/" not in path and not path.endswith(".md"):
            body = self._body({**environ, "PATH_INFO": f"{path}.md"}, remember)
        if not started or not started[0].startswith("200"):
            body = self._body(environ, remember)
        status, headers = started
        if any(name == "Content-Type" and value.startswith("text/html") for name, value in headers):
            if not self.seats.acquire(blocking=False):
                start_response("503 Service Unavailable", [("Retry-After", "1"), ("Content-Length", "0")])
                return []
            try:
                body = self.converted(body.decode()).encode()
            finally:
                self.seats.release()
            changed = ("Content-Type", "Content-Length", "ETag")
            headers = [(name, value) for name, value in headers if name not in changed]
            headers += [("Content-Type", "text/markdown; charset=utf-8"), ("Content-Length", str(len(body)))]
        start_response(status, headers)
        return [body]

    def _body(self, environ: WSGIEnvironment, start_response: StartResponse) -> bytes:
        chunks = self.app(environ, start_response)
        try:
            return b"".join(chunks)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()


def markdown_preferred(accept: str) -> bool:
    """Whether an Accept header names Markdown, and not HTML before it. Browsers never name it."""
    if "text/markdown" not in accept:
        return False
    accepted = parse_accept_header(accept, MIMEAccept)
    return accepted.quality("text/markdown") > 0 and accepted["text/markdown"] >= _quality(accept, "text/html")


def _quality(accept: str, media_type: str) -> float:
    """The quality of a type that is named itself: `*/*` says nothing about HTML."""
    return parse_accept_header(accept, MIMEAccept)[media_type] if media_type in accept else 0.0


def to_markdown(html: str) -> str:
    """What a page says, without what only works in a browser."""
    soup = BeautifulSoup(html, "html.parser")
    main = soup.find("main") or soup.body or soup
    for tag in main.find_all(_LEFT_OUT):
        tag.decompose()
    for tag in main.find_all(hidden=True):
        tag.decompose()
    text: str = MarkdownConverter(heading_style="ATX", bullets="-").convert_soup(main)
    lines = [line.rstrip() for line in text.splitlines()]
    return "\n".join(line for at, line in enumerate(lines) if line or (at and lines[at - 1])).strip() + "\n"
