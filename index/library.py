"""The library: the live snapshot, opened for reading.

In: an index folder, queries. Out: results, articles, topics. Why one `Snapshot` object per built index: it is
immutable and answers from memory-mapped files alone, so every worker and thread can share it, a page and its hits
come from one version, and switching to a new index is replacing one reference.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from whoosh.index import open_dir

from index.assembling import CARD_BREAK
from index.blobs import Texts
from index.codec import INDEX_NAME
from index.explaining import explain
from index.guessing import Guesser
from index.inverting import FIELD_BREAK
from index.model import FACETS, ArticleCard, ArticlePage, FacetCount, Hit, IndexUnavailable, Results, Topic
from index.preparing import article_from_json
from index.queries import Parser, Query
from index.searching import Ranking, Scorer
from index.segmenting import Segmenter
from index.snapshots import IndexFolder, read_stamp
from index.snippets import snippet
from index.sounds import Sounds
from index.tuning import tuning_from_json
from index.weights import load_weights

MAX_LIMIT = 100
"""The most hits of one page."""

_WATCHED = 0.2  # seconds between two looks at the pointer file
_PARSED = 4096  # queries kept parsed; about 4 MB


@lru_cache(maxsize=2)
def _segmenter(words: tuple[str, ...]) -> Segmenter:
    return Segmenter(words)


class Snapshot:
    """One built index. `id` changes with any change of content; `built` is when, in UTC."""

    def __init__(self, place: Path, verify: bool = True) -> None:
        stamp = read_stamp(place, verify)
        self.id: str = stamp["id"]
        self.built = datetime.fromisoformat(stamp["built"])
        self.article_count: int = stamp["articles"]
        self.section_count: int = stamp["sections"]
        tuning = tuning_from_json(stamp["tuning"])
        reader = open_dir(str(place), indexname=INDEX_NAME, readonly=True).reader()
        self._cards = reader._perdoc.cards
        self._text, self._folded, self._pages = (Texts(place / name) for name in ("text", "folded", "pages"))
        self._sections = np.load(place / "sections.npy", mmap_mode="r", allow_pickle=False)
        weights = load_weights()
        self._scorer = Scorer(reader._terms, self._folded, self._sections, weights)
        self._segmenter = _segmenter(tuning.words)
        self._parser = Parser(self._segmenter, tuning.stop_words, tuning.synonyms, weights)
        self._guesser = Guesser(self._scorer, Sounds(place), self._segmenter)
        self._articles: list[dict[str, Any]] = _json(place, "articles")
        self._numbers = {article["id"]: number for number, article in enumerate(self._articles)}
        self._lines = tuple(map(_article_card, self._articles))
        self._topics = self._read_topics(_json(place, "topics"))
        self._facet_bits = np.load(place / "facets.npy", mmap_mode="r", allow_pickle=False)
        self._facet_values: list[tuple[str, str]] = [(name, value) for name, value in _json(place, "facets")]
        self._facet_rows = {pair: row for row, pair in enumerate(self._facet_values)}
        self._whole = self._count(np.ones(self.section_count, bool))

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
        return ArticlePage(
            article=article_from_json(self._pages[number]),
            topic=topic,
            related=tuple(self._lines[other] for other in record["related"]),
            previous=beside[at - 1] if at else None,
            next=beside[at + 1] if at + 1 < len(beside) else None,
        )

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
        chosen = {name: tuple(values) for name, values in (filters or {}).items() if name in FACETS and values}
        rows = {name: self._fitting(name, values) for name, values in chosen.items()}
        allowed = np.logical_and.reduce(list(rows.values())) if rows else None
        parsed = self._parse(query)
        if not parsed.terms:
            return self._listing(parsed, rows, allowed, limit, offset, started)
        ranking, layers, suggestion, marks = self._ranked(parsed, allowed, offset + limit)
        complete = set(ranking.complete.tolist()) if len(ranking.complete) < 4000 else ranking.complete
        hits = tuple(
            self._hit(number, float(ranking.scores[number]), layers(number), number in complete, marks(number))
            for number in ranking.order[offset : offset + limit].tolist()
        )
        return Results(
            query=query,
            total=ranking.total,
            complete=len(ranking.complete),
            hits=hits,
            facets=self._facets(parsed, ranking.found, rows),
            suggestion=suggestion,
            took_ms=round((time.perf_counter() - started) * 1000, 3),
        )

    @lru_cache(maxsize=_PARSED)  # noqa: B019 - a snapshot dies with its cache
    def _parse(self, text: str) -> Query:
        query = self._parser.parse(text)
        self._scorer.expand(query)
        return query

    def _ranked(self, query: Query, allowed: Any, wanted: int) -> tuple[Ranking, Any, str | None, Any]:
        """Rank, and where nothing contains the query, let guesses go before what shares only a part of it."""
        ranking = self._scorer.rank(query, allowed, wanted)
        words = self._scorer.word_sections(query)
        own = query.marks

        def layer(number: int) -> str:
            return "words" if words(number) else "substring"

        if len(ranking.contained):
            return ranking, layer, None, lambda number: own
        guessed: dict[int, tuple[str, Query]] = {}
        suggestion = None
        top = float(ranking.scores.max()) if self.section_count else 0.0
        for guess in self._guesser.guesses(query):
            other = self._parse(guess.text)
            found = self._scorer.rank(other, allowed, wanted)
            if not len(found.contained):
                if guess.layer == "similar" and len(found.complete):
                    fresh = found.complete
                else:
                    continue
            else:
                fresh = found.contained
            suggestion = suggestion or other.folded
            scale = float(found.scores[fresh].max()) or 1.0
            for number in fresh.tolist():
                if number not in guessed:
                    guessed[number] = (guess.layer, other)
                    ranking.scores[number] = (
                        top + 10 * guess.weight + 5 * guess.weight * float(found.scores[number]) / scale
                    )
        if not guessed:
            return ranking, layer, None, lambda number: own
        new = np.fromiter(guessed, np.int64, len(guessed))
        ranking.found[new] = True
        ranking.total = int(np.count_nonzero(ranking.found))
        ranking.order = self._scorer.best(ranking.scores * ranking.found, wanted, ranking.total)
        return (
            ranking,
            lambda number: guessed[number][0] if number in guessed else layer(number),
            suggestion,
            lambda number: guessed[number][1].marks if number in guessed else own,
        )

    def _listing(
        self, query: Query, rows: Mapping[str, Any], allowed: Any, limit: int, offset: int, started: float
    ) -> Results:
        """An empty query: all sections that fit; a query of punctuation alone: nothing."""
        empty = bool(query.text)
        found = (
            np.zeros(self.section_count, bool)
            if empty
            else np.ones(self.section_count, bool)
            if allowed is None
            else allowed
        )
        numbers = np.flatnonzero(found)
        hits = tuple(self._hit(number, 0.0, "words", True, ()) for number in numbers[offset : offset + limit].tolist())
        return Results(
            query.text,
            len(numbers),
            len(numbers),
            hits,
            self._facets(query, found, rows),
            None,
            round((time.perf_counter() - started) * 1000, 3),
        )

    def _hit(self, number: int, score: float, matched: str, complete: bool, marks: Sequence[str]) -> Hit:
        article, section, title, heading, topic, url = self._cards[number].decode().split(CARD_BREAK)
        text = self._text[number].decode().split(FIELD_BREAK, 3)[3]
        folded = self._folded[number].decode().split(FIELD_BREAK, 3)[3]
        return Hit(
            article,
            section,
            title,
            heading,
            topic,
            url,
            snippet(text, folded, marks),
            round(score, 4),
            matched,
            complete,
        )

    # Filters

    def facets(self) -> Mapping[str, tuple[FacetCount, ...]]:
        """Every filter value of the site with how many sections have it."""
        return self._whole

    def _fitting(self, name: str, values: Sequence[str]) -> Any:
        fits = np.zeros(self.section_count, bool)
        for value in values:
            row = self._facet_rows.get((name, value))
            if row is not None:
                fits |= np.unpackbits(
                    self._facet_bits[row].view(np.uint8), count=self.section_count, bitorder="little"
                ).astype(bool)
        return fits

    def _count(self, found: Any) -> dict[str, tuple[FacetCount, ...]]:
        if not self._facet_values:
            return {}
        bits = np.zeros(self._facet_bits.shape[1] * 8, np.uint8)
        packed = np.packbits(found, bitorder="little")
        bits[: len(packed)] = packed
        counts = np.bitwise_count(self._facet_bits & bits.view(np.uint64)).sum(axis=1, dtype=np.int64).tolist()
        facets: dict[str, list[FacetCount]] = {}
        for (name, value), count in zip(self._facet_values, counts, strict=True):
            if count:
                facets.setdefault(name, []).append(FacetCount(value, count))
        return {
            name: tuple(sorted(facets[name], key=lambda facet: (-facet.count, facet.value)))
            for name in FACETS
            if name in facets
        }

    def _facets(self, query: Query, found: Any, rows: Mapping[str, Any]) -> dict[str, tuple[FacetCount, ...]]:
        """Count filter values over what was found; a filter's own choice does not narrow its own counts."""
        facets = self._count(found)
        for name in rows:
            others = [row for other, row in rows.items() if other != name]
            wide = np.logical_and.reduce(others) if others else None
            if query.terms:
                within = self._ranked(query, wide, 0)[0].found
            else:
                within = np.full(self.section_count, not query.text) if wide is None else wide & (not query.text)
            own = self._count(within).get(name, ())
            if own:
                facets[name] = own
            else:
                facets.pop(name, None)
        return facets

    # Why

    def explain(self, query: str, article_id: str, anchor: str | None = None) -> str:
        """Say, in lines of text, how `query` was cut, and why a section of the article is or is not found, and at
        which score.

        Raises KeyError where the article or the section does not exist.
        """
        number = self._numbers[article_id]
        first = int(np.searchsorted(self._sections[0], number))
        last = int(np.searchsorted(self._sections[0], number, side="right"))
        anchors = [self._cards[i].decode().split(CARD_BREAK)[1] for i in range(first, last)]
        parsed = self._parse(query)
        ranking, layers, suggestion, _ = self._ranked(parsed, None, self.section_count)
        if anchor is not None:
            chosen = first + anchors.index(anchor) if anchor in anchors else None
            if chosen is None:
                raise KeyError(f"{article_id}#{anchor}")
        else:
            chosen = first + int(np.argmax(ranking.scores[first:last] * ranking.found[first:last]))
        place = article_id + (f"#{anchors[chosen - first]}" if anchors[chosen - first] else "")
        return explain(self._scorer, parsed, ranking, chosen, place, layers(chosen), suggestion)


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
    )


class Library:
    """The index folder as a server sees it: `snapshot()` is always the live one, opened once for all threads."""

    def __init__(self, index: Path) -> None:
        self._folder = IndexFolder(index)
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._error: str = ""
        self._version: tuple[int, int] | None = None
        self._looked = 0.0

    def snapshot(self) -> Snapshot:
        """Return the live snapshot. Looks at the pointer file at most every 0.2 s.

        A new snapshot that cannot be opened leaves the old one in service. Raises IndexUnavailable where there is none.
        """
        now = time.monotonic()
        if self._snapshot is None or now - self._looked > _WATCHED:
            with self._lock:
                self._looked = now
                self._look()
        if self._snapshot is None:
            raise IndexUnavailable(self._error)
        return self._snapshot

    def _look(self) -> None:
        version = self._folder.version()
        if version == self._version and self._snapshot is not None:
            return
        try:
            fresh = Snapshot(self._folder.live())
            _warm(fresh)
            self._snapshot, self._error = fresh, ""
        except IndexUnavailable as error:
            self._error = str(error)
        except Exception as error:  # whatever a damaged file makes numpy, pickle or Whoosh raise
            self._error = f"索引打不开（{type(error).__name__}: {error}）。请运行 helpcenter index --full 重建。"
        self._version = version


def _warm(snapshot: Snapshot) -> None:
    """Touch every path a first query takes, so that the first reader waits no longer than the thousandth."""
    for text in ("怎么办", "esim 激活", "jihuo", "\u6bd4\u6bd4\u7687"):
        snapshot.search(text)
