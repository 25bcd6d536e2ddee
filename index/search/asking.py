"""Asking: one query, from its text to what a page shows.

In: the parts of one snapshot: its shelf, its texts, its words, and an engine's sections. Out: results, articles, an
answer, an explanation. Why one class for every engine: an engine ranks and counts (`contracts.Sections`, `Ranked`);
what a reader is shown of it, and in which order things are decided, must not depend on who ranked.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic

import numpy as np

from index.arrays import U32, Mask
from index.meaning.encoder import Encoder
from index.meaning.vectors import open_meanings
from index.model import Answer, ArticlePage, ArticleResults, Guide, Results
from index.search.answering import Answerer
from index.search.choosing import Chooser
from index.search.contracts import Lexicon, R, Sections
from index.search.coverage import LOOKED_AT, Coverage
from index.search.explaining import explain, explain_meaning
from index.search.filtering import Counts, Filters, meet
from index.search.grouping import one_each
from index.search.guessing import Guesser, Guesses
from index.search.guides import GuideFinder
from index.search.hits import Hits
from index.search.layering import Found, Layers
from index.search.layers import LAYERS
from index.search.parsing import Parser
from index.search.pocket import pocket
from index.search.queries import Query
from index.search.shelf import Shelf
from index.search.showing import Records
from index.search.sounds import Sounds
from index.text.segmenting import segmenter_for
from index.text.tuning import tuning_from_json
from index.weights import Weights

MAX_LIMIT = 100
"""The most hits of one page."""

_PARSED = 64  # queries kept parsed, for the next page and the counts of filters; 512 cost the collector 9 ms at a time
Chosen = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Parts(Generic[R]):
    """What an engine brings to a snapshot."""

    sections: Sections[R]
    lexicon: Lexicon
    sounds: Sounds
    filters: Filters
    records: Records
    weights: Weights
    article_of: U32
    """The article number of each section, ascending."""
    near: Callable[[int], tuple[int, ...]]
    """The articles nearest to one, by number."""
    encoder: Encoder | None = None
    """The model of meanings, where this machine has it."""
    guesses_kept: int = 1024
    """For how many queries guesses are remembered; see `Guesses`."""


class Asking(Shelf, Generic[R]):
    """A `Snapshot` (engine.py) over an engine's parts."""

    def __init__(self, place: Path, stamp: dict[str, Any], parts: Parts[R]) -> None:
        self.id: str = stamp["id"]
        self.built = datetime.fromisoformat(stamp["built"])
        self.article_count: int = stamp["articles"]
        self.section_count: int = stamp["sections"]
        # Remembered here and not there: an object that caches its own method lives until garbage collection.
        super().__init__(place, parts.filters, lru_cache(maxsize=512)(parts.near))
        self._tuning = tuning = tuning_from_json(stamp["tuning"])
        self._index, self._lexicon, self._sounds = parts.sections, parts.lexicon, parts.sounds
        self._records, self._weights, self._article_of = parts.records, parts.weights, parts.article_of
        self._first: list[int] = self._article_of.searchsorted(np.arange(self.article_count + 1)).tolist()
        self._segmenter = segmenter_for(tuning.words)
        regional = dict(tuning.lexicon)
        parser = Parser(self._segmenter, tuning.stop_words, tuning.synonyms, self._weights, self._lexicon, regional)
        # A memory of its own: one shared by all snapshots would keep the old ones open.
        self._parse = lru_cache(maxsize=_PARSED)(parser.parse)
        synonyms = (*regional, *(member for group in tuning.synonyms for member in group))
        guesser = Guesser(self._lexicon, self._index, self._sounds, self._segmenter, synonyms)
        guesses = Guesses(guesser, self._parse, parts.guesses_kept)
        chooser = Chooser(self._weights.sections, self._records.folded, self._article_of, self._first)
        self._meanings = open_meanings(place, parts.encoder)
        self._layers = Layers(
            self._index, self._lexicon, guesses, self._parse, place, chooser.choose, self._weights, self._meanings
        )
        self._hits: Hits[R] = Hits(self._records, self._first, self._meanings)
        folded, idf, commonness = self._records.folded, self._index.idf, self._segmenter.commonness
        self._coverage = Coverage(self._weights.coverage, self._lexicon, folded, idf, commonness)
        self._answerer = Answerer(self._weights.answer, self._lexicon, folded, idf)
        self._guide_finder = GuideFinder(self.guides(), self._segmenter, tuning.stop_words)

    def pocket(self) -> dict[str, Any]:
        """What a device needs to search these sections by itself."""
        texts = (self._records.folded[number].decode(errors="ignore") for number in range(self.section_count))
        return pocket(texts, self._sounds.of, self._segmenter, self._tuning, self._weights)

    def load(self) -> None:
        """Load the whole dictionary, and the model where this machine has it; for a server, before it forks."""
        self._segmenter.load()
        if self._meanings:
            self._meanings.load()

    def page(self, article_id: str) -> ArticlePage | None:
        """An article with its surroundings, or None."""
        page = super().page(article_id)
        return page and replace(page, title_phrases=tuple(self._segmenter.phrases(page.article.title)))

    def find_guides(self, query: str) -> tuple[Guide, ...]:
        """The guides that `query` names, best first; mostly none. Never raises for any text."""
        return self._guide_finder.find(query)

    def search(self, query: str, filters: Chosen | None = None, limit: int = 10, offset: int = 0) -> Results:
        """Return hits `offset` to `offset + limit` for `query`, among the sections that fit `filters`.

        Values of one filter widen, filters narrow one another; an unknown value fits nothing. An empty query lists all
        sections in the articles' order. Never raises for any text.
        """
        started = time.perf_counter()
        limit, offset = min(max(limit, 0), MAX_LIMIT), max(offset, 0)
        chosen = self._chosen(filters)
        parsed = self._parse(query)
        if parsed.terms:
            found = self._layers.find(parsed, self._index.allowed(chosen), max(offset + limit, LOOKED_AT))
            ranking, suggestion, sure = found.ranking, found.suggestion, self._coverage.sure(found)
            shown = ranking.order[offset : offset + limit]
            hits = [
                self._hits.hit(found, number, score, complete)
                for number, score, complete in zip(
                    shown.tolist(), ranking.scores_of(shown).tolist(), ranking.completes(shown).tolist(), strict=True
                )
            ]
            total, complete_count = ranking.total, ranking.complete_total
            answer, counts = None if offset else self._answer(found, sure), ranking.counts()
            answered = sure >= self._weights.coverage["least"]
        else:
            listed = self._listed(parsed, chosen)
            suggestion, answer, counts, answered = None, None, self._filters.count(listed), bool(listed.any())
            numbers = np.flatnonzero(listed)
            total = complete_count = len(numbers)
            shown = numbers[offset : offset + limit].tolist()
            hits = [self._records.hit(one, 0.0, True, "words", self._records.passage(one, ())) for one in shown]
        facets = self._facets(parsed, chosen, counts)
        took = round((time.perf_counter() - started) * 1000, 3)
        return Results(query, total, complete_count, tuple(hits), facets, suggestion, took, answer, answered)

    def search_articles(
        self, query: str, filters: Chosen | None = None, limit: int = 8, offset: int = 0, *, typing: bool = False
    ) -> ArticleResults:
        """Return articles `offset` to `offset + limit` for `query`, each where its best section stands.

        Filters as in `search`. `typing`: the reader may type on, so the model of meanings is not asked. An empty query
        lists the articles by topic and order. Never raises for any text.
        """
        limit, offset = min(max(limit, 0), MAX_LIMIT), max(offset, 0)
        chosen = self._chosen(filters)
        parsed = self._parse(query)
        if not parsed.terms:
            listed = one_each(self._listed(parsed, chosen), self._article_of)
            numbers = set(self._article_of[listed].tolist())
            cards = [card for card in self._by_topic if self._numbers[card.id] in numbers]
            facets = self._facets(parsed, chosen, self._filters.count(listed), articles=True)
            shown, count = tuple(cards[offset : offset + limit]), len(cards)
            return ArticleResults(query, count, count, count, (), shown, facets, answered=bool(cards))
        found = self._layers.find(
            parsed, self._index.allowed(chosen), max(2 * (offset + limit), LOOKED_AT), typing=typing
        )
        sure = self._coverage.sure(found)
        grouped = found.ranking.grouped(offset + limit)
        return ArticleResults(
            query,
            grouped.total,
            grouped.complete,
            grouped.partial_from,
            self._hits.articles(found, grouped.order[offset : offset + limit].tolist()),
            (),
            self._facets(parsed, chosen, found.ranking.counts(articles=True), articles=True, typing=typing),
            found.suggestion,
            None if offset else self._answer(found, sure),
            sure >= self._weights.coverage["least"],
        )

    def rank_articles(self, query: str, limit: int, layers: Collection[str] | None = None) -> list[tuple[str, float]]:
        """Return up to `limit` article ids for `query`, where each one's best section stands, and its score.

        `layers`: the names of those that may find; None for all.
        """
        parsed = self._parse(query)
        if not parsed.terms:
            return []
        chosen = LAYERS if layers is None else [layer for layer in LAYERS if layer.name in layers]
        grouped = self._layers.find(parsed, None, self.section_count, chosen).ranking.grouped(limit)
        ranked = zip(grouped.order[:limit].tolist(), grouped.scores[:limit].tolist(), strict=True)
        return [(self._articles[number]["id"], score) for number, score in ranked]

    def explain(self, query: str, article_id: str, anchor: str | None = None) -> str:
        """Say, in lines of text, how `query` was cut, and why a section of the article is found or not, at which score.

        Without `anchor`, the article's best section. Raises KeyError where the article or the section does not exist.
        """
        number = self._numbers[article_id]
        first, last = self._first[number], self._first[number + 1]
        anchors = [self._records.anchor(one) for one in range(first, last)]
        found = self._layers.find(self._parse(query), None, self.section_count)
        if anchor is None:
            held = found.ranking.within(first, last)
            section = int(held[np.argmax(found.ranking.scores_of(held))]) if len(held) else first
        elif anchor in anchors:
            section = first + anchors.index(anchor)
        else:
            raise KeyError(f"{article_id}#{anchor}")
        name = anchors[section - first]
        meaning: list[str] = []
        if self._meanings:
            asks, (text, folded, _) = self._records.asks(section), self._records.body(section)
            meaning = explain_meaning(self._meanings, found, section, asks, text, folded)
        return explain(self._index, found, section, article_id + (f"#{name}" if name else ""), meaning)

    def _chosen(self, filters: Chosen | None) -> Chosen:
        """The filters of this site that have a value."""
        return {name: filters[name] for name in self._site.filter_names if filters.get(name)} if filters else {}

    def _listed(self, query: Query, chosen: Chosen) -> Mask:
        """The sections to list where no term was asked for, as a mask: all that fit, none for punctuation alone."""
        fitting = meet(list(self._filters.masks(chosen).values()))
        return np.full(self.section_count, not query.text) if fitting is None else fitting & (not query.text)

    def _facets(
        self, parsed: Query, chosen: Chosen, counts: Counts, *, articles: bool = False, typing: bool = False
    ) -> Counts:
        """Each filter value with how many of the found sections, or articles, have it; `counts`: within all filters.

        A filter's own choice does not narrow its own counts, so that it can be changed.
        """
        facets = dict(counts)
        for name in chosen:
            others = {other: values for other, values in chosen.items() if other != name}
            if parsed.terms:
                within = self._layers.find(parsed, self._index.allowed(others), 0, typing=typing).ranking
                wide = within.counts(articles=articles)
            else:
                listed = self._listed(parsed, others)
                wide = self._filters.count(one_each(listed, self._article_of) if articles else listed)
            facets[name] = wide.get(name, ())
        return facets

    def _answer(self, found: Found[R], sure: float) -> Answer | None:
        if sure < self._weights.coverage["least"] or not len(found.plain.order):  # none yet, of an engine far away
            return None
        number = self._answerer.answer(found.query, found.plain, self._article_of, self._first)
        if number is None and sure >= self._weights.answer["agreed_sure"]:
            number = self._answerer.agreed(found.query, found.ranking, self._article_of, self._first, found.near)
        if number is None or number != int(found.ranking.order[0]) or found.reason(number)[0] != "words":
            return None
        hit = self._records.hit(number, 0.0, True, "words", "")
        article = self._article(self._numbers[hit.article])
        section = article.sections[number - self._first[self._numbers[hit.article]]]
        return Answer(hit.article, hit.section, hit.title, hit.heading, hit.url, section.html, article.verified)
