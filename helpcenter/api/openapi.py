"""The OpenAPI 3.1 description of the JSON API, at `/openapi.json`.

In: the limits of `views`. Out: one document. Why data and not a generator: few addresses, and a reader of this file
sees what a reader of the document sees. Tests hold it true: schemathesis against a running server, and field by field
against `results_json`.
A change of the API changes this file, docs/api.md and CHANGELOG.md with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from flask import Blueprint, Response, jsonify

from helpcenter.api import articles, guides
from helpcenter.api.describing import parameter, record, ref, refusal
from helpcenter.http.caching import keep
from helpcenter.pages import frame as pages
from helpcenter.pages.views import DEFAULT_LIMIT, LONGEST_QUERY, MOST_HITS, MOST_OFFSET, snapshot
from index import LAYERS, TOPIC, IndexUnavailable, SiteConfig, Snapshot

blueprint = Blueprint("openapi", __name__)


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """The document, with the requested host as its server. Without an index it names the default filters."""
    frame = pages.frame()
    try:
        live = snapshot()
    except IndexUnavailable:
        live = None
    return keep(jsonify(document(frame.site.name, frame.simplified, described_filters(live))))


def described_filters(live: Snapshot | None) -> dict[str, str]:
    """What the description says of each filter: its label, and a value as an example."""
    site, counts = (live.site(), live.facets()) if live else (SiteConfig(), {})
    described = {}
    for one in site.filters:
        example = counts[one.name][0].value if counts.get(one.name) else ""
        described[one.name] = one.label + (f"，如 `{example}`" if example else "")
    described[TOPIC] += "；主题的编号，与结果 `facets.topic` 中的值相同"
    return described


def document(name: str, origin: str, filters: Mapping[str, str]) -> dict[str, Any]:
    """The whole description.

    `origin`: where the site is served, without a slash at its end. `filters`: what is said of each filter, by name.
    """
    return {
        "openapi": "3.1.1",
        "info": {
            "title": f"{name} JSON API",
            "version": version("helpcenter"),
            "description": "按问题搜索帮助文章。一条结果是文章的一节。所有接口只读、无需登录。",
        },
        "servers": [{"url": origin}],
        "paths": {
            "/api/v1/search": {"get": search(filters)},
            **articles.PATHS,
            **guides.PATHS,
            "/healthz": {"get": health("healthz", "进程是否在运行", {"200": ("进程在运行", "ok\n")})},
            "/readyz": {
                "get": health(
                    "readyz",
                    "是否可以接受请求",
                    {
                        "200": ("索引已打开", "ok 3f2a… 58 articles 294 sections\n"),
                        "503": ("没有可用的索引，正文说明原因", "找不到索引。请运行 helpcenter index。\n"),
                    },
                )
            },
        },
        "components": {"schemas": schemas(filters) | articles.SCHEMAS | guides.SCHEMAS},
    }


def health(name: str, summary: str, answers: dict[str, tuple[str, str]]) -> dict[str, Any]:
    """An operation that answers with a line of text."""
    return {
        "operationId": name,
        "summary": summary,
        "responses": {
            code: {
                "description": about,
                "content": {"text/plain": {"schema": {"type": "string", "examples": [example]}}},
            }
            for code, (about, example) in answers.items()
        },
    }


def results(filters: Mapping[str, str]) -> dict[str, Any]:
    """The schema of a page of results."""
    return record(
        "一页结果",
        {
            "query": {"type": "string", "description": "实际搜索的问题（首尾空白已去掉）"},
            "total": {"type": "integer", "minimum": 0, "description": "一共找到多少节"},
            "complete": {"type": "integer", "minimum": 0, "description": "其中包含问题全部内容的节数，其余只含一部分"},
            "took_ms": {"type": "number", "minimum": 0, "description": "搜索用时，毫秒"},
            "answered": {"type": "boolean", "description": "为 false 时，没有文章回答这个问题，下面只是沾边的"},
            "suggestion": {"type": ["string", "null"], "description": "“您是不是要找”的写法，没有则为 null"},
            "answer": {
                "anyOf": [ref("Answer"), {"type": "null"}],
                "description": "明确回答问题的一节，没有则为 null；answered 为 false 时总是 null",
            },
            "guides": {"type": "array", "items": ref("GuideLink"), "description": "问题说到的向导，没有则为空"},
            "results": {"type": "array", "maxItems": MOST_HITS, "items": ref("Hit")},
            "facets": {
                "type": "object",
                "description": "各筛选项的取值与节数；没有取值的筛选项不出现",
                "properties": {name: {"type": "array", "items": ref("FacetCount")} for name in filters},
                "additionalProperties": False,
            },
        },
    )


def schemas(filters: Mapping[str, str]) -> dict[str, Any]:
    """All schemas of the document."""
    return {"Results": results(filters), **SCHEMAS}


SCHEMAS: dict[str, Any] = {
    "Hit": record(
        "一条结果：文章的一节",
        {
            "article": {"type": "string", "description": "文章编号，如 `start/write-articles`"},
            "section": {"type": "string", "description": "这一节的锚点；第一个小标题之前的部分为空"},
            "title": {"type": "string", "description": "文章标题"},
            "heading": {"type": "string", "description": "这一节的小标题，可为空"},
            "url": {"type": "string", "description": "相对地址，接在站点网址之后"},
            "snippet": {"type": "string", "description": "已转义的 HTML，只含 `<mark>` 标记"},
            "score": {"type": "number", "description": "得分，仅可在同一次搜索内比较"},
            "matched": {
                "type": "string",
                "enum": [layer.name for layer in LAYERS],
                "description": "由哪一层找到，最准的在前：" + "、".join(layer.label for layer in LAYERS),
            },
        },
    ),
    "Answer": record(
        "明确回答问题的一节，原文照录",
        {
            "article": {"type": "string", "description": "文章编号"},
            "section": {"type": "string", "description": "小节的锚点"},
            "title": {"type": "string", "description": "文章标题"},
            "heading": {"type": "string", "description": "小节标题"},
            "url": {"type": "string", "description": "小节的地址，相对本站"},
            "html": {"type": "string", "description": "整节内容，已清理的 HTML"},
            "verified": {"type": ["string", "null"], "format": "date", "description": "最近核实的日期"},
        },
    ),
    "GuideLink": record(
        "一个向导",
        {"id": {"type": "string"}, "title": {"type": "string"}, "url": {"type": "string", "description": "相对地址"}},
    ),
    "FacetCount": record("筛选项的一个取值", {"value": {"type": "string"}, "count": {"type": "integer", "minimum": 1}}),
    "Error": record(
        "错误",
        {
            "error": record(
                "哪里不对",
                {"code": {"type": "integer", "description": "同 HTTP 状态码"}, "message": {"type": "string"}},
            )
        },
    ),
}


def search(filters: Mapping[str, str]) -> dict[str, Any]:
    """The operation of the search."""
    return {
        "operationId": "search",
        "summary": "搜索",
        "description": "筛选项可重复：同一项的多个值取并集，不同的项取交集。没有 q 时列出符合筛选的全部内容。",
        "parameters": [
            parameter("q", "问题，任意文字", {"type": "string", "maxLength": LONGEST_QUERY}),
            parameter(
                "limit",
                "返回几条",
                {"type": "integer", "minimum": 1, "maximum": MOST_HITS, "default": DEFAULT_LIMIT},
            ),
            parameter("offset", "跳过前几条", {"type": "integer", "minimum": 0, "maximum": MOST_OFFSET, "default": 0}),
            *(
                parameter(name, about, {"type": "array", "items": {"type": "string"}})
                | {"style": "form", "explode": True}
                for name, about in filters.items()
            ),
        ],
        "responses": {
            "200": {"description": "结果", "content": {"application/json": {"schema": ref("Results")}}},
            "400": refusal("参数不对，message 说明是哪一个"),
            "503": refusal("没有可用的索引，请稍后再试"),
        },
    }
