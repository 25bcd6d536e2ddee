"""Guessing: where nothing contains what was typed, what the reader may have meant.

In: a query of which some unit stands nowhere. Out: other queries to try, the likeliest first: what typed letters spell
(`spelled`), same-sounding or swapped characters and near spellings (`corrected`). What sounds alike is looked for in
`homophones.py`, what is spelt alike in `misspellings.py`.
Why whole rewritten queries: a guess is then ranked, verified and marked exactly as if it had been typed, and can be
offered as 您是不是要找 …. Whether it may be shown at all is for `layering.py` to say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from index.search.contracts import Lexicon, Ranked, Sections
from index.search.homophones import Homophones
from index.search.lexicon import frequency_of
from index.search.misspellings import Misspellings
from index.search.queries import Query, Unit
from index.search.sounds import Sounds
from index.store.keys import gram_key
from index.text.segmenting import Segmenter

_LONGEST = 8  # characters of a unit guessed as a whole; longer ones are sentences, mended word by word
_TRIED = 10  # queries
_UNITS = 6  # unknown units guessed in one query; forty took seconds
_COMMON = 20
"""Times in the dictionary's corpus from which a word is no slip of the keyboard, though this index lacks it."""
_CANTONESE = frozenset("唔冇嘅咗喺佢攞啲嗰咁嚟睇俾畀哋嘢噉咩乜揾搵嗌瞓冧啱")
"""Characters of written Cantonese: a word with one is no slip."""
_READ = 0.6  # of the syllables of several pieces of letters, how many must be in words for a reading
_READING = 0.95  # the certainty of one that has them all
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
    read: bool = False
    """Whether it reads letters as words as far as it can: what shares those goes before what has such letters."""
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
        self._segmenter = segmenter
        self._lexicon = lexicon
        self._index = index
        self._synonyms = dict.fromkeys(synonyms)
        self._homophones = Homophones(lexicon, index, sounds, segmenter)
        self._misspellings = Misspellings(lexicon, self._synonyms)

    def spelled(self, query: Query) -> list[Guess]:
        """Return queries with Chinese text for letters that may be its pinyin."""
        letters = _LETTERS.search(query.folded)
        if not letters:
            return []
        typed = letters.group()
        near = self._near_words(query)
        if not near:
            return []
        found = list(self._replaced(query, typed, self._spelled(typed, near)))
        several = len(re.split("[ ']", typed)) > 1
        if several and not found:
            text, share = self._homophones.read(typed, {unit.text for unit in self._unknown(query.units, None)})
            if share >= _READ:
                return [Guess(query.folded.replace(typed, text, 1), share * _READING, read=True)]
            for piece in near if len(near) < len(typed.split()) else ():
                found.extend(self._replaced(query, piece, self._spelled(piece, near)))
        if not found and (text := self._homophones.read(typed, near)[0]):
            found.append(Guess(query.folded.replace(typed, text, 1), 0.4))
        return _likeliest(found)

    def _spelled(self, text: str, near: Mapping[str, Sequence[tuple[str, float]]]) -> list[tuple[str, float]]:
        # Five letters or more that are one slip from a word of the index are no initials: saves 2 ms.
        initials = len(text) < 5 or not any(weight > 0.6 for _, weight in near.get(text, ()))
        return self._homophones.spelled(text, initials)

    def corrected(self, query: Query) -> list[Guess]:
        """Return queries with a slip put right."""
        found: list[Guess] = []
        for text, words in self._near_words(query).items():
            found.extend(self._replaced(query, text, words))
        for unit in self._unknown(unit for unit in query.units if unit.kind == "han" and len(unit.text) > 1):
            if _CANTONESE.intersection(unit.text) or self._made_of_known_words(unit):
                continue
            common = all(self._is_common(word) for word in unit.parts)
            heard = self._homophones.heard(unit.text) if len(unit.text) <= _LONGEST else []
            if common:  # another word that sounds alike may be meant, a mere run of characters is not
                heard = [(text, certainty) for text, certainty in heard if frequency_of(self._lexicon, text)]
            for guess in self._replaced(query, unit.text, heard):
                found.append(replace(guess, piece="", offered=False) if common else guess)
            if not heard:
                found.extend(self._mended(query, unit))
        return _likeliest(found)

    def _near_words(self, query: Query) -> dict[str, list[tuple[str, float]]]:
        """The query's Latin words that stand nowhere, with words of the index spelt like them."""
        unknown = self._unknown(unit for unit in query.units if unit.kind == "latin" and unit.text.isalpha())
        return {unit.text: self._misspellings.near(unit.text) for unit in unknown}

    def _unknown(self, units: Iterable[Unit], most: int | None = _UNITS) -> list[Unit]:
        """The first few of the units that stand nowhere, each once."""
        asked = list({unit.text: unit for unit in units}.values())
        return [unit for unit, stands in zip(asked, self._index.stand(asked), strict=True) if not stands][:most]

    def _made_of_known_words(self, unit: Unit) -> bool:
        """Whether all its words are known and longer than one character: then it is no slip, only a new combination."""
        return all(
            len(word) > 1 and (frequency_of(self._lexicon, word) or word in self._synonyms) for word in unit.parts
        )

    def _replaced(self, query: Query, typed: str, variants: Sequence[tuple[str, float]]) -> Iterator[Guess]:
        """Yield the query once for each variant, with that in the place of `typed`."""
        several = len(query.units) > 1
        for variant, certainty in variants:
            piece = variant if several and frequency_of(self._lexicon, variant) else ""
            yield Guess(query.folded.replace(typed, variant, 1), certainty, piece)

    def _is_common(self, word: str) -> bool:
        """Whether a word is likely in Chinese at all, whatever this index holds."""
        return len(word) > 1 and self._segmenter.commonness(word) >= _COMMON

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
            for variant, likely in self._homophones.sounding_like(pair)[:3]:
                if frequency_of(self._lexicon, variant) and self._segmenter.knows(variant):
                    mended = unit.text[:begin] + variant + unit.text[begin + 2 :]
                    text = query.folded.replace(unit.text, mended, 1)
                    found.append(Guess(text, 0.5 * likely, variant, sentence=True))
        return sorted(found, key=lambda guess: -guess.certainty)[:3]


class Guesses:
    """The guesses for the text of a query, remembered: the counts of each filter ask for the same ones again.

    Not with `remembered` 0, for an engine whose answers are not there yet when first asked for.
    """

    def __init__(self, guesser: Guesser, parse: Callable[[str], Query], remembered: int = 1024) -> None:
        @lru_cache(maxsize=remembered)
        def spelled(text: str) -> list[Guess]:
            return guesser.spelled(parse(text))

        @lru_cache(maxsize=remembered)
        def corrected(text: str) -> list[Guess]:
            return guesser.corrected(parse(text))

        self.spelled, self.corrected = spelled, corrected


def _likeliest(guesses: list[Guess]) -> list[Guess]:
    """The few most certain, each text once."""
    best: dict[str, Guess] = {}
    for guess in sorted(guesses, key=lambda guess: -guess.certainty):
        best.setdefault(guess.text, guess)
    return list(best.values())[:_TRIED]
