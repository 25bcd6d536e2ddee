"""Preparing: one article, ready to be indexed and shown; the slow part of a build, done once per changed file.

In: the bytes of a Markdown file. Out: the article's page as JSON, and for each section its text as written, folded,
and as word numbers. Why a record of plain bytes and arrays: it crosses from worker processes cheaply, and the next
build takes it out of the last snapshot instead of making it again.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain

from index.content.articles import media, parse
from index.model import Article, Problem, Section
from index.site import FilterSpec
from index.store.blobs import Packed
from index.store.keys import FIELD_BREAK, FIELDS, SECTION_BREAK
from index.store.serializing import article_to_bytes, outline_to_json
from index.text.folding import clean, fold
from index.text.segmenting import Segmenter

_BREAKS = str.maketrans({FIELD_BREAK: " ", SECTION_BREAK: " "})


@dataclass(frozen=True, slots=True)
class Prepared:
    """One article. Lists run parallel, one item a section; `words` numbers point into `vocabulary`."""

    id: str
    digest: str
    page: bytes
    outline: bytes
    """The article, and all of it but its text, as JSON: see `serializing.py`."""
    text: Packed
    """The body as written, UTF-8; what snippets are cut from."""
    lines: Packed
    """What each line of `text` is, one character a line."""
    folded: Packed
    """The FIELDS joined by FIELD_BREAK, folded: as many characters as written."""
    visible: list[int]
    """The first byte of `folded` that is the section's own: its heading's, or the title's in the lead."""
    lengths: list[int]
    """Characters of `folded`."""
    words: array[int]
    word_counts: list[int]
    """One number for each of the FIELDS, section after section: how many words are in it."""
    vocabulary: list[str]
    draft: bool
    publish: date | None
    """Not shown before this day."""
    until: date | None
    """Not shown from this day on."""


def section_fields(article: Article, section: Section) -> list[str]:
    """Return the FIELDS of a section as they are searched.

    The part above the first heading stands for the article as a whole: it also holds the summary, and with the aliases
    what the article applies to, which is shown there: a filter's value finds it though no sentence says it.
    """
    applies = () if section.anchor else tuple(chain.from_iterable(article.filters.values()))
    aliases = "\n".join(dict.fromkeys((*article.aliases, *article.tags, *applies)))
    body = section.text
    if not section.anchor and article.summary and article.summary not in body:
        body = f"{article.summary}\n{body}" if body else article.summary
    parts = ("\n".join(section.asks), article.title, aliases, section.heading, body)
    return [clean(part).translate(_BREAKS) for part in parts]


def line_kinds(section: Section, body: str) -> str:
    """What each line of `body` is, which may have the article's summary above the section's text."""
    added = max(body.count("\n") + 1 - len(section.lines), 0)
    return "." * added + section.lines


def prepare(
    article_id: str,
    path: str,
    raw: bytes,
    asks: bytes | None,
    digest: str,
    segmenter: Segmenter,
    filters: Sequence[FilterSpec],
) -> tuple[Prepared | None, list[Problem]]:
    """Prepare one file. Returns (None, problems) for a file at fault."""
    article, problems = parse(article_id, path, raw, filters, asks)
    if article is None:
        return None, problems
    numbers: dict[str, int] = {}
    words, word_counts = array("I"), []
    texts, lines, all_folded, visible, lengths = [], [], [], [], []
    cached: dict[str, list[str]] = {}
    for section in article.sections:
        parts = section_fields(article, section)
        folded = [fold(part) for part in parts]
        for field, text in enumerate(folded):
            if field in (1, 2):  # title and aliases are much the same in every section of the article
                terms = cached[text] if text in cached else cached.setdefault(text, segmenter.terms(text))
            else:
                terms = segmenter.terms(text)
            words.extend(numbers.setdefault(term, len(numbers)) for term in terms)
            word_counts.append(len(terms))
        texts.append(parts[-1].encode("utf-8", "replace"))
        lines.append(line_kinds(section, parts[-1]).encode())
        all_folded.append(FIELD_BREAK.join(folded).encode("utf-8", "replace"))
        hidden = folded[: FIELDS.index("heading" if section.anchor else "title")]
        visible.append(sum(len(part.encode("utf-8", "replace")) + 1 for part in hidden))
        lengths.append(len(all_folded[-1].decode()))
    prepared = Prepared(
        article_id,
        digest,
        article_to_bytes(article),
        outline_to_json(article, media(section.html for section in article.sections)),
        Packed.of(texts),
        Packed.of(lines),
        Packed.of(all_folded),
        visible,
        lengths,
        words,
        word_counts,
        list(numbers),
        article.draft,
        article.publish,
        article.expires if article.withdraw else None,
    )
    return prepared, problems
