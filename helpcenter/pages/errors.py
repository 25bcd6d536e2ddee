"""What readers see when something is not there, not allowed or broken.

In: exceptions. Out: a page with a search box, a fragment for htmx, or `{"error": {"code", "message"}}` below `/api/`.
Why every code has words of its own: "404" helps nobody whose phone was stolen.
"""

from __future__ import annotations

import logging
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from urllib.parse import unquote

from flask import Flask, Response, current_app, jsonify, request
from werkzeug.exceptions import HTTPException

from helpcenter.http.htmx import wants_fragment
from helpcenter.pages.frame import Frame, fragment, frame, render
from helpcenter.pages.topic_page import TOPICS_SHOWN, topic_url
from index import IndexUnavailable, Library, SearchUnavailable, Snapshot

WORDS = {
    400: ("这个请求看不懂", "地址或内容不完整。请回到首页，或者重新搜索。"),
    403: ("这个页面不对外开放", "如果你是管理员，请先登录。"),
    404: ("没有这个页面", "它可能改了名字，或者地址打错了。换几个词搜一下，多半能找到。"),
    405: ("这个地址不能这样用", "请回到首页，或者重新搜索。"),
    413: ("内容太长了", "请缩短后再发送。"),
    429: ("操作太快了", "请过一会儿再试。"),
    500: ("我们这边出错了", "问题已经记录下来。请稍后再试，或者先看看别的文章。"),
    503: ("内容正在更新", "帮助内容暂时打不开，请一两分钟后再试。"),
}
NO_SEARCH = ("搜索暂时用不了", "请一两分钟后再试。文章和向导照常可以打开：从首页的主题进去，一样找得到。")
LIKELY = 3
"""Articles offered for a wrong address."""
LONGEST = 300
"""Characters of an address that is compared with those of all articles; nobody mistypes a longer one."""
RETRY_AFTER = "30"
"""Seconds; a rebuild takes less."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ErrorPage:
    frame: Frame
    code: int
    heading: str
    message: str
    likely: tuple[tuple[str, str], ...] = ()
    """Articles that a wrong address may have meant: title and address."""
    topics: tuple[tuple[str, str], ...] = ()
    """Likewise, of a wrong address: where else to look."""


def prepare(app: Flask) -> None:
    """Answer all errors here."""
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(IndexUnavailable, index_unavailable)
    app.register_error_handler(Exception, unexpected_error)


def http_error(error: HTTPException) -> Response:
    """An error that a view or the routing raised on purpose; redirects pass."""
    code = error.code or 500
    if code < 400:
        return Response(error.get_body(), code, error.get_headers())
    own_words = error.description if error.description and not error.description.isascii() else ""
    response = answer(code, own_words)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def index_unavailable(error: IndexUnavailable) -> Response:
    """No index: say so, and when to come back. The log has the reason; readers cannot mend it."""
    log.error("503 %s: %s", request.path, error)
    response = answer(503, words=NO_SEARCH if isinstance(error, SearchUnavailable) else WORDS[503])
    response.headers["Retry-After"] = RETRY_AFTER
    return response


def unexpected_error(error: Exception) -> Response:
    """A fault of ours: the log has the traceback, readers a way on."""
    log.exception("500 %s", request.path, exc_info=error)
    return answer(500)


def answer(code: int, own_words: str = "", words: tuple[str, str] = ("", "")) -> Response:
    """The error as the asker wants it; `words`: heading and message, where they are not those of the code."""
    heading, message = words if words[0] else WORDS.get(code, WORDS[400] if code < 500 else WORDS[500])
    if request.path.startswith("/api/"):
        response = jsonify({"error": {"code": code, "message": own_words or f"{heading}。{message}"}})
    else:
        lost = code == 404
        page = error_page(code, heading, own_words or message, slug_words(request.path) if lost else "")
        page = ways_on(page) if lost else page
        html = fragment(render("_error.html", page), page) if wants_fragment() else render("error.html", page)
        response = Response(html)
    response.status_code = code
    response.headers["Cache-Control"] = "no-store"
    return response


def error_page(code: int, heading: str, message: str, query: str = "") -> ErrorPage:
    """An error, with a search box that already holds `query`."""
    return ErrorPage(frame(heading, message, query=query, status=code), code, heading, message)


def ways_on(page: ErrorPage) -> ErrorPage:
    """The page of a wrong address with what it may have meant, and the topics; as it is where no index is open."""
    library: Library = current_app.extensions["library"]
    try:
        live = library.snapshot()
    except IndexUnavailable:
        return page
    topics = tuple((topic.title, topic_url(topic.id)) for topic in live.topics() if topic.articles)[:TOPICS_SHOWN]
    return replace(page, likely=likely_articles(live, request.path), topics=topics)


def likely_articles(live: Snapshot, path: str) -> tuple[tuple[str, str], ...]:
    """Articles spelt like the address, then those that its words find."""
    near = live.resembling(unquote(path).removeprefix("/articles/"), LIKELY) if len(path) <= LONGEST else ()
    cards = {card.id: card for card in near}
    found = []
    if len(cards) < LIKELY:
        with suppress(SearchUnavailable):
            found = live.rank_articles(slug_words(path), LIKELY)
    by_id = {card.id: card for card in live.cards()} if found else {}
    cards |= {id: by_id[id] for id, _ in found}
    return tuple((card.title, request.script_root + card.url) for card in list(cards.values())[:LIKELY])


def slug_words(path: str) -> str:
    """The last part of an address as words to search for: `/articles/cards/lost-card.md` → `lost card`."""
    last = unquote(path.rstrip("/").rpartition("/")[2]).removesuffix(".md").removesuffix(".html")
    return " ".join(re.sub(r"[-_.+]+", " ", last).split())[:60]
