"""Homophones: text of the index that sounds like what was typed.

In: letters that may be pinyin, or Han characters. Out: strings that stand in some section, with a likelihood of 0 to 1,
the likeliest first. Why only such strings: of all that sounds alike, a reader can only have meant what is there.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from itertools import combinations, pairwise

import numpy as np

from index.arrays import Numbers
from index.search.contracts import Lexicon, Ranked, Sections
from index.search.lexicon import frequencies_of, frequency_of
from index.search.queries import han_unit
from index.search.sounds import Sounds
from index.store.keys import gram_text
from index.text.segmenting import Segmenter

_BEAM = 60  # strings kept while they grow, pair by pair (beam search)
_RETURNED = 10
_SYLLABLES = 24  # of typed letters that are read part by part
_WORD = 4  # syllables of the longest word looked for in them
_SHORT = 3  # letters of a Latin word that may be a syllable of the pinyin beside it


class Homophones:
    """Over one snapshot."""

    def __init__(self, lexicon: Lexicon, index: Sections[Ranked], sounds: Sounds, segmenter: Segmenter) -> None:
        self._lexicon = lexicon
        self._index = index
        self._sounds = sounds
        self._segmenter = segmenter

    def spelled(self, letters: str, initials: bool) -> list[tuple[str, float]]:
        """Strings that `letters` may spell: by whole syllables, of which the last may be half-typed.

        `initials`: also by the first letter of each syllable, `sjh` for 手机号.
        """
        pieces = re.split(r"[ ']", letters)
        ways: list[tuple[list[tuple[str, ...]], float]] = []
        for way in self._sounds.spell("".join(pieces)):
            if len(pieces) > 1 and not _keeps_spaces(way, pieces):
                continue
            *whole, last = way
            complete = bool(self._sounds.number(last))
            options = [(syllable,) for syllable in whole]
            ways.append(
                ([*options, (last,)] if complete else [*options, self._sounds.starting(last)], 1.0 if complete else 0.8)
            )
            if complete and len(way) > 1:
                longer = tuple(other for other in self._sounds.starting(last) if other != last)
                if longer:
                    ways.append(([*options, longer], 0.6))
        if initials and len(pieces) == 1 and 2 <= len(letters) <= 6:
            ways.append(([self._sounds.starting(letter) for letter in letters], 0.5))
        found: dict[str, float] = {}
        for syllables, weight in ways:
            for text, likely in self._strings(syllables):
                found[text] = max(found.get(text, 0.0), weight * likely)
        return sorted(found.items(), key=lambda item: -item[1])[:_RETURNED]

    def read(self, typed: str, unknown: Collection[str]) -> tuple[str, float]:
        """The words that letters spell where no section holds all of them, and the share of the syllables in them.

        What is no word is left out. `unknown`: the pieces of `typed` that stand nowhere as they are; others stay, but
        for short ones beside them: `le` is French, and 了.
        """
        pieces = re.split(r"[ ']", typed)
        read = [piece in unknown and bool(self._sounds.spell(piece)) for piece in pieces]
        for order in (range(1, len(pieces)), range(len(pieces) - 2, -1, -1)):
            for at in order:
                beside = read[at - 1] if order.step > 0 else read[at + 1]
                read[at] = read[at] or (beside and len(pieces[at]) <= _SHORT and bool(self._sounds.number(pieces[at])))
        words: list[str] = []
        syllables: list[str] = []
        held = whole = 0
        for piece, one in zip([*pieces, ""], [*read, False], strict=True):
            if one:
                syllables.extend(syllable for syllable in self._sounds.spell(piece)[0] if self._sounds.number(syllable))
                continue
            spelled = self._words_of(syllables[:_SYLLABLES])
            held, whole, syllables = held + len("".join(spelled)), whole + len(syllables), []
            words.extend(spelled)
            if piece and piece not in unknown:
                words.append(piece)
        return " ".join(words) if held else "", held / (whole or 1)

    def _words_of(self, syllables: Sequence[str]) -> list[str]:
        """The words that `syllables` spell, chosen so that most are in words, and in long ones.

        Where no word fits, two characters that stand side by side somewhere are taken.
        """
        best: list[tuple[float, list[str]]] = [(0.0, [])]
        for end in range(1, len(syllables) + 1):
            ways = [best[end - 1]]
            for size in range(2, min(_WORD, end) + 1):
                strings = self._strings([(syllable,) for syllable in syllables[end - size : end]])
                word = next(
                    (one for one in strings if self._is_word(one[0])), strings[0] if strings[:1] and size == 2 else None
                )
                if word:
                    value, before = best[end - size]
                    ways.append((value + size - 1 + word[1] / 2, [*before, word[0]]))
            best.append(max(ways, key=lambda way: way[0]))
        return best[-1][1]

    def _is_word(self, text: str) -> bool:
        return bool(frequency_of(self._lexicon, text)) or self._segmenter.knows(text)

    def heard(self, typed: str) -> list[tuple[str, float]]:
        """Strings that sound like `typed`, or are `typed` with two characters swapped, which mostly are neighbours."""
        found: dict[str, float] = {}
        for text, likely in self.sounding_like(typed):
            same = sum(a == b for a, b in zip(text, typed, strict=True)) / len(typed)
            if text != typed:
                found[text] = 0.5 * likely + 0.4 * same + 0.1
        swapped = {
            typed[:i] + typed[j] + typed[i + 1 : j] + typed[i] + typed[j + 1 :]: 1 if j == i + 1 else 2
            for i, j in reversed(list(combinations(range(len(typed)), 2)))
        }
        swapped.pop(typed, None)
        for text, stands in zip(swapped, self._standing(list(swapped)), strict=True):
            if stands:
                weight = (0.75 if frequency_of(self._lexicon, text) else 0.4) / swapped[text]
                found[text] = max(found.get(text, 0.0), weight)
        return sorted(found.items(), key=lambda item: -item[1])[:_RETURNED]

    def sounding_like(self, text: str) -> list[tuple[str, float]]:
        """Strings whose every character can be read as that of `text`; `text` itself may be one of them."""
        readings = [self._sounds.of(character) for character in text]
        return self._strings(readings) if all(readings) else []

    def _strings(self, syllables: Sequence[Sequence[str]]) -> list[tuple[str, float]]:
        """Strings that stand somewhere and sound so, with a likelihood of 0 to 1, the likeliest first."""
        if len(syllables) < 2 or not all(syllables):
            return []
        beam: list[str] = []
        rarest: Numbers | None = None  # for each of the beam, in how many sections its rarest pair stands
        for left, right in pairwise(syllables):
            keys, sizes = self._lexicon.read_as(left, right)
            pairs = list(map(gram_text, keys.tolist()))
            if not pairs:
                return []
            if rarest is None:
                beam, rarest = pairs, sizes
                continue
            ends_with, begins_with = (
                np.array([ord(text[at]) for text in some]) for some, at in ((beam, -1), (pairs, 0))
            )
            one, other = np.nonzero(ends_with[:, np.newaxis] == begins_with)
            both = np.minimum(rarest[one], sizes[other])
            best = np.argsort(-both, kind="stable")[:_BEAM]
            beam = [beam[i] + pairs[j][1] for i, j in zip(one[best].tolist(), other[best].tolist(), strict=True)]
            rarest = both[best]
            if not beam:
                return []
        beam = beam[:_BEAM]
        sizes_of = frequencies_of(self._lexicon, beam)
        unsure = [text for text in beam if len(text) > 2 and not sizes_of[text]]
        absent = {text for text, stands in zip(unsure, self._standing(unsure), strict=True) if not stands}
        found: list[tuple[str, float]] = []
        for text in beam:
            if text not in absent:
                word = 0.3 + 0.2 * min(sizes_of[text], 20) / 20 if sizes_of[text] else 0.0
                found.append((text, 0.4 + word + (0.1 if self._segmenter.knows(text) else 0.0)))
        return sorted(found, key=lambda item: -item[1])

    def _standing(self, texts: Sequence[str]) -> list[bool]:
        """Whether some section contains each of `texts`, Han of two or more characters."""
        return self._index.stand([han_unit(text) for text in texts])


def _keeps_spaces(way: Sequence[str], pieces: Sequence[str]) -> bool:
    """Whether a way to cut letters into syllables ends one wherever the reader typed a space."""
    ends, at = set(), 0
    for syllable in way:
        at += len(syllable)
        ends.add(at)
    at = 0
    for piece in pieces[:-1]:
        at += len(piece)
        if at not in ends:
            return False
    return True
