"""Sounds: how characters are read, so that a wrong character or typed pinyin still finds the right one.

In: the inverted index at build time; a query's characters or letters later. Out: for each character its toneless
syllables, and for two syllables every pair of characters in the index that sounds so. Why pairs the index knows and
no second index: the vocabulary's pairs, sorted by sound, turn a guess into ordinary posting lists. pypinyin is read
at the first build only; the table travels from snapshot to snapshot, and a server never loads it.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.building.inverting import U64, Inverted
from index.store.posting_files import read_inverted

_READINGS = 3  # the first readings of a character; rarer ones bring more noise than help
_KNOWN = 10
"""Of pypinyin's 47,000 phrases, how many tell how a character is read: a reading of at most one of them is left out.
些 is xie, and suo in none: 锁手机 is no slip for 些手机. In typo-trial pinyin finds its word first for .867 instead
of .813."""
_SHIFT = 10  # bits for a syllable's number; there are about 430
_CODES = 1 << 18  # all Han characters lie below
_GRAM_TAG, _WORD_TAG = np.uint64(1 << 62), np.uint64(2 << 62)


@cache
def _plain(reading: str) -> str:
    letters = unicodedata.normalize("NFD", reading.replace("ü", "v").replace("ê", "e"))
    return "".join(letter for letter in letters.replace("u\u0308", "v") if "a" <= letter <= "z")


@cache
def _all_readings() -> tuple[Any, Any, list[str]]:
    from pypinyin.phrases_dict import phrases_dict
    from pypinyin.pinyin_dict import pinyin_dict

    used = Counter(
        (character, _plain(reading[0]))
        for phrase, readings in phrases_dict.items()
        for character, reading in zip(phrase, readings, strict=False)
    )
    known = Counter(character for character, _ in used.elements())
    syllables: dict[str, int] = {"": 0}
    codes = sorted(pinyin_dict)
    table = np.zeros((len(codes), _READINGS), np.uint16)
    for row, code in enumerate(codes):
        plain = list(filter(None, dict.fromkeys(_plain(reading) for reading in pinyin_dict[code].split(","))))
        if known[chr(code)] >= _KNOWN:
            plain = [syllable for syllable in plain if used[chr(code), syllable] > 1] or plain
        for column, syllable in enumerate(plain[:_READINGS]):
            table[row, column] = syllables.setdefault(syllable, len(syllables))
    return np.array(codes, np.uint32), table, list(syllables)


def write_sounds(place: Path, inverted: Inverted, previous: Path | None) -> None:
    """Write the sounds of characters and of the index's pairs into `place`; `previous`: the last snapshot's folder."""
    known = previous is not None and (previous / "readings.npz").is_file()
    if previous and known:
        (place / "readings.npz").write_bytes((previous / "readings.npz").read_bytes())
        with np.load(place / "readings.npz", allow_pickle=False) as readings:
            codes, table = readings["codes"], readings["table"]
    else:
        codes, table, syllables = _all_readings()
        np.savez(place / "readings.npz", codes=codes, table=table, syllables=np.array(syllables))
    begin, end = _grams(inverted.keys)
    grams, numbers = inverted.keys[begin:end], np.arange(begin, end, dtype=np.uint64)
    if previous and known:
        kept, fresh = _kept(previous, grams, begin)
        added = _by_sound(codes, table, grams[fresh], numbers[fresh])
        by_sound = np.insert(kept, np.searchsorted(kept, added), added)
    else:
        by_sound = _by_sound(codes, table, grams, numbers)
    np.save(place / "sound_keys.npy", (by_sound >> np.uint64(32)).astype(np.uint32))
    np.save(place / "sound_terms.npy", by_sound.astype(np.uint32))


def _grams(keys: U64) -> tuple[int, int]:
    """Where the pairs of characters begin and end among an index's keys."""
    begin, end = np.searchsorted(keys, np.array([_GRAM_TAG, _WORD_TAG])).tolist()
    return begin, end


def _by_sound(codes: Any, table: Any, grams: U64, numbers: U64) -> U64:
    """Each way to read each pair, sorted: the two syllables above, the pair's term number below."""
    syllables_of = np.zeros((_READINGS, _CODES), np.uint32)  # a tenth of the time of looking for each code
    syllables_of[:, codes] = table.T
    first, second = (
        [some[half & np.uint64(_CODES - 1)] for some in syllables_of] for half in (grams >> np.uint64(21), grams)
    )
    pairs = []
    for left in first:
        for right in second:
            both = (left > 0) & (right > 0)
            sound = left[both] << np.uint32(_SHIFT) | right[both]
            pairs.append(sound.astype(np.uint64) << np.uint64(32) | numbers[both])
    # Sorted as one number each: five times as fast as sorting sounds and taking the terms along.
    return np.sort(np.concatenate(pairs))


def _kept(previous: Path, grams: U64, begin: int) -> tuple[U64, NDArray[np.bool_]]:
    """What `_by_sound` made of those pairs that the last snapshot had too, and which of `grams` it had not.

    A quarter of the time of making it again. Terms keep their order, so what was sorted is sorted with new numbers.
    """
    keys = read_inverted(previous).keys
    first, last = _grams(keys)
    old = keys[first:last]
    place = np.searchsorted(grams, old)
    stays = np.append(grams, np.uint64(0))[place] == old
    fresh = np.ones(len(grams), bool)
    fresh[place[stays]] = False
    sounds, terms = (np.load(previous / f"sound_{name}.npy", allow_pickle=False) for name in ("keys", "terms"))
    terms -= np.uint32(first)
    kept = sounds.astype(np.uint64) << np.uint64(32) | (place + begin).astype(np.uint64)[terms]
    return kept if stays.all() else kept[stays[terms]], fresh


def _look_up(codes: Any, table: Any, wanted: Any) -> Any:
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

    def pairs(self, first: Sequence[str], second: Sequence[str]) -> Any:
        """Return the term numbers of all pairs whose characters read as one of `first` and one of `second`.

        All at once: initials like `sjzhk` ask for thousands of combinations.
        """
        left, right = (np.array([self._numbers[name] for name in names], np.uint32) for names in (first, second))
        wanted = (left[:, None] << np.uint32(_SHIFT) | right).ravel()
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
