"""Pocket: what a device needs to search the saved help center by itself, in the manner of the server.

In: a snapshot's folded texts, sounds, tuning and weights. Out: one plain dictionary. Why tables of this content alone:
folding and reading of the 2,000 characters that stand in it take 7 KB, of all characters a megabyte; and of the
dictionary only what is cut out of it, with frequencies to a power of e.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from index.store.keys import FIELD_BREAK
from index.text.folding import HAN, fold
from index.text.segmenting import Segmenter
from index.text.tuning import Tuning
from index.weights import Weights

_HAN = [*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000)]


_RUNS = re.compile(f"[{HAN}]+")
_PUNCTUATION = re.compile(r"[^\w\n]+")

_TYPED = 1000
"""From how common on a character's reading is kept although it is not in the content: readers type it by mistake."""


def pocket(
    texts: Iterable[str],
    reading: Callable[[str], tuple[str, ...]],
    segmenter: Segmenter,
    tuning: Tuning,
    weights: Weights,
) -> dict[str, Any]:
    """Fold table (written → folded characters, two strings), readings by syllable, words, weights, asks.

    `texts`: folded, as of `preparing.py`; `reading`: the toneless syllables of a character, the common one first.
    `words` holds the dictionary's words among the terms of the texts, by the logarithm of how common they are: with
    those that stand there otherwise, and the logarithm to a half, it weighs 3 KB more and ranks the same. `joined`:
    what the segmenter made of single characters. `asks`: of each text, folded and without punctuation, since nobody
    reads them on a device.
    """
    texts = list(texts)
    whole = "\n".join(texts)
    words, joined = _words([*texts, *tuning.stop_words], segmenter)
    used = {character for text in texts for character in set(text) if character >= "\u3400"}
    folded = [(chr(code), fold(chr(code))) for code in _HAN if fold(chr(code)) != chr(code)]
    kept = [(written, plain) for written, plain in folded if plain in used]
    by_sound: dict[str, str] = {}
    typed = {chr(code) for code in _HAN if segmenter.commonness(chr(code)) >= _TYPED}
    for character in sorted(used | typed):
        if syllables := reading(character):
            by_sound[syllables[0]] = by_sound.get(syllables[0], "") + character
    return {
        "fold": ["".join(one for one, _ in kept), "".join(other for _, other in kept)],
        "readings": by_sound,
        "words": words,
        "joined": " ".join(joined),
        "synonyms": [list(group) for group in tuning.synonyms if any(member in whole for member in group)],
        "lexicon": {
            word: standing for word, means in tuning.lexicon if (standing := [one for one in means if one in whole])
        },
        "stopWords": list(tuning.stop_words),
        "asks": [_PUNCTUATION.sub(" ", text.split(FIELD_BREAK, 1)[0]) for text in texts],
        "weights": {
            "b": weights.b,
            "rarity": weights.rarity,
            "k1": dict(weights.k1),
            "boosts": dict(weights.boosts),
            "kinds": dict(weights.kinds),
            "query": dict(weights.query),
            "sections": dict(weights.sections),
            "answer": dict(weights.answer),
            "coverage": dict(weights.coverage),
        },
    }


def _words(texts: Iterable[str], segmenter: Segmenter) -> tuple[dict[str, str], list[str]]:
    levels: defaultdict[int, list[str]] = defaultdict(list)
    joined = []
    for word in sorted({term for text in texts for term in segmenter.terms(text)}):
        if common := segmenter.commonness(word):
            levels[round(math.log(common))].append(word)
        elif len(word) > 1 and _RUNS.fullmatch(word):
            joined.append(word)
    return {str(level): " ".join(levels[level]) for level in sorted(levels)}, joined
