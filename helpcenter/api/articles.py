"""`/api/v1/articles`: the articles as JSON, listed and one by one.

In: the snapshot. Out: plain values; texts as Markdown and as the HTML of the pages. An old id answers 301.
"""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, abort, jsonify, request
from markdownify import markdownify

from helpcenter.api.describing import parameter, record, ref, refusal
from helpcenter.http.caching import keep
from helpcenter.pages.article_page import STALE_AFTER
from helpcenter.pages.views import parse_number, redirect, snapshot
from index import Article, ArticleCard, Section, Snapshot

MOST_LISTED = 1000
MOST_OFFSET = 10_000_000

blueprint = Blueprint("api_articles", __name__)


@blueprint.get("/api/v1/articles")
def articles() -> Response:
    """All articles, by id, `limit` of them from `offset` on."""
    limit = parse_number("limit", 100, 1, MOST_LISTED)
    offset = parse_number("offset", 0, 0, MOST_OFFSET)
    cards = snapshot().cards()
    return keep(jsonify({"total": len(cards), "articles": [card_to_json(c) for c in cards[offset : offset + limit]]}))


@blueprint.get("/api/v1/articles/<path:name>")
def article(name: str) -> Response:
    """One article whole."""
    live = snapshot()
    page = live.page(name)
    if page:
        return keep(jsonify(article_to_json(live, page.article)))
    target = live.moved(name)
    if not target:
        abort(404, f"没有文章 {name}。全部文章见 /api/v1/articles。")
    return redirect(f"{request.script_root}/api/v1/articles/{quote(target.partition('#')[0])}", 301)


def card_to_json(card: ArticleCard) -> dict[str, Any]:
    """An article as a line of the list."""
    return {
        "id": card.id,
        "title": card.title,
        "summary": card.summary,
        "topic": card.topic,
        "url": card.url,
        "updated": _day(card.updated),
        "verified": _day(card.verified),
    }


def article_to_json(live: Snapshot, article: Article) -> dict[str, Any]:
    """An article with its sections and the values of the site's filters."""
    return {
        "id": article.id,
        "title": article.title,
        "summary": article.summary,
        "topic": article.topic,
        "url": f"/articles/{quote(article.id)}",
        "updated": _day(article.updated),
        "verified": _day(article.verified),
        "expires": _day(article.expires),
        "sources": list(article.sources),
        "filters": {name: list(values) for name, values in article.filters.items() if values},
        "sections": [
            {"anchor": one.anchor, "heading": one.heading, "level": one.level, "html": one.html, "text": one.text}
            for one in article.sections
        ],
        "markdown": article.source,
    }


def section_to_markdown(article: Article, section: Section) -> str:
    """A section under its heading, as Markdown made of its HTML."""
    heading = f"## {article.title} › {section.heading}" if section.heading else f"# {article.title}"
    body = markdownify(section.html, heading_style="ATX", bullets="-")
    return f"{heading}\n\n{body.strip()}\n"


def is_stale(verified: date | None, expires: date | None, today: date) -> bool:
    """Whether the article's page warns that it may be out of date."""
    return bool((expires and expires <= today) or (verified and today - verified > STALE_AFTER))


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


_TEXT, _WHOLE = {"type": "string"}, {"type": "integer"}
_DATE = {"type": ["string", "null"], "format": "date"}
_CARD: dict[str, Any] = {
    "id": {**_TEXT, "description": "文章编号，如 `start/write-articles`"},
    "title": {**_TEXT, "description": "标题"},
    "summary": {**_TEXT, "description": "一句摘要，可为空"},
    "topic": {**_TEXT, "description": "所在主题的编号，可为空"},
    "url": {**_TEXT, "description": "相对地址，接在站点网址之后"},
    "updated": {**_DATE, "description": "最后修改的日期"},
    "verified": {**_DATE, "description": "最后核实的日期"},
}
SCHEMAS: dict[str, Any] = {
    "ArticleList": record(
        "文章的一段列表",
        {
            "total": {"type": "integer", "minimum": 0, "description": "一共多少篇"},
            "articles": {"type": "array", "items": ref("ArticleCard"), "description": "按编号排列"},
        },
    ),
    "ArticleCard": record("列表里的一篇文章", _CARD),
    "Article": record(
        "一篇文章",
        {
            **_CARD,
            "expires": {**_DATE, "description": "有效期的最后一天之后"},
            "sources": {"type": "array", "items": _TEXT, "description": "事实的出处"},
            "filters": {"type": "object", "description": "各筛选项的取值", "additionalProperties": {"type": "array"}},
            "sections": {"type": "array", "items": ref("Section"), "description": "各节，按顺序"},
            "markdown": {**_TEXT, "description": "Markdown 原文，含 front matter"},
        },
    ),
    "Section": record(
        "文章的一节",
        {
            "anchor": {**_TEXT, "description": "锚点；第一个小标题之前的部分为空"},
            "heading": {**_TEXT, "description": "小标题，可为空"},
            "level": {"type": "integer", "description": "标题的级别，2 到 4；没有标题为 0"},
            "html": {**_TEXT, "description": "净化过的 HTML"},
            "text": {**_TEXT, "description": "读者看到的文字"},
        },
    ),
}
"""The records of these two addresses, for `/openapi.json`."""


def _answers(schema: str) -> dict[str, Any]:
    found = {"description": "找到了", "content": {"application/json": {"schema": ref(schema)}}}
    return {"200": found, "400": refusal("参数不对"), "404": refusal("没有这篇"), "503": refusal("没有可用的索引")}


PATHS: dict[str, Any] = {
    "/api/v1/articles": {
        "get": {
            "operationId": "articles",
            "summary": "列出文章",
            "parameters": [
                parameter("limit", "最多几篇", {**_WHOLE, "minimum": 1, "maximum": MOST_LISTED, "default": 100}),
                parameter("offset", "跳过几篇", {**_WHOLE, "minimum": 0, "maximum": MOST_OFFSET, "default": 0}),
            ],
            "responses": _answers("ArticleList"),
        }
    },
    "/api/v1/articles/{id}": {
        "get": {
            "operationId": "article",
            "summary": "一篇文章的全文",
            "description": "编号里的 / 照写；旧编号以 301 转到新的。",
            "parameters": [
                parameter("id", "文章编号", {"type": "string"}) | {"in": "path", "required": True},
            ],
            "responses": {**_answers("Article"), "301": {"description": "文章已移到新的编号"}},
        }
    },
}
