"""Relating: which articles are near an article, found when somebody reads it.

In: a snapshot's words and postings, an article. Out: up to four others, nearest first.
Why words and cosine: an article's twenty most telling words (TF-IDF) name its subject, and a look through their posting
lists finds who shares them. Why not at build time: one changed article may be near any other, so all of them had to be
looked at again, for 1,270 articles 0.14 s, a seventh of a small rebuild; the one that is read takes 0.4 ms.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from index.arrays import U32, Numbers
from index.store.codec import ArrayTerms
from index.store.keys import FIELDS
from index.weights import Weights

_NEAREST, _TELLING = 4, 20
_LOOKED_AT = 80  # words, the most telling by how often they stand in the article itself, are weighed exactly
_COMMON = 5  # a word that stands in more than one of so many articles tells nothing
_LEAST = 0.08  # share of an article's likeness to itself; below, two articles share words but no subject


class Relatives:
    """Near articles in one snapshot. `sections` is its `sections.npy`; see `assembling.py`."""

    def __init__(self, place: Path, terms: ArrayTerms, sections: U32, weights: Weights) -> None:
        self._words, self._counts, self._keys = (
            np.load(place / f"tokens.{name}.npy", mmap_mode="r", allow_pickle=False)
            for name in ("words", "counts", "keys")
        )
        self._terms = terms
        self._article_of = np.ascontiguousarray(sections[0])
        self._k1 = weights.k1["words"]
        # A long article shares more with all others. To divide by the length of its vector would take all its words;
        # the root of the root of its characters orders 95 % of the neighbours alike.
        self._lengths = np.bincount(self._article_of, sections[2]) ** 0.25 + 1.0

    def near(self, number: int) -> tuple[int, ...]:
        """Return the numbers of the articles nearest to article `number`."""
        begins, sizes = self._candidates(number)
        if not len(begins):
            return ()
        count = len(self._lengths)
        places = np.arange(sizes.sum()) + np.repeat(begins - np.cumsum(sizes) + sizes, sizes)
        article, word = self._article_of[self._terms.sections[places]], np.repeat(np.arange(len(sizes)), sizes)
        # Sections ascend within a word and articles ascend with sections, so equal pairs stand side by side.
        first = np.flatnonzero(np.diff(article, prepend=-1) | np.diff(word, prepend=-1))
        weight = np.add.reduceat(self._terms.weights[places], first)
        article, word = article[first], word[first]
        frequency = np.bincount(word)[word]
        value = weight / (weight + self._k1) * np.log(count / frequency + 1)
        value[(frequency < 2) | (frequency > max(count // _COMMON, 4))] = 0
        own = np.zeros(len(sizes))
        own[word[article == number]] = value[article == number]
        own[np.argsort(-own, kind="stable")[_TELLING:]] = 0
        shared = np.bincount(article, value * own[word], count) / self._lengths
        least, shared[number] = shared[number] * _LEAST, 0
        nearest = np.argsort(-shared, kind="stable")[:_NEAREST]
        return tuple(nearest[shared[nearest] > least].tolist())

    def _candidates(self, number: int) -> tuple[Numbers, Numbers]:
        """Of the words that may name the article's subject, where their posting lists begin and how long they are."""
        first, last = np.searchsorted(self._article_of, (number, number + 1))
        first, last = first * len(FIELDS), last * len(FIELDS)
        begin = int(self._counts[:first].sum())
        own = self._words[begin : begin + int(self._counts[first:last].sum())]
        words, times = np.unique(own, return_counts=True)
        found, begin_of, end_of = self._terms.find(self._keys[words])
        begins, sizes = begin_of.astype(np.int64), (end_of - begin_of).astype(np.int64)
        count = len(self._article_of)
        rare = found & (sizes > 1) & (sizes <= max(count // _COMMON, 40))
        begins, sizes, times = begins[rare], sizes[rare], times[rare]
        telling = times / (times + self._k1) * np.log(count / sizes + 1)
        best = np.argsort(-telling, kind="stable")[:_LOOKED_AT]
        return begins[best], sizes[best]
