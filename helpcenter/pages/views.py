"""The addresses readers visit: parse, one call, render.

In: requests. Out: pages, fragments for htmx, the JSON API, health.
Why so thin: what is shown is decided by the page objects beside this file, what is found in `index`.
Each view takes the snapshot once, so a page never mixes two versions of the content.
"""

from __future__ import annotations

import mimetypes
from datetime import datetime
from typing import cast
from urllib.parse import quote

from flask import Blueprint, Response, abort, current_app, jsonify, request

from helpcenter.api.results_json import results_to_json
from helpcenter.http.caching import SearchSeen, keep
from helpcenter.http.htmx import typing, wants_fragment
from helpcenter.http.security import from_this_machine
from helpcenter.pages import article_page, results_page
from helpcenter.pages.frame import fragment, render
from helpcenter.pages.home_page import about_page, home_page
from helpcenter.pages.popular import popular
from helpcenter.pages.topic_page import topic_page
from index import ArticleResults, Engine, IndexUnavailable, Results, Snapshot

LONGEST_QUERY = 200
"""Characters. Longer ones are cut and the reader is told; nobody asks a help center in more."""
LONGEST_VALUE = 100
MOST_VALUES = 10
"""Values of one filter in one request."""
DEFAULT_LIMIT = 10
MOST_HITS = 100
MOST_OFFSET = 10_000

blueprint = Blueprint("views", __name__)


def snapshot() -> Snapshot:
    """The live snapshot. Raises `IndexUnavailable`, which becomes the 503 page."""
    return cast(Engine, current_app.extensions["library"]).snapshot()


@blueprint.get("/")
def home() -> Response:
    """Emergencies, topics, articles."""
    live = snapshot()
    response = Response(render("home.html", home_page(live)))
    return response if popular(live) is None else keep(response)  # else the list would be missing all day


@blueprint.get("/search")
def search() -> Response:
    """Results as a page, or as the block that htmx swaps in."""
    query, note = parse_query()
    partial = wants_fragment()
    live = snapshot()
    page, results = results_page.results_page(
        live, query, parse_filters(live), parse_page(), note, typing=typing(request.environ)
    )
    html = fragment(render("_results.html", page), page) if partial else render("search.html", page)
    return keep(Response(html), seen(query, results, live=partial))


@blueprint.get("/articles/<path:name>")
def article(name: str) -> Response:
    """An article, or with `.md` behind it its source."""
    live = snapshot()
    page = live.page(name)
    if page:
        today = datetime.now().astimezone().date()
        return keep(Response(render("article.html", article_page.article_view(live, page, today))))
    page = live.page(name.removesuffix(".md")) if name.endswith(".md") else None
    if not page:
        return forward(name)
    listed = f"\n<!-- 全部文章：{request.script_root}/llms.txt -->\n"
    return keep(Response(page.article.source.rstrip() + listed, content_type="text/markdown; charset=utf-8"))


@blueprint.get("/articles/<path:name>/sections/<anchor>")
def section(name: str, anchor: str) -> Response:
    """One section: the fragment that unfolds among the results, or a small page."""
    live = snapshot()
    if live.page(f"{name}/sections/{anchor}"):
        return article(f"{name}/sections/{anchor}")
    page = live.page(name)
    if not page:
        return forward(name, anchor)
    by_anchor = {part.anchor: part for part in page.article.sections}
    found = by_anchor.get(anchor) or (by_anchor.get("") if anchor == article_page.SECTION_TOP else None)
    if not found:
        return forward(name, anchor)
    view = article_page.section_view(page, found)
    return keep(Response(render("_section.html" if wants_fragment() else "section.html", view)))


def forward(name: str, anchor: str = "") -> Response:
    """301 to where an article, its Markdown or a section has moved, 404 where nobody says.

    A section that is gone from an article that is there leads to the article.
    """
    live = snapshot()
    ending = ".md" if name.endswith(".md") else ""
    old = name.removesuffix(".md")
    target = live.moved(f"{old}#{anchor}" if anchor else old)
    if not target and anchor and live.page(old) and not wants_fragment():
        return redirect(f"{request.script_root}/articles/{quote(old)}#{quote(anchor)}", 302)
    if not target:
        abort(404)
    id, _, section = target.partition("#")
    address = f"{request.script_root}/articles/{quote(id)}{ending}"
    if section and anchor and wants_fragment():
        return redirect(f"{address}/sections/{quote(section)}", 301)
    return redirect(f"{address}#{quote(section)}" if section else address, 301)


def redirect(address: str, status: int) -> Response:
    """An answer that leads elsewhere, on this host whatever the request called it."""
    return Response(status=status, headers={"Location": address})


@blueprint.get("/topics/<path:name>")
def topic(name: str) -> Response:
    """A topic and its articles."""
    live = snapshot()
    found = live.topic(name)
    if not found:
        abort(404)
    return keep(Response(render("topic.html", topic_page(live, found))))


@blueprint.get("/about")
def about() -> Response:
    """What this site is, what it keeps of readers, how to reach someone."""
    return keep(Response(render("about.html", about_page(snapshot()))))


@blueprint.get("/media/<path:name>")
def media(name: str) -> Response:
    """A picture of an article."""
    picture = snapshot().media(name)
    if picture is None:
        abort(404)
    return keep(Response(picture, content_type=mimetypes.guess_type(name)[0] or "application/octet-stream"))


@blueprint.get("/api/v1/search")
def api_search() -> Response:
    """The same results as JSON. Wrong numbers are the caller's error here, and said so."""
    limit = parse_number("limit", DEFAULT_LIMIT, 1, MOST_HITS)
    offset = parse_number("offset", 0, 0, MOST_OFFSET)
    if len(request.args.getlist("q")) > 1:
        abort(400, "q 只能有一个。")
    query, note = parse_query()
    if note:
        abort(400, f"q 最多 {LONGEST_QUERY} 个字符。")
    live = snapshot()
    results = live.search(query, parse_filters(live), limit, offset)
    return keep(jsonify(results_to_json(results, live.find_guides(query))), seen(query, results, live=True))


@blueprint.get("/healthz")
def healthz() -> Response:
    """The process lives."""
    return Response("ok\n", content_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-store"})


@blueprint.get("/readyz")
def readyz() -> Response:
    """An index is open and answers; 503 until then."""
    try:
        live = snapshot()
        cast(Engine, current_app.extensions["library"]).ready()
    except IndexUnavailable as reason:
        # The reason names folders of this machine, for which strangers have no use; it stands in the log too.
        shown = reason if from_this_machine(request) else "索引暂不可用，原因见服务器的日志。"
        text, status = f"{shown}\n", 503
    else:
        text, status = f"ok {live.id} {live.article_count} articles {live.section_count} sections\n", 200
    return Response(text, status, content_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-store"})


def parse_query() -> tuple[str, str]:
    """The query, and what to tell a reader whose query was cut."""
    text = " ".join(request.args.get("q", "").replace("\0", " ").split())
    if len(text) <= LONGEST_QUERY:
        return text, ""
    return text[:LONGEST_QUERY], f"问题太长了，只按前 {LONGEST_QUERY} 个字搜索。"


def parse_filters(live: Snapshot) -> dict[str, tuple[str, ...]]:
    """Values by filter of the site, in the filters' order, without blanks and repeats."""
    arguments = request.args
    chosen: dict[str, tuple[str, ...]] = {}
    for facet in live.site().filter_names:
        if facet in arguments:
            values = (value.strip()[:LONGEST_VALUE] for value in arguments.getlist(facet))
            if kept := tuple(dict.fromkeys(value for value in values if value))[:MOST_VALUES]:
                chosen[facet] = kept
    return chosen


def parse_page() -> int:
    """The page number; anything that is none means the first."""
    text = request.args.get("page", "1")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 1
    return min(max(number, 1), results_page.LAST_PAGE)


def parse_number(name: str, default: int, low: int, high: int) -> int:
    """A whole number between `low` and `high`, or a 400 that names it."""
    if name not in request.args:
        return default
    text = ",".join(request.args.getlist(name)).strip()  # twice is wrong too
    if not (text.isascii() and text.isdigit() and len(text) < 9 and low <= int(text) <= high):
        abort(400, f"{name} 应为 {low} 到 {high} 的整数，只能有一个。")
    return int(text)


def seen(query: str, results: Results | ArticleResults | None, *, live: bool) -> SearchSeen | None:
    """What observers are told of a search; nothing where nothing was typed."""
    if not results or not query:
        return None
    return SearchSeen(query, results.total, results.complete, live, results.answered)
