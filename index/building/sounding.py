"""Sounding: how characters are read, and every pair of characters in the index by its sound.

In: an inverted index. Out: `readings.npz` (character → toneless syllables) and arrays for `search/sounds.py`.
Why pairs the index knows and no second index: sorted by sound, they turn a guess into ordinary posting lists. pypinyin
is read at the first build only; the table travels from snapshot to snapshot, and a server never loads it.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np

from index.arrays import U16, U32, U64, Mask
from index.store.keys import GRAM_TAG, SYLLABLE_BITS, WORD_TAG
from index.store.posting_files import Inverted, Merged, read_inverted

_READINGS = 3  # the first readings of a character; rarer ones bring more noise than help
_KNOWN = 10
"""How many of pypinyin's 47,000 phrases must have a character, so that a reading which none of them uses is left out.
些 is xie in all of them and suo in none: 锁手机 is no slip for 些手机. In typo-trial pinyin finds its word first for
.867 instead of .813."""
_CODES = 1 << 18  # all Han characters lie below


@cache
def _plain(reading: str) -> str:
    letters = unicodedata.normalize("NFD", reading.replace("ü", "v").replace("ê", "e"))
    return "".join(letter for letter in letters.replace("u\u0308", "v") if "a" <= letter <= "z")


@cache
def _all_readings() -> tuple[U32, U16, list[str]]:
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


def write_sounds(place: Path, inverted: Inverted | Merged, previous: Path | None) -> None:
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
    begin, end = np.searchsorted(keys, np.array([GRAM_TAG, WORD_TAG], np.uint64)).tolist()
    return begin, end


def _by_sound(codes: U32, table: U16, grams: U64, numbers: U64) -> U64:
    """Each way to read each pair, sorted: the two syllables above, the pair's term number below."""
    # A table by code point: a tenth of the time of searching for each code.
    syllables_of = np.zeros((_READINGS, _CODES), np.uint32)
    syllables_of[:, codes] = table.T
    first, second = (
        [some[half & np.uint64(_CODES - 1)] for some in syllables_of] for half in (grams >> np.uint64(21), grams)
    )
    pairs = []
    for left in first:
        for right in second:
            both = (left > 0) & (right > 0)
            sound = left[both] << np.uint32(SYLLABLE_BITS) | right[both]
            pairs.append(sound.astype(np.uint64) << np.uint64(32) | numbers[both])
    # Sorted as one number each: five times as fast as sorting sounds and taking the terms along.
    return np.sort(np.concatenate(pairs))


def _kept(previous: Path, grams: U64, begin: int) -> tuple[U64, Mask]:
    """What `_by_sound` returned for the pairs that the last snapshot had too, and which of `grams` it did not have.

    It takes a quarter of the time of `_by_sound`. Terms keep their order, so with new numbers the result is still
    sorted.
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
