"""`/api`: the description of the JSON API as a page that people read.

In: the OpenAPI document. Out: `templates/api.html`. Why own HTML: a few operations need no viewer of 1 MB, and
the page follows the document by itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response
from markupsafe import Markup, escape

from helpcenter.api.openapi import described_filters, document
from helpcenter.http.caching import keep
from helpcenter.pages import frame as pages
from helpcenter.pages.views import snapshot

blueprint = Blueprint("reference", __name__)


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, or a field of a record."""

    name: str
    kind: str
    about: Markup


@dataclass(frozen=True, slots=True)
class Operation:
    """One address."""

    anchor: str
    path: str
    summary: str
    about: Markup
    parameters: tuple[Field, ...]
    answers: tuple[Field, ...]
    """Status code, record, meaning."""


@dataclass(frozen=True, slots=True)
class Schema:
    """One record of the answers."""

    name: str
    about: Markup
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class ReferencePage:
    """`templates/api.html`."""

    frame: pages.Frame
    about: str
    operations: tuple[Operation, ...]
    schemas: tuple[Schema, ...]


@blueprint.get("/api")
def reference() -> Response:
    """The page."""
    frame = pages.frame("接口", "给程序用的 JSON 接口", "/api")
    described = document(frame.site.name, frame.simplified, described_filters(snapshot()))
    page = ReferencePage(
        frame,
        described["info"]["description"],
        tuple(_operation(path, item["get"]) for path, item in described["paths"].items()),
        tuple(_schema(name, one) for name, one in described["components"]["schemas"].items() if "properties" in one),
    )
    return keep(Response(pages.render("api.html", page)))


def _operation(path: str, one: dict[str, Any]) -> Operation:
    parameters = (
        Field(p["name"], _kind(p["schema"]), _with_code(p.get("description", ""))) for p in one.get("parameters", ())
    )
    answers = (
        Field(code, _content(answer), _with_code(answer["description"])) for code, answer in one["responses"].items()
    )
    about = _with_code(one.get("description", ""))
    return Operation(one["operationId"], path, one["summary"], about, tuple(parameters), tuple(answers))


def _schema(name: str, one: dict[str, Any]) -> Schema:
    fields = (
        Field(key, _kind(value), _with_code(value.get("description", ""))) for key, value in one["properties"].items()
    )
    return Schema(name, _with_code(one.get("description", "")), tuple(fields))


def _with_code(words: str) -> Markup:
    """A description as HTML: what stands in backticks is code."""
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(words))))  # noqa: S704 escaped before


def _content(answer: dict[str, Any]) -> str:
    bodies: list[dict[str, Any]] = list(answer.get("content", {}).values())
    return _kind(bodies[0]["schema"]) if bodies else ""


def _kind(schema: dict[str, Any]) -> str:
    """A schema in a word or two."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " | ".join(map(_kind, schema["anyOf"]))
    kinds = schema.get("type", "object")
    kind = " | ".join(kinds) if isinstance(kinds, list) else str(kinds)
    if kind == "array":
        kind = f"{_kind(schema.get('items', {}))}[]"
    limits = [f"{word} {schema[key]}" for key, word in _LIMITS.items() if key in schema]
    return f"{kind}（{'，'.join(limits)}）" if limits else kind


_LIMITS = {"minimum": "最小", "maximum": "最大", "maxLength": "最长", "maxItems": "最多", "default": "默认"}
