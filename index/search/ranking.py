"""Ranking: what was found for a query over arrays, with scores.

In: dense arrays of `searching.py`, one number a section. Out: what a page, the layers and the filters ask of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from index.arrays import Mask, Numbers, Scores
from index.search.containing import among, best
from index.search.filtering import Counts
from index.search.grouping import Grouped, Layout, group, one_each
from index.search.runs import REFINED


@dataclass(frozen=True, slots=True)
class Ranking:
    """Found sections (`contracts.Ranked`). `scores` is dense, one a section; 0 where nothing was found."""

    scores: Scores
    order: Numbers
    """The best sections, best first, at least as many as asked for if there are so many."""
    total: int
    complete: Numbers
    """Sections that hold all that was asked for, ascending."""
    verbatim: Numbers
    """Sections in which every unit stands word for word, ascending; of many, at least the best that are asked for."""
    found: Mask
    """Boolean, one a section."""
    has_word: Mask
    """Boolean, one a section: whether it has one of the query's words as a word."""
    only_characters: bool
    """Whether nothing but single characters was found."""
    layout: Layout

    @property
    def complete_total(self) -> int:
        """How many hold all that was asked for."""
        return len(self.complete)

    def top(self) -> float:
        """The best score, 0 where nothing was found."""
        return float(self.scores.max(initial=0.0))

    def scores_of(self, sections: Numbers) -> Scores:
        """The score of each of `sections`."""
        return self.scores[sections]

    def sections(self, with_word: bool | None = None) -> Numbers:
        """What was found: all, or only what has (or has not) one of the query's words as a word."""
        if with_word is None:
            return self.found.nonzero()[0]
        return (self.found & (self.has_word if with_word else ~self.has_word)).nonzero()[0]

    def within(self, first: int, last: int) -> Numbers:
        """What was found from section `first` to before `last`."""
        return self.found[first:last].nonzero()[0] + first

    def completes(self, sections: Numbers) -> Mask:
        """Which of `sections` hold all that was asked for."""
        return among(sections, self.complete)

    def place_of(self, section: int) -> int:
        """The place of a found section, from 1; equal scores share it."""
        return int(np.count_nonzero((self.scores > self.scores[section]) & self.found)) + 1

    def grouped(self, wanted: int) -> Grouped:
        """The articles of what was found."""
        found = self.sections()
        return group(found, self.scores[found], self.complete, self.layout.article_of, wanted)

    def counts(self, *, articles: bool = False) -> Counts:
        """Each filter value with how many of the found sections have it, or of the articles that pages count."""
        if not articles:
            return self.layout.filters.count(self.found)
        counted = self.found
        if len(self.complete):
            counted = np.zeros(len(self.found), bool)
            counted[self.complete] = True
        return self.layout.filters.count(one_each(counted, self.layout.article_of))

    def joined(self, sections: Numbers, scores: Scores, wanted: int, only: Numbers | None = None) -> Self:
        """These results with `sections` at `scores`; `only`: of what was found, this stays."""
        found, own = self.found.copy(), self.scores.copy()
        complete, verbatim = self.complete, self.verbatim
        if only is not None:
            kept = np.zeros(len(found), bool)
            kept[only] = True
            found &= kept
            own *= found
            complete, verbatim = complete[kept[complete]], verbatim[kept[verbatim]]
        found[sections] = True
        own[sections] = scores
        total = int(np.count_nonzero(found))
        order = best(own, max(wanted, REFINED))
        return replace(self, scores=own, order=order, total=total, complete=complete, verbatim=verbatim, found=found)

    def led(self, sections: Numbers, scores: Scores) -> Self:
        """These results with `sections`, best first, at their head."""
        own = self.scores.copy()
        own[sections] = scores
        behind = self.order[~among(self.order, np.sort(sections))]
        return replace(self, scores=own, order=np.concatenate((sections, behind)))
