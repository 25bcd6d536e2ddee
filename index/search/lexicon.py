"""The lexicon: the words of one snapshot, their frequencies and how they are read.

In: the sorted term keys and where each one's postings begin, the vocabulary, the sounds. Out: what parsing and guessing
ask (`contracts.Lexicon`). Why without the postings: they may lie elsewhere, and frequencies are all that is asked.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence

import numpy as np

from index.arrays import U64, Numbers
from index.search.contracts import Lexicon
from index.search.sounds import Sounds
from index.store.keys import word_key

_PREFIX_WORDS, _PREFIX_SEEN = 24, 400
_PAIRS = 240


class ArrayLexicon:
    """Over memory-mapped arrays: `keys` ascend; the postings of the i-th lie from `starts[i]` to `starts[i + 1]`."""

    def __init__(self, keys: U64, starts: U64, vocabulary: Sequence[str], sounds: Sounds) -> None:
        self._keys = keys
        self._starts = starts
        self._sounds = sounds
        self.vocabulary = vocabulary

    def frequencies(self, keys: Sequence[int]) -> dict[int, int]:
        """In how many sections each known term stands; unknown ones are left out."""
        if not len(self._keys) or not keys:
            return {}
        wanted = np.array(keys, np.uint64)
        place = self._keys.searchsorted(wanted)
        place[place == len(self._keys)] = 0
        sizes = (self._starts[place + 1] - self._starts[place]).tolist()
        known = (self._keys[place] == wanted).tolist()
        return {key: size for key, size, one in zip(keys, sizes, known, strict=True) if one}

    def starting(self, prefix: str) -> list[str]:
        """The commonest words of the index that begin with `prefix` and are longer."""
        words = self.vocabulary
        begin = bisect.bisect_right(words, prefix)
        end = bisect.bisect_left(words, prefix + "\U0010ffff", begin, min(len(words), begin + _PREFIX_SEEN))
        seen = list(words[begin:end])
        if len(seen) <= _PREFIX_WORDS:
            return seen
        sizes = self.frequencies([word_key(word) for word in seen])
        return sorted(seen, key=lambda word: -sizes[word_key(word)])[:_PREFIX_WORDS]

    def read_as(self, first: Sequence[str], second: Sequence[str]) -> tuple[U64, Numbers]:
        """Pairs of characters by how they are read; see `contracts.Lexicon`."""
        terms = np.sort(self._sounds.pairs(first, second)).astype(np.int64)
        terms = terms[np.diff(terms, prepend=-1) > 0]
        sizes = (self._starts[terms + 1] - self._starts[terms]).astype(np.int64)
        best = np.argsort(-sizes, kind="stable")[:_PAIRS]
        return self._keys[terms[best]], sizes[best]


def frequencies_of(lexicon: Lexicon, words: Sequence[str]) -> dict[str, int]:
    """In how many sections each word stands."""
    known = lexicon.frequencies([word_key(word) for word in words])
    return {word: known.get(word_key(word), 0) for word in words}


def frequency_of(lexicon: Lexicon, word: str) -> int:
    """In how many sections a word stands."""
    key = word_key(word)
    return lexicon.frequencies([key]).get(key, 0)
