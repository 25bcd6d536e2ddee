"""Runs: long texts that hold a longer piece of the query word for word are raised, among the best.

In: a query, how rare its pairs are, the texts of the best sections. Out: what each gains. Why only the best: to look
into a text costs 20 µs, and what comes after them is seen by few.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate

import numpy as np

from index.arrays import U32
from index.search.queries import Query
from index.store.blobs import Texts
from index.weights import Weights

REFINED = 24
"""How many of the best are looked at closely (adjacency); what comes after keeps its plain score's order."""

_LONG_TEXT = 60  # characters from which a long run found word for word says something
_LOOKED_INTO = 3000  # bytes of a section; runs farther down add nothing on linux-desc, and a section can have 60,000


def worth_a_look(query: Query, sections: int) -> bool:
    """Whether runs could change the order of so many sections."""
    return sections > 1 and len(query.folded) > 3


class Runs:
    """Over one snapshot: how many characters each section has, and its folded text."""

    def __init__(self, lengths: U32, folded: Texts, weights: Weights) -> None:
        self._lengths = memoryview(np.ascontiguousarray(lengths).data)
        self._folded = folded
        self._weights = weights.query

    def bonus(self, query: Query, rarity: Mapping[str, float], sections: Sequence[int]) -> list[float]:
        """What each of `sections` gains; `rarity`: the idf of the query's pairs that the index knows."""
        text, plain = query.folded, self._weights["plain_pair"]
        before = list(accumulate((rarity.get(text[i : i + 2], plain) for i in range(len(text) - 1)), initial=0.0))
        threes = [(i, text[i : i + 3]) for i in range(len(text) - 2)]
        bonus = [0.0] * len(sections)
        for place, number in enumerate(sections):
            if self._lengths[number] >= _LONG_TEXT:
                section = self._folded.beginning(number, _LOOKED_INTO).decode(errors="ignore")
                greatest, beyond = _runs(text, threes, before, section)
                bonus[place] = self._weights["adjacency"] * greatest + self._weights["runs"] * beyond
        return bonus


def _runs(query: str, threes: list[tuple[int, str]], before: list[float], text: str) -> tuple[float, float]:
    """Return what the pairs of characters weigh in the weightiest piece of `query` of 3 or more characters that stands
    in `text`, and by how much all such pieces, taken from left to right, exceed one pair each, which is scored anyway.

    `threes`: where each three characters begin; `before`: what the pairs before each character weigh together.
    """
    greatest = beyond = 0.0
    end = 0
    for begin in [begin for begin, three in threes if three in text]:
        if begin + 1 < end:
            continue
        end = begin + 3
        while end < len(query) and query[begin : end + 1] in text:
            end += 1
        weight, pairs = before[end - 1] - before[begin], end - begin - 1
        greatest = max(greatest, weight)
        beyond += weight * (pairs - 1) / pairs
    return greatest, beyond
