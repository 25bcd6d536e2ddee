"""Hits: what a list shows of what was found.

In: what the layers found, the texts of the sections. Out: hits, a section each or an article each, with passages and
first steps. Why here and not on the page: pages, API, terminal and MCP show the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Generic

import numpy as np

from index.meaning.vectors import Meanings
from index.model import ArticleHit, Hit
from index.search.contracts import R
from index.search.showing import Records
from index.search.snippets import first_steps, snippet

if TYPE_CHECKING:
    from index.search.layering import Found

STEPS = 3
"""Steps of an article's best section that are shown at once."""
NEAR = 2
"""Sections of an article shown beside its best."""


class Hits(Generic[R]):
    """Over one snapshot. `first_of`: the first section of each article, and at last how many sections there are."""

    def __init__(self, records: Records, first_of: Sequence[int], meanings: Meanings | None) -> None:
        self._records = records
        self._first = first_of
        self._meanings = meanings

    def hit(self, found: Found[R], number: int, score: float, complete: bool) -> Hit:
        """What is shown of a section."""
        matched, marks = found.reason(number)
        passage = self._records.passage(number, marks, self._around(found, number, matched))
        return self._records.hit(number, score, complete, matched, passage)

    def _around(self, found: Found[R], number: int, matched: str) -> int:
        """Where the sentence stands for which a section was found, if its meaning alone found it."""
        near = found.near() if matched == "meaning" else None
        return self._meanings.sentence(near, self._records.body(number)[1]) if self._meanings and near else 0

    def articles(self, found: Found[R], articles: Sequence[int]) -> tuple[ArticleHit, ...]:
        """What is shown of articles. Their sections' scores are looked up together, in a third of the time."""
        ranking, first = found.ranking, self._first
        within = [ranking.within(first[article], first[article + 1]) for article in articles]
        if not within:
            return ()
        every = np.concatenate(within)
        scores: dict[int, float] = dict(zip(every.tolist(), ranking.scores_of(every).tolist(), strict=True))
        complete = set(every[ranking.completes(every)].tolist())
        return tuple(
            self._article(found, first[article], {number: scores[number] for number in held.tolist()}, complete)
            for article, held in zip(articles, within, strict=True)
        )

    def _article(
        self, found: Found[R], first: int, scores: Mapping[int, float], complete_ones: Collection[int]
    ) -> ArticleHit:
        """What is shown of an article: its best section, and its other ones by their headings.

        `first`: its first section; `scores`: those of its found sections.
        """
        records, held = self._records, list(scores)
        complete = [number for number in held if number in complete_ones]
        top = max(held, key=scores.__getitem__)
        if top == first and not records.anchor(first):
            # The part above the first heading stands for the article: readers begin where that itself begins to answer.
            top = next((number for number in complete if number != first), top)
        others = [number for number in complete or held if number != top]
        others.sort(key=lambda number: -scores[number])
        matched, marks = found.reason(top)
        around = self._around(found, top, matched)
        body = records.body(top)
        steps, count = ((), 0) if around else first_steps(*body, marks, STEPS)
        passage = "" if steps else snippet(*body, marks, around)
        hit = records.hit(top, scores[top], bool(complete), matched, passage)
        near, more = (tuple(map(records.link, sorted(some))) for some in (others[:NEAR], others[NEAR:]))
        return ArticleHit(hit, steps, count, near, more)
