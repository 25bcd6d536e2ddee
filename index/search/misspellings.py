"""Misspellings: Latin words of the index that are spelt nearly as what was typed.

In: a Latin word that stands nowhere. Out: words that do, with a certainty of 0 to 1, the likeliest first. Near is the
optimal string alignment distance: letters put in, left out, changed, or swapped with their neighbour.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable
from functools import cached_property

from index.search.contracts import Lexicon
from index.search.lexicon import frequencies_of

_RETURNED = 10


class Misspellings:
    """Over one snapshot's vocabulary and the site's synonyms."""

    def __init__(self, lexicon: Lexicon, synonyms: Iterable[str]) -> None:
        self._lexicon = lexicon
        self._synonyms = synonyms

    @cached_property
    def _by_length(self) -> dict[int, list[str]]:
        """Latin words."""
        found: dict[int, list[str]] = {}
        for word in dict.fromkeys((*self._lexicon.vocabulary, *self._synonyms)):
            if word.isascii() and word.isalpha():
                found.setdefault(len(word), []).append(word)
        return found

    def near(self, word: str) -> list[tuple[str, float]]:
        """Latin words of the index one slip away from `word`, two from six letters on; else those it may begin."""
        if len(word) < 3:
            return []
        slips = 1 if len(word) < 6 else 2
        from rapidfuzz import process  # 40 ms that only a misspelt word need wait for
        from rapidfuzz.distance import OSA

        lengths = range(max(3, len(word) - slips), min(24, len(word) + slips) + 1)
        others = [other for length in lengths for other in self._by_length.get(length, ())]
        near = process.extract(word, others, scorer=OSA.distance, score_cutoff=slips, limit=None)
        if not near and len(word) > 3:
            return self._beginning(word)
        sizes = frequencies_of(self._lexicon, [other for other, _, _ in near])
        near.sort(key=lambda item: (item[1], -sizes[item[0]]))
        return [(other, 0.9 - 0.3 * distance + 0.01 * min(sizes[other], 10)) for other, distance, _ in near[:_RETURNED]]

    def _beginning(self, word: str) -> list[tuple[str, float]]:
        """Latin words of the index that begin with `word` but for one slip, which is rarely in the first letter."""
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        words = self._lexicon.vocabulary
        first, last = (bisect.bisect_left(words, chr(ord(word[0]) + step)) for step in (0, 1))
        longer = [
            other for other in words[first:last] if len(other) > len(word) and other.isascii() and other.isalpha()
        ]
        found = [
            longer[at]
            for size in (len(word), len(word) + 1)
            for _, _, at in process.extract(
                word, [other[:size] for other in longer], scorer=OSA.distance, score_cutoff=1, limit=_RETURNED
            )
        ]
        weights = {other: 0.4 + 0.01 * min(size, 10) for other, size in frequencies_of(self._lexicon, found).items()}
        return sorted(weights.items(), key=lambda item: -item[1])[:_RETURNED]
