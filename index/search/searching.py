"""Searching: terms become ranked sections: first what truly contains the query, then the rest by BM25F.

In: a parsed query, the postings, and which sections a filter allows. Out: section numbers in order, with scores, and
which of them hold all that was asked for. Scores are BM25F with Whoosh's own idf, log(N / (df + 1)) + 1, over the
weights that `inverting.py` stored: for plain terms they equal Whoosh's BM25F(B=0), and a test says so.
Why numpy and no loop over postings: all lists of a query are laid end to end and added up by one `bincount`; 11,000
postings take 80 µs. A heap of per-document objects, Whoosh's own way, takes 9 ms for the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache

import numpy as np

from index.arrays import F32, Mask, Numbers, Scores, Unsigned
from index.search.containing import GUESSED, Postings, Span, best, close_together, fitting
from index.search.filtering import meet
from index.search.grouping import Layout
from index.search.queries import Query, Term, Unit
from index.search.ranking import Ranking
from index.search.runs import REFINED, Runs, worth_a_look
from index.weights import Weights

_FEW = 3000  # sections times terms; up to so many, to look up single postings is quicker than to add up all

TermSpan = tuple[Term, int, int]
"""A term that the index knows, and where its postings begin and end."""


class Scorer:
    """Scores queries over one snapshot's postings (`contracts.Sections`)."""

    def __init__(self, postings: Postings, weights: Weights, layout: Layout) -> None:
        self.postings = postings
        self._layout = layout
        self.count = postings.count
        self._weights = weights
        self._runs = Runs(postings.lengths, postings.folded, weights)
        self.idf = idf_among(self.count, weights.rarity)

    def allowed(self, chosen: Mapping[str, Sequence[str]]) -> Mask | None:
        """The sections that fit `chosen`: one boolean a section, or None for all."""
        return meet(list(self._layout.filters.masks(chosen).values()))

    def fitting(self, sections: Numbers, allowed: Mask | None) -> Numbers:
        """Those of `sections` that fit."""
        return fitting(sections, allowed)

    def rank(self, query: Query, allowed: Mask | None, wanted: int) -> Ranking:
        """Rank the sections for `query`; `allowed` is None or one boolean a section, `wanted` how many to order."""
        spans = self.spans(query)
        live = _live(query, spans)
        scores, found, has_word = self._add_up(live, allowed)
        complete, held = self._held(query, spans, allowed)
        quoted = any(unit.quoted for unit in query.units)
        enough = 0 if quoted else max(wanted, REFINED)
        verbatim = self.postings.containing(query.units, held, scores, enough)
        if len(verbatim):
            scores[verbatim] += scores.max() or 1.0
            found[verbatim] = True
            if quoted:
                # A quoted phrase is asked for as it stands. Where it stands nowhere, its words are better than nothing.
                found[:] = False
                found[verbatim] = True
                scores *= found
                complete = verbatim
        total = int(np.count_nonzero(found))
        only_characters = not total
        if only_characters:  # what holds every character of the query makes a hit where nothing else does
            characters = [(term.key,) for term in query.terms if term.kind == "characters"]
            together = fitting(self.postings.holding(characters, spans), allowed)
            together = close_together(self.postings.folded, {chr(key) for (key,) in characters}, together)
            total = len(together)
            if total:
                scores[together] = self._at(live, together)
                found[together] = True
        # Single characters make no hit, so a section may have all that was asked for and still not be found.
        complete = complete[found[complete]]
        order = self._refine(query, live, scores, best(scores, max(wanted, REFINED)), len(verbatim))
        return Ranking(scores, order, total, complete, verbatim, found, has_word, only_characters, self._layout)

    def stand(self, units: Sequence[Unit]) -> list[bool]:
        """Whether some section holds each of `units` as typed."""
        spans = self.postings.spans([key for unit in units for choice in unit.needed for key in choice])
        held = [self.postings.holding(unit.needed, spans) for unit in units]
        return [
            bool(len(some) and len(self.postings.containing([unit], some)))
            for unit, some in zip(units, held, strict=True)
        ]

    def holders(self, queries: Sequence[Query], allowed: Mask | None) -> list[tuple[Numbers, Scores]]:
        """For each query the sections that contain it, and their scores; where none does, those that hold all of it."""
        found = []
        for query in queries:
            spans = self.spans(query)
            complete, held = self._held(query, spans, allowed)
            many = len(held) > GUESSED and not any(unit.quoted for unit in query.units)
            verbatim = held if many else self.postings.containing(query.units, held)
            sections = verbatim if len(verbatim) else complete
            found.append((sections, self._scores_of(query, spans, sections)))
        return found

    def _scores_of(self, query: Query, spans: dict[int, Span], numbers: Numbers) -> Scores:
        """Return the BM25F score of each section of `numbers`, ascending."""
        live = _live(query, spans)
        if len(numbers) * len(live) <= _FEW:
            return self._at(live, numbers) if live else np.zeros(len(numbers))
        return self._add_up(live, None)[0][numbers]

    def spans(self, query: Query) -> dict[int, Span]:
        """Where the postings of everything in `query` lie that the index knows."""
        return self.postings.spans(
            [*(term.key for term in query.terms), *(key for choice in query.needed for key in choice)]
        )

    def _held(self, query: Query, spans: dict[int, Span], allowed: Mask | None) -> tuple[Numbers, Numbers]:
        """Return the sections that hold all that was asked for, and those among them that may contain it as typed."""
        complete = fitting(self.postings.holding(query.needed, spans), allowed)
        # What was asked for is among what the units need, so only the rest is left to look for.
        rest = {choice for unit in query.units for choice in unit.needed}.difference(query.needed)
        return complete, self.postings.holding(rest, spans, complete) if rest and len(complete) else complete

    def _add_up(self, live: list[TermSpan], allowed: Mask | None) -> tuple[Scores, Mask, Mask]:
        """Return scores, whether a section has a term that makes a hit, and whether one of them is a word."""
        if not live:
            return np.zeros(self.count), np.zeros(self.count, bool), np.zeros(self.count, bool)
        content = [one for one in live if one[0].content]
        words = sum(end - begin for term, begin, end in content if term.kind == "words")
        split = sum(end - begin for _, begin, end in content)
        section, weight = self._lists(live)
        scores = self._sum(section[:words], weight[:words])
        has_word = scores > 0
        scores += self._sum(section[words:split], weight[words:split])
        found = scores > 0
        if allowed is not None:
            found &= allowed
        if split < len(section):
            scores += self._sum(section[split:], weight[split:])
        if split < len(section) or allowed is not None:
            scores *= found
        return scores.astype(np.float32), found, has_word

    def _lists(self, live: list[TermSpan]) -> tuple[Unsigned, F32]:
        """Lay posting lists end to end: section numbers, and what each posting adds."""
        if not live:
            return np.empty(0, self.postings.sections.dtype), np.empty(0, np.float32)
        weight = np.concatenate([self.postings.weights[begin:end] for _, begin, end in live])
        k1, factor = self._shapes(live)
        sizes = [end - begin for _, begin, end in live]
        weight /= weight + k1.repeat(sizes)
        weight *= factor.repeat(sizes)
        return np.concatenate([self.postings.sections[begin:end] for _, begin, end in live]), weight

    def _sum(self, section: Unsigned, weight: F32) -> Scores:
        sums = np.bincount(section, weight, self.count)
        return sums.astype(np.float64, copy=False)  # whole numbers, where there are no postings

    def _at(self, live: list[TermSpan], near: Numbers) -> Scores:
        """What posting lists add to each of the few sections `near`, ascending: looked for, not added up."""
        sections = self.postings.sections
        wanted = near.astype(sections.dtype)  # of the lists' own type: numpy would convert the lists
        begins, ends = (np.array(column)[:, np.newaxis] for column in tuple(zip(*live, strict=True))[1:])
        places = np.stack([sections[begin:end].searchsorted(wanted) for _, begin, end in live])
        places += begins
        np.minimum(places, ends - 1, out=places)
        weight = self.postings.weights[places]
        k1, factor = self._shapes(live)
        weight /= weight + k1[:, np.newaxis]
        weight *= sections[places] == wanted
        return factor @ weight

    def _shapes(self, live: list[TermSpan]) -> tuple[F32, F32]:
        """Of each term, k1 and what a posting adds at most."""
        k1 = [self._weights.k1[term.kind] for term, _, _ in live]
        return np.array(k1, np.float32), np.array([self._factor(*one) for one in live], np.float32)

    def _factor(self, term: Term, begin: int, end: int) -> float:
        return term.weight * (1.0 + self._weights.k1[term.kind]) * self.idf(end - begin)

    def _refine(self, query: Query, live: list[TermSpan], scores: Scores, order: Numbers, verbatim: int) -> Numbers:
        """Raise, among the best, long texts that hold a longer run of the query word for word."""
        near = order[:REFINED]
        if verbatim >= len(near) or not worth_a_look(query, len(near)):
            return order
        rarity = {term.text: self.idf(end - begin) for term, begin, end in live if term.kind == "grams"}
        scores[near] += self._runs.bonus(query, rarity, near.tolist())
        return np.concatenate((near[(-scores[near]).argsort(kind="stable")], order[REFINED:]))

    def shares(self, query: Query, number: int) -> Iterator[tuple[Term, float, int]]:
        """Yield each term with what it adds to the BM25F score of section `number`, and how many sections have it."""
        spans = self.postings.spans([term.key for term in query.terms])
        for term in query.terms:
            begin, end = spans.get(term.key, (0, 0))
            at = begin + int(np.searchsorted(self.postings.sections[begin:end], number))
            held = at < end and self.postings.sections[at] == number
            weight = float(self.postings.weights[at]) if held else 0.0
            yield term, weight / (weight + self._weights.k1[term.kind]) * self._factor(term, begin, end), end - begin


def idf_among(count: int, rarity: float) -> Callable[[int], float]:
    """Whoosh's inverse document frequency among `count` sections, raised to `rarity` as a weight of a query's term."""

    @lru_cache(maxsize=4096)
    def idf(frequency: int) -> float:
        return float((math.log(count / (frequency + 1.0)) + 1.0) ** rarity)

    return idf


def _live(query: Query, spans: dict[int, Span]) -> list[TermSpan]:
    """The terms that the index knows, with their postings."""
    return [(term, *spans[term.key]) for term in query.terms if term.key in spans]
