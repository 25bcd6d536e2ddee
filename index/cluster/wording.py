"""Wording: parsed queries become requests of the cluster, and its responses numbers.

In: a `Query`, the words' frequencies. Out: JSON, whose scores are those of `searching.py`. Boosts are computed here,
from the snapshot's own frequencies: all shards and replicas then score alike, whatever they hold. A section that holds
the query as typed gets `lift` more, a power of two above all other scores, so that taking it off again loses nothing;
named clauses tell for each section which of that holds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from index.cluster.rounds import Body
from index.cluster.schema import ARTICLE, FACETS, FINENESS, NUMBER, REST, TEXT, field_of, token
from index.search.containing import uncertain
from index.search.contracts import Lexicon
from index.search.queries import Choice, Query, Term, Unit
from index.weights import Weights

ALLOWED = tuple[tuple[str, ...], ...]
"""For each chosen filter, the numbers of the values of which one is enough."""
WORD, WHOLE, HELD, VERBATIM = "word", "whole", "held", "verbatim"
_PRECISE = 40_000  # articles up to which they are counted exactly; the most that the engine offers
_WINDOW = 10_000  # sections of one response; the most that it gives by default
_BEST_FIRST = [{"_score": "desc"}, {NUMBER: "asc"}]
NOTHING: Body = {"match_none": {}}


class Seen(NamedTuple):
    """A section as the cluster returned it."""

    number: int
    score: float
    """Without any lift."""
    marks: frozenset[str]


@dataclass(frozen=True, slots=True)
class Terms:
    """How terms are asked for."""

    scripted: bool

    def scored(self, term: Term, boost: float) -> Body:
        """What has a term, at its share of the score."""
        if self.scripted:
            return {"term": {field_of(term.key): {"value": token(term.key), "boost": boost}}}
        return _any([self._feature(term.key, end, boost / FINENESS) for end in ("", REST)])

    def holding(self, choice: Choice) -> Body:
        """What has one of some terms."""
        if not self.scripted:
            return _any([self._feature(key) for key in choice])
        by_field: dict[str, list[str]] = {}
        for key in choice:
            by_field.setdefault(field_of(key), []).append(token(key))
        return _any([{"terms": {field: tokens}} for field, tokens in by_field.items()])

    def _feature(self, key: int, end: str = "", boost: float = 1.0) -> Body:
        return {"rank_feature": {"field": f"{field_of(key)}.{token(key)}{end}", "linear": {}, "boost": boost}}


class Wording:
    """One query in the cluster's words."""

    def __init__(
        self,
        query: Query,
        allowed: ALLOWED | None,
        lexicon: Lexicon,
        terms: Terms,
        weights: Weights,
        idf: Callable[[int], float],
    ) -> None:
        self.query = query
        self._terms = terms
        self._allowed = [{"terms": {FACETS: list(values)}} for values in allowed or ()]
        keys = [
            *(term.key for term in query.terms),
            *(key for choice in query.needed for key in choice),
            *(key for unit in query.units for choice in unit.needed for key in choice),
        ]
        self.frequencies = lexicon.frequencies(keys)
        live = [term for term in query.terms if term.key in self.frequencies]
        self._clauses = {id(term): terms.scored(term, self._boost(term, weights, idf)) for term in live}
        self.content = [term for term in live if term.content]
        self._others = [term for term in live if not term.content]
        self.live = live
        most = sum(self._boost(term, weights, idf) for term in live)
        self.lift = 2.0 ** math.ceil(math.log2(most + 1.0))
        self.quoted = any(unit.quoted for unit in query.units)
        self.may_be_whole = all(map(self._known, query.needed))
        self.may_be_verbatim = self.may_be_whole and all(
            self._known(choice) for unit in query.units for choice in unit.needed
        )

    def _boost(self, term: Term, weights: Weights, idf: Callable[[int], float]) -> float:
        return term.weight * (1.0 + weights.k1[term.kind]) * idf(self.frequencies[term.key])

    def _known(self, choice: Choice) -> bool:
        return any(key in self.frequencies for key in choice)

    def _of(self, terms: Iterable[Term]) -> list[Body]:
        return [self._clauses[id(term)] for term in terms]

    # What sections hold

    def found(self, verbatim: bool = False, whole: bool = False) -> Body:
        """What makes a hit, unscored; of a quoted query that stands somewhere, only what holds it.

        `whole`: of that, what holds all that was asked for.
        """
        hits = self.verbatim() if verbatim else _any(self._of(self.content))
        return {"bool": {"filter": [*self._allowed, hits, *([self.whole()] if whole else [])]}}

    def whole(self) -> Body:
        """What holds all that was asked for."""
        return _all(self._choices(self.query.needed)) if self.may_be_whole else NOTHING

    def held(self) -> Body:
        """What holds all that its units need."""
        needed = [*self.query.needed, *(choice for unit in self.query.units for choice in unit.needed)]
        return _all(self._choices(needed)) if self.may_be_verbatim else NOTHING

    def verbatim(self) -> Body:
        """What holds every unit as typed."""
        if not self.may_be_verbatim:
            return NOTHING
        doubtful = uncertain(self.query.units)
        return _all([self.held(), *(standing(unit, self._terms) for unit in doubtful)]) if doubtful else self.held()

    def characters(self) -> Body | None:
        """What holds all characters, or None where no section does."""
        keys = [term.key for term in self.query.terms if term.kind == "characters"]
        if not keys or any(key not in self.frequencies for key in keys):
            return None
        return {"bool": {"filter": [*self._allowed, *self._choices((key,) for key in keys)]}}

    def _choices(self, choices: Iterable[Choice]) -> list[Body]:
        return [self._terms.holding(choice) for choice in dict.fromkeys(choices)]

    # Requests

    def ranked(self, within: Sequence[Body] = ()) -> Body:
        """The query that scores and marks, among what is also `within`."""
        words = self._of(term for term in self.content if term.kind == "words")
        hits = self._of(term for term in self.content if term.kind != "words")
        if words:
            hits.append({"bool": {"should": words, "_name": WORD}})
        should = self._of(self._others)
        if self.may_be_whole:
            should.append({"constant_score": {"filter": self.whole(), "boost": 0.0, "_name": WHOLE}})
        if self.may_be_verbatim:
            should.append({"constant_score": {"filter": self.verbatim(), "boost": self.lift, "_name": VERBATIM}})
        must = [_any(hits)]
        return {"bool": {"must": must, "should": should, "filter": [*self._allowed, *within]}}

    def top(self, size: int) -> Body:
        """The best sections, and how many there are."""
        counts = {WHOLE: {"filter": self.whole()}}
        if self.quoted:
            counts[VERBATIM] = {"filter": self.verbatim()}
        return {**_hits(size), "query": self.ranked(), "track_total_hits": True, "aggs": counts}

    def groups(self, size: int, verbatim: bool, articles: int) -> Body:
        """The best articles of `articles`, each by its best section, and how many there are."""
        within = [self.verbatim()] if verbatim else []
        number = _distinct(articles)
        return {
            **_hits(size),
            "query": self.ranked(within),
            "collapse": {"field": ARTICLE},
            "aggs": {"articles": number, WHOLE: {"filter": self.whole(), "aggs": {"articles": number}}},
        }

    def these(self, sections: Sequence[int], verbatim: bool) -> Body:
        """What is found of some sections."""
        within = [{"terms": {NUMBER: list(sections)}}, *([self.verbatim()] if verbatim else [])]
        return {**_hits(min(len(sections), _WINDOW)), "query": self.ranked(within)}

    def holders(self, size: int) -> Body:
        """What contains the query, then what holds all that its units need, then all that was asked for."""
        should = self._of(self.live)
        for name, clause in ((HELD, self.held()), (VERBATIM, self.verbatim())):
            if self.may_be_verbatim:
                should.append({"constant_score": {"filter": clause, "boost": self.lift, "_name": name}})
        query = {"bool": {"filter": [*self._allowed, self.whole()], "should": should}}
        counts = {HELD: {"filter": self.held()}, VERBATIM: {"filter": self.verbatim()}}
        return {**_hits(size), "query": query, "track_total_hits": True, "aggs": counts}

    def all_characters(self, size: int, clause: Body) -> Body:
        """The first sections with all characters, scored."""
        whole = {"constant_score": {"filter": self.whole(), "boost": 0.0, "_name": WHOLE}}
        query = {"bool": {"filter": [clause], "should": [*self._of(self.live), whole]}}
        return {**_hits(size), "query": query, "sort": [{NUMBER: "asc"}], "track_scores": True}

    def shares(self, section: int) -> list[Body]:
        """For each known term, a request whose score is what it adds to a section."""
        only = {"term": {NUMBER: section}}
        return [{**_hits(1), "query": {"bool": {"must": [clause], "filter": [only]}}} for clause in self._of(self.live)]


def standing(unit: Unit, terms: Terms) -> Body:
    """What holds a unit as typed: by its characters' pairs, side by side; or where it was found as one word."""
    text = unit.text
    if len(text) > 1:
        clause: Body = {"match_phrase": {TEXT: text}}
    else:
        clause = {"prefix": {TEXT: text}}  # each character begins a pair
    return _any([clause, terms.holding((unit.word,))]) if unit.word else clause


def stands(unit: Unit, terms: Terms) -> Body:
    """Whether a unit stands anywhere."""
    clauses = [terms.holding(choice) for choice in dict.fromkeys(unit.needed)]
    query = {"bool": {"filter": [*clauses, standing(unit, terms)]}}
    return {"size": 0, "query": query, "terminate_after": 1, "track_total_hits": 1}


def counted(query: Body, facets: int, articles: int) -> Body:
    """How many sections a query finds and, unless `articles` is 0, of how many of so many articles; and of each, how
    many have which filter value."""
    terms: Body = {"terms": {"field": FACETS, "size": max(facets, 1)}}
    aggregations = {"facets": terms}
    if articles:
        terms["aggs"] = {"articles": _distinct(articles)}
        aggregations["articles"] = _distinct(articles)
    return {"size": 0, "query": query, "track_total_hits": True, "aggs": aggregations}


def union(queries: Sequence[Body], sections: Sequence[int]) -> Body:
    """What one of `queries` finds, and these sections."""
    return _any([*queries, {"terms": {NUMBER: list(sections)}}])


def seen(response: Body, lift: float, most: int | None = None) -> list[Seen]:
    """The sections of a response, the first `most` of them, in its order."""
    found = []
    for hit in response["hits"].get("hits", [])[:most]:
        marks = frozenset(hit.get("matched_queries", ()))
        lifted = lift * ((VERBATIM in marks) + (HELD in marks))
        *_, number = hit["sort"]
        found.append(Seen(int(number), hit["_score"] - lifted, marks))
    return found


def _hits(size: int) -> Body:
    # Without stored fields, not even the id: to unpack those of 939 sections took 155 ms of 160.
    return {"size": size, "stored_fields": "_none_", "sort": _BEST_FIRST}


def _distinct(articles: int) -> Body:
    # Its memory is set aside for every filter value: with 40,000, to count 1,270 articles took 17 ms, so 3.
    return {"cardinality": {"field": ARTICLE, "precision_threshold": min(articles + 100, _PRECISE)}}


def _any(clauses: Sequence[Body]) -> Body:
    if len(clauses) == 1:
        return clauses[0]
    return {"bool": {"should": list(clauses), "minimum_should_match": 1}} if clauses else NOTHING


def _all(clauses: Sequence[Body]) -> Body:
    return {"bool": {"filter": list(clauses)}} if clauses else NOTHING
