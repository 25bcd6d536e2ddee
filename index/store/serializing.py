"""Serializing: an article as compressed JSON and back, as the snapshot keeps it.

In: an `Article`, or the bytes of one. Out: the other. Why apart from preparing: the server reads articles too, and must
not load the Markdown parser for it (0.2 s of its start).
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import date
from typing import Any

from index.model import Article, Guide, Option, Outcome, Question, Section

CARD_BREAK = "\x1f"
"""Between the parts of a section's card: article id, anchor, title, heading, topic title, address."""

_DATES = ("updated", "verified", "publish", "expires")


def article_to_bytes(article: Article) -> bytes:
    """Serialise an article: JSON, compressed to a fifth, since every build copies and checks all of them."""
    return zlib.compress(
        json.dumps(asdict(article), ensure_ascii=False, default=str).encode("utf-8", "surrogatepass"), 1
    )


def outline_to_json(article: Article, media: Sequence[str]) -> bytes:
    """Serialise what lists, filters and cards need of an article: all but its text, and the pictures it shows.

    A twentieth of the article to read again.
    """
    outline = {field.name: getattr(article, field.name) for field in fields(Article) if field.name != "source"}
    outline["sections"] = [(section.anchor, section.heading) for section in article.sections]
    outline["media"] = media
    return json.dumps(outline, ensure_ascii=False, default=str).encode("utf-8", "surrogatepass")


def article_from_bytes(raw: bytes) -> Article:
    """The inverse of `article_to_bytes`."""
    record: dict[str, Any] = json.loads(zlib.decompress(raw))
    record["sections"] = tuple(
        Section(**{name: _tuple(value) for name, value in section.items()}) for section in record["sections"]
    )
    for name in _DATES:
        record[name] = date.fromisoformat(record[name]) if record[name] else None
    record["filters"] = {name: tuple(values) for name, values in record["filters"].items()}
    return Article(**{field.name: _tuple(record[field.name]) for field in fields(Article)})


def guide_from_json(record: dict[str, Any]) -> Guide:
    """The inverse of `dataclasses.asdict` for a guide that went through JSON."""
    questions = {
        name: Question(one["ask"], one["hint"], tuple(Option(**option) for option in one["options"]))
        for name, one in record["questions"].items()
    }
    outcomes = {name: Outcome(**{**one, "steps": tuple(one["steps"])}) for name, one in record["outcomes"].items()}
    return Guide(**{**record, "aliases": tuple(record["aliases"]), "questions": questions, "outcomes": outcomes})


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
