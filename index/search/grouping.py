"""Grouping: ranked sections become ranked articles, for readers, who open articles.

In: found sections and their scores, the article number of each section. Out: article numbers, best first, how many
there are, how many hold all that was asked for, and where those end. An article stands where its best section
does. Why on the arrays: the scores of all found sections are there anyway, and the best of each article takes 30 µs at
12,700 sections.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from index.arrays import U32, Integers, Mask, Numbers, Scores
from index.search.containing import among, best
from index.search.filtering import Filters


@dataclass(frozen=True, slots=True)
class Layout:
    """What one snapshot's sections belong to."""

    article_of: U32
    """The article number of each section, ascending."""
    filters: Filters

    @property
    def articles(self) -> int:
        """How many there are."""
        return int(self.article_of[-1]) + 1 if len(self.article_of) else 0


@dataclass(frozen=True, slots=True)
class Grouped:
    """Found articles."""

    order: Integers
    """The best articles, best first, at least as many as asked for if there are so many."""
    total: int
    complete: int
    """Articles with a section that holds all that was asked for."""
    partial_from: int
    """The place from which on no such article follows; 0 where there is none."""
    scores: Scores
    """Of `order`, the score of each one's best section."""


def group(found: Numbers, scores: Scores, complete: Numbers, article_of: U32, wanted: int) -> Grouped:
    """Group the sections `found`, their `scores` and those among them that are `complete`; all ascend."""
    if not len(found):
        return Grouped(found, 0, 0, 0, np.empty(0))
    first = beginnings(article_of[found])
    articles = article_of[found[first]]
    scores = np.maximum.reduceat(scores, first)
    order = best(scores, wanted)
    whole = among(articles, article_of[complete])
    partial_from = int((scores >= scores[whole].min()).sum()) if whole.any() else 0
    return Grouped(articles[order], len(articles), int(whole.sum()), partial_from, scores[order])


def one_each(mask: Mask, article_of: U32) -> Mask:
    """The first section of each article in `mask`, as a mask: counting it counts articles."""
    found = mask.nonzero()[0]
    one = np.zeros(len(mask), bool)
    one[found[beginnings(article_of[found])]] = True
    return one


def beginnings(numbers: Integers) -> Numbers:
    """Where each stretch of equal numbers begins."""
    new = np.ones(len(numbers), bool)
    np.not_equal(numbers[1:], numbers[:-1], out=new[1:])
    return new.nonzero()[0]
