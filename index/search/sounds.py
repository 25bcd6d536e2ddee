"""Sounds: how characters are read, so that a wrong character or typed pinyin still finds the right one.

In: the files that `building/sounding.py` wrote; a query's characters or letters. Out: for each character its toneless
syllables, and for two syllables every pair of characters in the index that sounds so.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from index.arrays import U16, U32, Integers
from index.store.keys import SYLLABLE_BITS


def _look_up(codes: U32, table: U16, wanted: Integers) -> U16:
    row = np.minimum(np.searchsorted(codes, wanted.astype(np.uint32)), len(codes) - 1)
    return np.where((codes[row] == wanted)[:, None], table[row], 0)


class Sounds:
    """The sounds of one snapshot."""

    def __init__(self, place: Path) -> None:
        with np.load(place / "readings.npz", allow_pickle=False) as readings:
            self._names: list[str] = readings["syllables"].tolist()
            self._codes, self._table = readings["codes"], readings["table"]
        self._numbers = {name: number for number, name in enumerate(self._names) if name}
        self._starting: dict[str, tuple[str, ...]] = {}
        for name in self._numbers:
            for end in range(1, len(name) + 1):
                self._starting[name[:end]] = (*self._starting.get(name[:end], ()), name)
        self._keys, self._terms = (
            np.asarray(np.load(place / name, mmap_mode="r", allow_pickle=False))
            for name in ("sound_keys.npy", "sound_terms.npy")
        )

    def of(self, character: str) -> tuple[str, ...]:
        """The toneless readings of a character, the common one first."""
        (row,) = _look_up(self._codes, self._table, np.array([ord(character)]))
        return tuple(self._names[number] for number in row.tolist() if number)

    def number(self, syllable: str) -> int:
        """The number of a whole syllable; 0 for anything else."""
        return self._numbers.get(syllable, 0)

    def pairs(self, first: Sequence[str], second: Sequence[str]) -> U32:
        """Return the term numbers of all pairs whose characters read as one of `first` and one of `second`.

        All at once: initials like `sjzhk` ask for thousands of combinations.
        """
        left, right = (np.array([self._numbers[name] for name in names], np.uint32) for names in (first, second))
        wanted = (left[:, None] << np.uint32(SYLLABLE_BITS) | right).ravel()
        begins, ends = np.searchsorted(self._keys, wanted), np.searchsorted(self._keys, wanted, "right")
        known = np.flatnonzero(ends > begins)
        spans = [self._terms[begins[i] : ends[i]] for i in known.tolist()]
        return np.concatenate(spans) if spans else np.empty(0, np.uint32)

    def starting(self, letters: str) -> tuple[str, ...]:
        """All syllables that begin with `letters`."""
        return self._starting.get(letters, ())

    def spell(self, letters: str, limit: int = 6) -> list[tuple[str, ...]]:
        """Cut letters into syllables, fewest first; the last may be half-typed. Empty where it cannot be done."""
        ways: list[list[tuple[str, ...]]] = [[] for _ in range(len(letters) + 1)]
        ways[0] = [()]
        for end in range(1, len(letters) + 1):
            for begin in range(max(0, end - 6), end):
                if letters[begin:end] in self._numbers:
                    ways[end].extend((*way, letters[begin:end]) for way in ways[begin][:limit])
            ways[end].sort(key=len)
            del ways[end][limit:]
        whole = ways[-1]
        if whole:
            return whole
        for begin in range(len(letters) - 1, 0, -1):
            if ways[begin] and self.starting(letters[begin:]):
                return [(*way, letters[begin:]) for way in ways[begin]]
        return []
