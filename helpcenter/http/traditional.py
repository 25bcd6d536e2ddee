"""The Traditional mirror: `/zh-hant/…` is the same site, converted on the way out.

In: any page in Simplified. Out: its text in Traditional with the words of Taiwan (短信 → 簡訊); addresses, anchors,
form values and code stay as they are, so every link, filter and script keeps working.
Why the whole answer and not each template and record: one place, and pages added later are mirrored without knowing.
It costs about 0.25 µs a character, some 0.4 ms a page, and the finished page is cached. OpenCC at build time was
refused: every snapshot would hold all articles twice.
The prefix moves into SCRIPT_NAME, so routing stays the same and url_for keeps readers inside the mirror.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import quote

import opencc
from flask import Flask, Response, current_app, request

from helpcenter.http.htmx import fragment_asked
from index import IndexUnavailable, Library

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PREFIX = "/zh-hant"
LANGUAGE = "zh-Hant"
DONE = "helpcenter.translated"
"""In the environment: the answer is in Traditional already."""
COOKIE = "language"
"""Set by the language switch; its value `zh-hant` leads the plain addresses to the mirror."""

UNTOUCHED = re.compile(r"(<(?:pre|code|kbd|samp)\b.*?</(?:pre|code|kbd|samp)>|<span translate=\"no\">.*?</span>)", re.S)
TAG = re.compile(r"(<(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>)")
SPOKEN = re.compile(r'((?:\s(?:alt|title|placeholder|aria-label|aria-description)|\bcontent)=")([^"]*)"')
"""Attributes that readers see or hear; all others are addresses or values."""
OWN_WORDS = (("賬", "帳"), ("稽核", "審核"), ("反饋", "回饋"))
"""What OpenCC's Taiwan phrases miss or overdo; a site adds words of its trade (`languages` in `_site.yml`)."""

PAGES = ("/articles/", "/topics/", "/guides")


def prepare(app: Flask) -> None:
    """Serve the mirror under PREFIX."""
    app.after_request(translate)
    library: Library = app.extensions["library"]

    def offered() -> bool:
        try:
            return library.snapshot().site().traditional
        except IndexUnavailable:
            return True

    app.wsgi_app = Mirror(app.wsgi_app, offered)  # type: ignore[method-assign]


def is_traditional() -> bool:
    """Whether the current request is for the mirror."""
    return request.script_root.endswith(PREFIX)


class Mirror:
    """WSGI: moves the prefix from the path to SCRIPT_NAME, and leads readers who chose Traditional to it."""

    def __init__(self, app: WSGIApplication, offered: Callable[[], bool]) -> None:
        self.app, self.offered = app, offered

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        inside = path == PREFIX or path.startswith(PREFIX + "/")
        if (inside or "HTTP_COOKIE" in environ) and not self.offered():
            return self.app(environ, start_response)
        if inside:
            environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + PREFIX
            environ["PATH_INFO"] = path[len(PREFIX) :] or "/"
        elif "HTTP_COOKIE" in environ and prefers_mirror(environ, path):
            target = environ.get("SCRIPT_NAME", "") + PREFIX + quote(path.encode("latin-1"), safe="/:@!$&'()*+,;=~")
            if environ.get("QUERY_STRING"):
                target += "?" + environ["QUERY_STRING"]
            # Not for shared caches: to everyone else this address is the Simplified page.
            start_response("302 Found", [("Location", target), ("Cache-Control", "private, no-store")])
            return []
        return self.app(environ, start_response)


def prefers_mirror(environ: WSGIEnvironment, path: str) -> bool:
    """Whether this is a page (not an asset, fragment or API call) for a reader who once switched to Traditional."""
    return (
        f"{COOKIE}=zh-hant" in environ["HTTP_COOKIE"]
        and environ["REQUEST_METHOD"] == "GET"
        and "text/html" in environ.get("HTTP_ACCEPT", "")
        and not fragment_asked(environ)
        and (path in ("/", "/search") or (path.startswith(PAGES) and not path.endswith(".md")))
    )


def translate(response: Response) -> Response:
    """Convert an HTML or plain-text answer of the mirror; leave all others alone."""
    if response.mimetype in ("text/html", "text/markdown") and is_traditional() and DONE not in request.environ:
        text = response.get_data(as_text=True)
        response.set_data(html_to_traditional(text) if response.mimetype == "text/html" else to_traditional(text))
    return response


def html_to_traditional(html: str) -> str:
    """`html` with its text, and the attributes readers see or hear, in Traditional."""
    parts = UNTOUCHED.split(html.replace("\x1f", "").replace("\0", ""))
    for number in range(0, len(parts), 2):
        pieces = TAG.split(parts[number])
        # One call for all text: OpenCC has a fixed cost a call. It ends at a NUL, so a unit separator stands between.
        pieces[::2] = to_traditional("\x1f".join(pieces[::2])).split("\x1f")
        pieces[1::2] = [SPOKEN.sub(_spoken, tag) if not tag.isascii() else tag for tag in pieces[1::2]]
        parts[number] = "".join(pieces)
    return "".join(parts)


def to_traditional(text: str) -> str:
    """Plain text in Traditional, Taiwan's words and those of the site that is served."""
    text = str(_converter().convert(text))
    for wrong, right in (*OWN_WORDS, *_site_words()):
        text = text.replace(wrong, right)
    return text


def _site_words() -> Iterable[tuple[str, str]]:
    try:
        return current_app.extensions["library"].snapshot().site().traditional_words.items() if current_app else ()
    except IndexUnavailable:
        return ()


def _spoken(match: re.Match[str]) -> str:
    return f'{match[1]}{to_traditional(match[2])}"'


@cache
def _converter() -> opencc.OpenCC:
    return opencc.OpenCC("s2twp")
