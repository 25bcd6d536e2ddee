"""Pocket: what a device needs to search the saved help center by itself, in the manner of the server.

In: a snapshot's folded texts, sounds, tuning and weights. Out: one plain dictionary. Why tables of this content alone:
folding and reading of the 2,000 characters that stand in it take 12 KB, of all characters a megabyte; and of the
dictionary only what can be cut out of it, with frequencies to half a power of e.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from index.text.folding import HAN, fold
from index.text.segmenting import Segmenter
from index.text.tuning import Tuning
from index.weights import Weights

_HAN = [*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000)]


_RUNS = re.compile(f"[{HAN}]+")
_LONGEST = 8
"""Characters of a word; the dictionary's longer ones are sayings and names."""

_TYPED = 1000
"""From how common on a character's reading is kept although it is not in the content: readers type it by mistake."""


def pocket(
    texts: Iterable[str],
    reading: Callable[[str], tuple[str, ...]],
    segmenter: Segmenter,
    tuning: Tuning,
    weights: Weights,
) -> dict[str, Any]:
    """Fold table (written → folded characters, two strings), readings by syllable, words, weights.

    `texts`: folded; `reading`: the toneless syllables of a character, the common one first. `words` holds those of the
    dictionary that stand in the texts, by twice the logarithm of how common they are; `joined` what the segmenter made
    of single characters.
    """
    texts = list(texts)
    words, joined = _words(texts, segmenter)
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
        "joined": joined,
        "synonyms": [list(group) for group in tuning.synonyms],
        "stopWords": list(tuning.stop_words),
        "weights": {
            "b": weights.b,
            "rarity": weights.rarity,
            "k1": dict(weights.k1),
            "boosts": dict(weights.boosts),
            "kinds": dict(weights.kinds),
            "query": dict(weights.query),
        },
    }


def _words(texts: Iterable[str], segmenter: Segmenter) -> tuple[dict[str, str], list[str]]:
    runs = {run for text in texts for run in _RUNS.findall(text)}
    pieces = {run[i : i + n] for run in runs for n in range(1, _LONGEST + 1) for i in range(len(run) - n + 1)}
    levels: defaultdict[int, list[str]] = defaultdict(list)
    for piece in sorted(pieces):
        if common := segmenter.commonness(piece):
            levels[round(2 * math.log(common))].append(piece)
    cut = {word for run in runs for word in segmenter.cut(run) if len(word) > 1}
    return (
        {str(level): " ".join(levels[level]) for level in sorted(levels)},
        sorted(word for word in cut if not segmenter.commonness(word)),
    )
