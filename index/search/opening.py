"""Opening: a snapshot's files become what answers.

In: a snapshot's folder, queries. Out: results, articles, topics. Why one object per built index: it is
immutable and answers from memory-mapped files alone, so every worker and thread can share it, a page and its hits
come from one version, and switching to a new index is replacing one reference (`live.py`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from index.model import (
    Answer,
    ArticleCard,
    ArticleHit,
    ArticlePage,
    ArticleResults,
    FacetCount,
    Guide,
    Hit,
    Results,
    SectionLink,
    Topic,
)
from index.search.answering import Answerer
from index.search.containing import Postings, among
from index.search.coverage import LOOKED_AT, READ, coverage
from index.search.explaining import explain
from index.search.filtering import Filters, meet
from index.search.grouping import group, one_each
from index.search.guessing import Guesser
from index.search.guides import GuideFinder
from index.search.layering import Found, Layers
from index.search.layers import LAYERS
from index.search.lexicon import ArrayLexicon
from index.search.pocket import pocket
from index.search.queries import Parser, Query
from index.search.relating import Relatives
from index.search.searching import Ranking, Scorer
from index.search.snippets import first_steps, snippet
from index.search.sounds import Sounds
from index.site import SiteConfig, site_from_json
from index.store.blobs import Texts
from index.store.codec import open_index
from index.store.forwards import forwarded
from index.store.pictures import dress
from index.store.serializing import CARD_BREAK, article_from_bytes, guide_from_json
from index.store.snapshots import read_stamp
from index.text.lexicon import load_lexicon
from index.text.segmenting import segmenter_for
from index.text.tuning import tuning_from_json
from index.weights import load_weights

LONGEST_ID, ALIKE = 200, 70
"""Of a mistyped address: characters looked at, and the likeness (0 to 100) from which an article is offered."""
MAX_LIMIT = 100
"""The most hits of one page."""
STEPS = 3
"""Steps of an article's best section that are shown at once."""
NEAR = 2
"""Sections of an article shown beside its best."""

_PARSED = 64  # queries kept parsed, for the next page and the counts of filters; 512 cost the collector 9 ms at a time


class LocalSnapshot:
    """A `Snapshot` (engine.py) over the files of one folder."""

    def __init__(self, place: Path, verify: bool = True, key: str = "") -> None:
        stamp = read_stamp(place, verify, key)
        self.id: str = stamp["id"]
        self.built = datetime.fromisoformat(stamp["built"])
        self.article_count: int = stamp["articles"]
        self.section_count: int = stamp["sections"]
        tuning = tuning_from_json(stamp["tuning"])
        terms, self._cards = open_index(place)
        self._text, self._folded, self._pages = (Texts(place / name) for name in ("text", "folded", "pages"))
        self._line_kinds = Texts(place / "lines")
        self._sections = np.asarray(np.load(place / "sections.npy", mmap_mode="r", allow_pickle=False))
        self._first = self._sections[0].searchsorted(np.arange(self.article_count + 1)).tolist()
        weights = load_weights()
        postings = Postings(terms, self._folded, self._sections)
        self._scorer = Scorer(postings, weights)
        sounds = self._sounds = Sounds(place)
        self._tuning, self._weights = tuning, weights
        lexicon = self._lexicon = ArrayLexicon(terms.keys, terms.starts, terms.vocabulary, sounds)
        self._answerer = Answerer(weights.answer, lexicon, self._folded, self._scorer.idf)
        # Remembered here and not there: see Scorer's own memory.
        self._near = lru_cache(maxsize=512)(Relatives(place, terms, self._sections, weights).near)
        self._segmenter = segmenter_for(tuning.words)
        parser = Parser(self._segmenter, tuning.stop_words, tuning.synonyms, weights, lexicon)
        # A memory of its own: one shared by all snapshots would keep the old ones open.
        self._parse = lru_cache(maxsize=_PARSED)(parser.parse)
        synonyms = (*load_lexicon(), *(member for group in tuning.synonyms for member in group))
        guesser = Guesser(lexicon, self._scorer, sounds, self._segmenter, synonyms)
        self._layers = Layers(self._scorer, lexicon, guesser, self._parse, place)
        self._articles: list[dict[str, Any]] = _json(place, "articles")
        self._numbers = {article["id"]: number for number, article in enumerate(self._articles)}
        self._lines = tuple(map(_article_card, self._articles))
        self._topics = self._read_topics(_json(place, "topics"))
        in_topics = [card for topic in self._topics.values() for card in topic.articles]
        self._by_topic = [*in_topics, *(card for card in self._lines if card.topic not in self._topics)]
        self._media = Texts(place / "media")
        self._moved: dict[str, str] = _json(place, "moved")
        self._sizes = {path: (width, height) for path, (width, height) in _json(place, "media_sizes").items()}
        self._media_names = {name: number for number, name in enumerate(_json(place, "media"))}
        self._site = site_from_json(_json(place, "site"))
        self._filters = Filters(place, self.section_count, self._site.filter_names)
        self._guides = {guide.id: guide for guide in map(guide_from_json, _json(place, "guides"))}
        self._guide_finder = GuideFinder(tuple(self._guides.values()), self._segmenter, tuning.stop_words)

    def pocket(self) -> dict[str, Any]:
        """What a device needs to search these sections by itself."""
        texts = (self._folded[number].decode(errors="ignore") for number in range(self.section_count))
        return pocket(texts, self._sounds.of, self._segmenter, self._tuning, self._weights)

    def load(self) -> None:
        """Load the whole dictionary; for a server, before it forks."""
        self._segmenter.load()

    def site(self) -> SiteConfig:
        """What `_site.yml` said when this was built: name, filters, words, contacts."""
        return self._site

    # Articles

    def cards(self) -> tuple[ArticleCard, ...]:
        """All articles, by id."""
        return self._lines

    def topics(self) -> tuple[Topic, ...]:
        """All topics in their order."""
        return tuple(self._topics.values())

    def topic(self, topic_id: str) -> Topic | None:
        """One topic, or None."""
        return self._topics.get(topic_id)

    def page(self, article_id: str) -> ArticlePage | None:
        """An article with its surroundings, or None."""
        number = self._numbers.get(article_id)
        if number is None:
            return None
        record = self._articles[number]
        topic = self._topics.get(record["topic"])
        beside = topic.articles if topic else tuple(card for card in self._lines if not card.topic)
        at = beside.index(self._lines[number])
        article = article_from_bytes(self._pages[number])
        if self._sizes:
            sections = tuple(replace(one, html=dress(one.html, self._sizes)) for one in article.sections)
            article = replace(article, sections=sections)
        return ArticlePage(
            article=article,
            topic=topic,
            related=tuple(self._lines[other] for other in self._near(number)),
            previous=beside[at - 1] if at else None,
            next=beside[at + 1] if at + 1 < len(beside) else None,
        )

    def moved(self, place: str) -> str | None:
        """Where the article `id`, or the section `id#anchor`, that lay at `place` is now; None where nobody knows."""
        return forwarded(self._moved, place)

    def guides(self) -> tuple[Guide, ...]:
        """All guides, by id."""
        return tuple(self._guides.values())

    def guide(self, guide_id: str) -> Guide | None:
        """One guide, or None."""
        return self._guides.get(guide_id)

    def find_guides(self, query: str) -> tuple[Guide, ...]:
        """The guides that `query` names, best first; mostly none. Never raises for any text."""
        return self._guide_finder.find(query)

    def resembling(self, address: str, limit: int) -> tuple[ArticleCard, ...]:
        """The articles whose ids are spelt most like `address`, nearest first; for addresses that were mistyped."""
        from rapidfuzz import fuzz, process  # 40 ms that only a wrong address need wait for

        wanted = address.strip("/")[:LONGEST_ID].lower()
        names = [card.id.lower() for card in self._lines]
        found = process.extract(wanted, names, scorer=fuzz.ratio, score_cutoff=ALIKE, limit=limit)
        return tuple(self._lines[number] for _, _, number in found)

    def media(self, path: str) -> bytes | None:
        """A picture that articles show, by its path in the content folder, or None."""
        number = self._media_names.get(path)
        return None if number is None else self._media[number]

    def _read_topics(self, records: list[dict[str, Any]]) -> dict[str, Topic]:
        members: dict[str, list[tuple[float, str, ArticleCard]]] = {}
        for record, card in zip(self._articles, self._lines, strict=True):
            members.setdefault(card.topic, []).append((record["order"], card.id, card))
        return {
            record["id"]: Topic(
                articles=tuple(card for *_, card in sorted(members[record["id"]], key=lambda item: item[:2])), **record
            )
            for record in records
            if record["id"] in members
        }

    # Search

    def search(
        self, query: str, filters: Mapping[str, Sequence[str]] | None = None, limit: int = 10, offset: int = 0
    ) -> Results:
        """Return hits `offset` to `offset + limit` for `query`, among the sections that fit `filters`.

        Values of one filter widen, filters narrow one another; an unknown value fits nothing. An empty query lists all
        sections in the articles' order. Never raises for any text.
        """
        started = time.perf_counter()
        limit, offset = min(max(limit, 0), MAX_LIMIT), max(offset, 0)
        masks = self._filters.masks(filters) if filters else {}
        allowed = meet(list(masks.values()))
        parsed = self._parse(query)
        if parsed.terms:
            found = self._layers.find(parsed, allowed, max(offset + limit, LOOKED_AT))
            ranking, suggestion, answered = found.ranking, found.suggestion, self._answered(found)
            shown = ranking.order[offset : offset + limit]
            hits = [
                self._hit(number, score, complete, *self._reason(found, number))
                for number, score, complete in zip(
                    shown.tolist(),
                    ranking.scores[shown].tolist(),
                    among(shown, ranking.complete).tolist(),
                    strict=True,
                )
            ]
            total, complete_count, mask = ranking.total, len(ranking.complete), ranking.found
            answer = None if offset else self._answer(found)
        else:
            mask = self._listed(parsed, allowed)
            numbers, suggestion, answer, answered = np.flatnonzero(mask), None, None, bool(mask.any())
            total = complete_count = len(numbers)
            shown = numbers[offset : offset + limit].tolist()
            hits = [self._hit(number, 0.0, True, "words", snippet(*self._body(number), ())) for number in shown]
        facets = self._counts(parsed, masks, mask)
        took = round((time.perf_counter() - started) * 1000, 3)
        return Results(query, total, complete_count, tuple(hits), facets, suggestion, took, answer, answered)

    def search_articles(
        self, query: str, filters: Mapping[str, Sequence[str]] | None = None, limit: int = 8, offset: int = 0
    ) -> ArticleResults:
        """Return articles `offset` to `offset + limit` for `query`, each where its best section stands.

        Filters as in `search`. An empty query lists the articles by topic and order. Never raises for any text.
        """
        limit, offset = min(max(limit, 0), MAX_LIMIT), max(offset, 0)
        masks = self._filters.masks(filters) if filters else {}
        allowed = meet(list(masks.values()))
        parsed = self._parse(query)
        if not parsed.terms:
            mask = self._listed(parsed, allowed)
            numbers = set(self._sections[0][mask].tolist())
            cards = [card for card in self._by_topic if self._numbers[card.id] in numbers]
            shown = tuple(cards[offset : offset + limit])
            return ArticleResults(
                query,
                len(cards),
                len(cards),
                len(cards),
                (),
                shown,
                self._counts(parsed, masks, mask, articles=True),
                answered=bool(cards),
            )
        found = self._layers.find(parsed, allowed, max(2 * (offset + limit), LOOKED_AT))
        grouped = group(found.ranking, self._sections[0], offset + limit)
        return ArticleResults(
            query,
            grouped.total,
            grouped.complete,
            grouped.partial_from,
            tuple(self._article_hit(found, number) for number in grouped.order[offset : offset + limit].tolist()),
            (),
            self._counts(parsed, masks, found.ranking.found, articles=True),
            found.suggestion,
            None if offset else self._answer(found),
            self._answered(found),
        )

    def _answer(self, found: Found[Ranking]) -> Answer | None:
        number = self._answerer.answer(found.query, found.ranking, self._sections[0], self._first)
        if number is None or found.reason(number)[0] != "words":
            return None
        hit = self._hit(number, 0.0, True, "words", "")
        article = article_from_bytes(self._pages[self._numbers[hit.article]])
        section = article.sections[number - self._first[self._numbers[hit.article]]]
        return Answer(hit.article, hit.section, hit.title, hit.heading, hit.url, section.html, article.verified)

    def _answered(self, found: Found[Ranking]) -> bool:
        """Whether some section holds enough of what was asked for."""
        ranking = found.ranking
        if not ranking.total or len(ranking.complete) or len(ranking.verbatim):
            return bool(ranking.total)
        query = found.asked_for(int(ranking.order[0]))
        frequencies = self._lexicon.frequencies([term.key for term in query.terms])
        texts = (
            self._folded.beginning(number, READ).decode(errors="ignore")
            for number in ranking.order[:LOOKED_AT].tolist()
        )
        held = coverage(query, texts, lambda term: term.weight * self._scorer.idf(frequencies.get(term.key, 0)))
        return held >= self._weights.coverage["least"]

    def _article_hit(self, found: Found[Ranking], article: int) -> ArticleHit:
        """What is shown of an article: its best section, and its other ones by their headings."""
        ranking = found.ranking
        first, last = self._first[article], self._first[article + 1]
        scores = ranking.scores[first:last].tolist()
        held = [first + at for at, one in enumerate(ranking.found[first:last].tolist()) if one]
        begin, end = ranking.complete.searchsorted((first, last)).tolist()
        complete = ranking.complete[begin:end].tolist()
        top = max(held, key=lambda number: scores[number - first])
        if top == first and not self._cards[first].decode().split(CARD_BREAK)[1]:
            # The part above the first heading stands for the article: readers begin where that itself begins to answer.
            top = next((number for number in complete if number != first), top)
        others = [number for number in complete or held if number != top]
        others.sort(key=lambda number: -scores[number - first])
        matched, marks = found.reason(top)
        body = self._body(top)
        steps, count = first_steps(*body, marks, STEPS)
        passage = "" if steps else snippet(*body, marks)
        hit = self._hit(top, scores[top - first], bool(complete), matched, passage)
        near, more = (tuple(map(self._link, sorted(some))) for some in (others[:NEAR], others[NEAR:]))
        return ArticleHit(hit, steps, count, near, more)

    def _link(self, number: int) -> SectionLink:
        _, _, _, heading, _, url = self._cards[number].decode().split(CARD_BREAK)
        return SectionLink(heading, url)

    def _counts(self, parsed: Query, masks: Mapping[str, Any], mask: Any, *, articles: bool = False) -> Any:
        """Each filter value with how many of the found sections, or articles, have it.

        A filter's own choice does not narrow its own counts, so that it can be changed.
        """

        def count(found: Any) -> Any:
            return self._filters.count(one_each(found, self._sections[0]) if articles else found)

        facets = count(mask)
        for name in masks:
            wide = meet([other for key, other in masks.items() if key != name])
            within = self._layers.find(parsed, wide, 0).ranking.found if parsed.terms else self._listed(parsed, wide)
            facets[name] = count(within).get(name, ())
        return facets

    def rank_articles(self, query: str, limit: int, layers: Collection[str] | None = None) -> list[tuple[str, float]]:
        """Return up to `limit` article ids for `query`, where each one's best section stands, and its score.

        `layers`: the names of those that may find; None for all.
        """
        parsed = self._parse(query)
        if not parsed.terms:
            return []
        chosen = LAYERS if layers is None else [layer for layer in LAYERS if layer.name in layers]
        ranking = self._layers.find(parsed, None, self.section_count, chosen).ranking
        best: dict[int, float] = {}
        for section, article in zip(ranking.order.tolist(), self._sections[0][ranking.order].tolist(), strict=True):
            if article not in best:
                best[article] = float(ranking.scores[section])
                if len(best) == limit:
                    break
        return [(self._articles[number]["id"], score) for number, score in best.items()]

    def _listed(self, query: Query, allowed: Any) -> Any:
        """The sections to list where no term was asked for: all that fit, or none for punctuation alone."""
        return np.full(self.section_count, not query.text) if allowed is None else allowed & (not query.text)

    def _hit(self, number: int, score: float, complete: bool, matched: str, passage: str) -> Hit:
        article, section, title, heading, topic, url = self._cards[number].decode().split(CARD_BREAK)
        return Hit(article, section, title, heading, topic, url, passage, round(score, 4), matched, complete)

    def _reason(self, found: Found[Ranking], number: int) -> tuple[str, str]:
        """The layer that found a section, and its passage."""
        matched, marks = found.reason(number)
        return matched, snippet(*self._body(number), marks)

    def _record(self, number: int) -> str:
        """All that is searched of a section, folded."""
        return self._folded[number].decode()

    def _body(self, number: int) -> tuple[str, str, str]:
        """A section's body as written and folded, and what its lines are."""
        text, folded = self._text[number].decode(), self._folded[number].decode()
        # In the record it comes last, and is as long.
        return text, folded[len(folded) - len(text) :], self._line_kinds[number].decode()

    def facets(self) -> Mapping[str, tuple[FacetCount, ...]]:
        """Every filter value of the site with how many sections have it."""
        return self._filters.whole

    def explain(self, query: str, article_id: str, anchor: str | None = None) -> str:
        """Say, in lines of text, how `query` was cut, and why a section of the article is found or not, at which score.

        Without `anchor`, the article's best section. Raises KeyError where the article or the section does not exist.
        """
        number = self._numbers[article_id]
        first, last = (int(np.searchsorted(self._sections[0], number, side=side)) for side in ("left", "right"))
        anchors = [self._cards[i].decode().split(CARD_BREAK)[1] for i in range(first, last)]
        found = self._layers.find(self._parse(query), None, self.section_count)
        scores = found.ranking.scores * found.ranking.found
        if anchor is None:
            chosen = int(np.argmax(scores[first:last]))
        elif anchor in anchors:
            chosen = anchors.index(anchor)
        else:
            raise KeyError(f"{article_id}#{anchor}")
        place = article_id + (f"#{anchors[chosen]}" if anchors[chosen] else "")
        return explain(self._scorer, found, first + chosen, place)


def _json(place: Path, name: str) -> Any:
    return json.loads((place / f"{name}.json").read_text("utf-8"))


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _article_card(record: dict[str, Any]) -> ArticleCard:
    from urllib.parse import quote

    return ArticleCard(
        id=record["id"],
        title=record["title"],
        summary=record["summary"],
        topic=record["topic"],
        url="/articles/" + quote(record["id"]),
        updated=_date(record["updated"]),
        verified=_date(record["verified"]),
        expires=_date(record["expires"]),
    )
