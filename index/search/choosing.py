"""Choosing: which of an article's sections stands first.

In: a ranking, where each article begins, the texts. Out: the ranking, the scores of its best sections exchanged within
their articles; the articles keep their places. Why: the part above the first heading (the lead) says in short what the
whole article is about, so it often shares most with a question, and hardly ever answers it: none of 150 questions of
independent writers was judged to have its answer there. So an article's place may be its lead's, but not its answer:

1. The lead goes behind its article's other sections among the best, unless its text alone holds what was asked.
2. Where the lead was the best of them, the question is about the article as a whole, and readers begin at its
   beginning: the section after the lead gains `[sections] first` of the lead's score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from index.arrays import U32
from index.search.containing import among
from index.search.contracts import R
from index.search.queries import Query
from index.store.blobs import Texts
from index.store.keys import FIELD_BREAK, FIELDS

NEAR = 24
"""Of the best sections, how many may exchange their scores."""

_BREAK = FIELD_BREAK.encode()
_PAIR = 6  # bytes of two Han characters
_ASKS, _HEADING, _BODY = (FIELDS.index(name) for name in ("asks", "heading", "body"))


class Chooser:
    """The rules over one snapshot. `folded`: all that is searched of each section.

    `article_of`: the article number of each section; `first_of`: the first section of each article, and at last how
    many sections there are.
    """

    def __init__(self, limits: Mapping[str, float], folded: Texts, article_of: U32, first_of: Sequence[int]) -> None:
        self._limits = limits
        self._folded = folded
        self._article_of = article_of
        self._first_of = first_of

    def choose(self, query: Query, ranking: R) -> R:
        """The ranking with the sections of each article among its best as the rules order them."""
        near = ranking.order[:NEAR]
        numbers = near.tolist()
        by_article: dict[int, list[int]] = {}
        for number, article in zip(numbers, self._article_of[near].tolist(), strict=True):
            by_article.setdefault(article, []).append(number)
        leads = [(self._first_of[article], own) for article, own in by_article.items() if self._led(article, own)]
        if not leads:
            return ranking
        asked = np.array([*numbers, *(lead + 1 for lead, _ in leads)])
        known: dict[int, float] = dict(zip(asked.tolist(), ranking.scores_of(asked).tolist(), strict=True))
        verbatim = set(asked[among(asked, ranking.verbatim)].tolist())
        scores = {number: known[number] for number in numbers}
        parts = [text.encode() for _, kind, text, _, content, _ in query.terms if content and kind != "characters"]
        parts = [part for part in parts if len(part) == _PAIR or part.isascii()]
        for lead, own in leads:
            others = {number: known[number] for number in own if number != lead}
            top, follower = known[lead], lead + 1
            best = top >= max(others.values(), default=0.0)
            if best and known[follower] and (follower in verbatim or verbatim.isdisjoint(others)):
                others[follower] = known[follower] + self._limits["first"] * top
            order = sorted(others, key=lambda number: -others[number])
            if not order or (best and self._alone(parts, lead, order[0])):
                continue
            # As many scores as sections: one that joins them takes the least of all that are near.
            given = sorted([scores.get(number, known[numbers[-1]]) for number in (lead, *order)], reverse=True)
            scores.update(zip((*order, lead), given, strict=True))
        sections, values = np.array(list(scores)), np.array(list(scores.values()))
        best_first = (-values).argsort(kind="stable")
        return ranking.led(sections[best_first], values[best_first])

    def _led(self, article: int, own: Sequence[int]) -> bool:
        """Whether an article has a lead and other sections, and the lead is among `own`."""
        first = self._first_of[article]
        return first in own and first + 1 < self._first_of[article + 1] and not self._fields(first)[_HEADING]

    def _alone(self, parts: Sequence[bytes], lead: int, other: int) -> bool:
        """Whether the lead's text holds what was asked, and the other section, however it is asked for, does not."""
        body = self._fields(lead)[_BODY]
        held = [part for part in parts if part in body]
        least = self._limits["alone"] * len(parts)
        if len(held) <= least:
            return False
        theirs = self._fields(other)
        also = b" ".join((theirs[_ASKS], theirs[_HEADING], theirs[_BODY]))
        return len(held) - sum(part in also for part in parts) > least

    def _fields(self, number: int) -> list[bytes]:
        return self._folded[number].split(_BREAK)
