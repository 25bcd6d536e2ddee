"""Guessing: where nothing contains what was typed, what the reader may have meant.

In: a query of which some unit stands nowhere. Out: other queries to try, the likeliest first: what typed letters spell
(`spelled`), same-sounding or swapped characters and near spellings (`corrected`).
Why whole rewritten queries: a guess is then ranked, verified and marked exactly as if it had been typed, and can be
offered as 您是不是要找 …. Whether it may be shown at all is for `layering.py` to say.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import combinations, pairwise

import numpy as np

from index.arrays import Numbers
from index.search.contracts import Lexicon, Ranked, Sections
from index.search.queries import Query, Unit, han_unit
from index.search.sounds import Sounds
from index.store.keys import gram_key, gram_text, word_key
from index.text.segmenting import Segmenter

_LONGEST = 8  # characters of a unit guessed as a whole; longer ones are sentences, mended word by word
_BEAM = 60
_TRIED = 10
_UNITS = 6  # unknown units guessed in one query; forty took seconds
_COMMON = 20
"""Times in the dictionary's corpus from which a word is no slip of the keyboard, though this index lacks it."""
_SYLLABLES = 24  # of typed letters that are read part by part
_WORD = 4  # syllables of the longest word looked for in them
_CANTONESE = frozenset("唔冇嘅咗喺佢攞啲嗰咁嚟睇俾畀哋嘢噉咩乜揾搵嗌瞓冧啱")
"""Characters of written Cantonese: a word with one is no slip."""
_LETTERS = re.compile(r"[a-z]+(?:[ '][a-z]+)*")


@dataclass(frozen=True, slots=True)
class Guess:
    """A rewritten query."""

    text: str
    certainty: float
    """0 to 1, how likely; orders the guesses."""
    piece: str = ""
    """What was put in for a part of the query. Where nothing holds all of it, what holds this piece competes with what
    shares the rest. Empty: only what holds all of the query counts."""
    sentence: bool = False
    """Whether one word of a sentence was put right: the rest was right anyway, so it competes with what shares that."""
    offered: bool = True
    """Whether it may be offered as 您是不是要找 …: not where what was typed is common Chinese."""


class Guesser:
    """Guesses over one snapshot's vocabulary."""

    def __init__(
        self,
        lexicon: Lexicon,
        index: Sections[Ranked],
        sounds: Sounds,
        segmenter: Segmenter,
        synonyms: Iterable[str],
    ) -> None:
        self._sounds = sounds
        self._segmenter = segmenter
        self._lexicon = lexicon
        self._index = index
        self._synonyms = dict.fromkeys(synonyms)

    @cached_property
    def _latin(self) -> dict[int, list[str]]:
        """Latin words by length."""
        found: dict[int, list[str]] = {}
        for word in dict.fromkeys((*self._lexicon.vocabulary, *self._synonyms)):
            if word.isascii() and word.isalpha():
                found.setdefault(len(word), []).append(word)
        return found

    def spelled(self, query: Query) -> list[Guess]:
        """Return queries with Chinese text for letters that may be its pinyin."""
        letters = _LETTERS.search(query.folded)
        if not letters:
            return []
        typed = letters.group()
        near = self._near_words(query)
        found: list[Guess] = []
        spelled = (typed, *near) if len(near) < len(typed.split()) else (typed,)
        for text in dict.fromkeys(spelled) if near else ():
            # Five letters or more that are one slip from a word of the index are no initials: saves 2 ms.
            initials = len(text) < 5 or not any(weight > 0.6 for _, weight in near.get(text, ()))
            found.extend(self._replaced(query, text, self._spelled(text, initials)))
        if near and not found and (parts := self._by_parts(typed, near)):
            found.append(Guess(query.folded.replace(typed, parts, 1), 0.4))
        return _likeliest(found)

    def corrected(self, query: Query) -> list[Guess]:
        """Return queries with a slip put right."""
        found: list[Guess] = []
        for text, words in self._near_words(query).items():
            found.extend(self._replaced(query, text, words))
        for unit in self._unknown(unit for unit in query.units if unit.kind == "han" and len(unit.text) > 1):
            if _CANTONESE.intersection(unit.text) or self._sensible(unit):
                continue
            common = all(self._is_common(word) for word in unit.parts)
            heard = self._heard(unit.text) if len(unit.text) <= _LONGEST else []
            if common:  # another word that sounds alike may be meant, a mere run of characters is not
                heard = [(text, certainty) for text, certainty in heard if self._frequency(text)]
            for guess in self._replaced(query, unit.text, heard):
                found.append(replace(guess, piece="", offered=False) if common else guess)
            if not heard:
                found.extend(self._mended(query, unit))
        return _likeliest(found)

    def _near_words(self, query: Query) -> dict[str, list[tuple[str, float]]]:
        """The query's Latin words that stand nowhere, with words of the index spelt like them."""
        unknown = self._unknown(unit for unit in query.units if unit.kind == "latin" and unit.text.isalpha())
        return {unit.text: self._near(unit.text) for unit in unknown}

    def _unknown(self, units: Iterable[Unit]) -> list[Unit]:
        """The first few of the units that stand nowhere, each once."""
        asked = list({unit.text: unit for unit in units}.values())
        return [unit for unit, stands in zip(asked, self._index.stand(asked), strict=True) if not stands][:_UNITS]

    def _sensible(self, unit: Unit) -> bool:
        """Whether all its words are known, and none is a single character: no slip then, only new side by side."""
        return all(len(word) > 1 and (self._frequency(word) or word in self._synonyms) for word in unit.parts)

    def _replaced(self, query: Query, typed: str, variants: Sequence[tuple[str, float]]) -> Iterator[Guess]:
        several = len(query.units) > 1
        for variant, certainty in variants:
            piece = variant if several and self._frequency(variant) else ""
            yield Guess(query.folded.replace(typed, variant, 1), certainty, piece)

    # Sounds

    def _spelled(self, letters: str, initials: bool) -> list[tuple[str, float]]:
        """Characters that letters may spell: whole syllables, the last perhaps half-typed, or with `initials` these."""
        pieces = re.split(r"[ ']", letters)
        ways: list[tuple[list[tuple[str, ...]], float]] = []
        for way in self._sounds.spell("".join(pieces)):
            if len(pieces) > 1 and not _respects(way, pieces):
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
        return sorted(found.items(), key=lambda item: -item[1])[:_TRIED]

    def _by_parts(self, typed: str, unknown: Collection[str]) -> str:
        """What letters spell that do not stand anywhere as a whole: its words, the longest first; the rest is left out.

        `unknown`: the pieces of `typed` that stand nowhere as they are; the others stay.
        """
        words: list[str] = []
        syllables: list[str] = []
        for piece in [*re.split(r"[ ']", typed), ""]:
            ways = self._sounds.spell(piece) if piece in unknown else []
            if ways:
                syllables.extend(syllable for syllable in ways[0] if self._sounds.number(syllable))
                continue
            words.extend(self._words_of(syllables[:_SYLLABLES]))
            syllables = []
            if piece and piece not in unknown:
                words.append(piece)
        return " ".join(words) if any(not word.isascii() for word in words) else ""

    def _words_of(self, syllables: Sequence[str]) -> Iterator[str]:
        at = 0
        while at < len(syllables):
            for size in range(min(_WORD, len(syllables) - at), 1, -1):
                strings = self._strings([(syllable,) for syllable in syllables[at : at + size]])
                word = next((text for text, _ in strings if self._frequency(text) or self._segmenter.knows(text)), "")
                if word:
                    yield word
                    at += size
                    break
            else:
                at += 1

    def _is_common(self, word: str) -> bool:
        """Whether a word is likely in Chinese at all, whatever this index holds."""
        return len(word) > 1 and self._segmenter.commonness(word) >= _COMMON

    def _heard(self, typed: str) -> list[tuple[str, float]]:
        """Strings of the index that sound like `typed`, or have two characters swapped, most likely neighbours."""
        found: dict[str, float] = {}
        readings = [self._sounds.of(character) for character in typed]
        if all(readings):
            for text, likely in self._strings(readings):
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
                weight = (0.75 if self._frequency(text) else 0.4) / swapped[text]
                found[text] = max(found.get(text, 0.0), weight)
        return sorted(found.items(), key=lambda item: -item[1])[:_TRIED]

    def _mended(self, query: Query, unit: Unit) -> list[Guess]:
        """A sentence with one word the index lacks replaced by one that sounds the same.

        A slip of the keyboard falls apart when it is cut: looked at are pairs across two single characters and words
        of the dictionary that the index lacks, not every unusual pair; most questions have some of those.
        """
        found: list[Guess] = []
        at = 0
        for i, word in enumerate(unit.parts):
            after = unit.parts[i + 1] if i + 1 < len(unit.parts) else ""
            pair = word if len(word) == 2 else word + after if len(word) == len(after) == 1 else ""
            begin, at = at, at + len(word)
            if not pair or self._lexicon.frequencies([gram_key(pair)]) or self._is_common(pair):
                continue
            readings = [self._sounds.of(character) for character in pair]
            for variant, likely in self._strings(readings)[:3] if all(readings) else ():
                if self._frequency(variant) and self._segmenter.knows(variant):
                    mended = unit.text[:begin] + variant + unit.text[begin + 2 :]
                    text = query.folded.replace(unit.text, mended, 1)
                    found.append(Guess(text, 0.5 * likely, variant, sentence=True))
        return sorted(found, key=lambda guess: -guess.certainty)[:3]

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
        sizes_of = self._sizes(beam)
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

    def _frequency(self, word: str) -> int:
        return self._lexicon.frequencies([word_key(word)]).get(word_key(word), 0)

    # Spelling

    def _near(self, word: str) -> list[tuple[str, float]]:
        """Latin words of the index one slip away from `word`, two from six letters on; else those it may begin."""
        if len(word) < 3:
            return []
        slips = 1 if len(word) < 6 else 2
        from rapidfuzz import process  # 40 ms that only a misspelt word need wait for
        from rapidfuzz.distance import OSA

        lengths = range(max(3, len(word) - slips), min(24, len(word) + slips) + 1)
        others = [other for length in lengths for other in self._latin.get(length, ())]
        near = process.extract(word, others, scorer=OSA.distance, score_cutoff=slips, limit=None)
        if not near and len(word) > 3:
            return self._beginning(word)
        sizes = self._sizes([other for other, _, _ in near])
        near.sort(key=lambda item: (item[1], -sizes[item[0]]))
        return [(other, 0.9 - 0.3 * distance + 0.01 * min(sizes[other], 10)) for other, distance, _ in near[:_TRIED]]

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
                word, [other[:size] for other in longer], scorer=OSA.distance, score_cutoff=1, limit=_TRIED
            )
        ]
        weights = {other: 0.4 + 0.01 * min(size, 10) for other, size in self._sizes(found).items()}
        return sorted(weights.items(), key=lambda item: -item[1])[:_TRIED]

    def _sizes(self, words: Sequence[str]) -> dict[str, int]:
        """In how many sections each word stands."""
        sizes = self._lexicon.frequencies([word_key(word) for word in words])
        return {word: sizes.get(word_key(word), 0) for word in words}


class Guesses:
    """The guesses for the text of a query, remembered: the counts of each filter ask for the same ones again."""

    def __init__(self, guesser: Guesser, parse: Callable[[str], Query]) -> None:
        @lru_cache(maxsize=1024)
        def spelled(text: str) -> list[Guess]:
            return guesser.spelled(parse(text))

        @lru_cache(maxsize=1024)
        def corrected(text: str) -> list[Guess]:
            return guesser.corrected(parse(text))

        self.spelled, self.corrected = spelled, corrected


def _likeliest(guesses: list[Guess]) -> list[Guess]:
    """The few most certain, each text once."""
    best: dict[str, Guess] = {}
    for guess in sorted(guesses, key=lambda guess: -guess.certainty):
        best.setdefault(guess.text, guess)
    return list(best.values())[:_TRIED]


def _respects(way: Sequence[str], pieces: Sequence[str]) -> bool:
    """Whether syllables end wherever the reader typed a space."""
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
