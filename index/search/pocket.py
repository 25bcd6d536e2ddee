"""Pocket: what a device needs to search the saved help center by itself, in the manner of the server.

In: a snapshot's folded texts, sounds, tuning and weights. Out: one plain dictionary. Why tables of this content alone:
folding and reading of the 2,000 characters that stand in it take 12 KB, of all characters a megabyte.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from index.text.folding import fold
from index.text.tuning import Tuning
from index.weights import Weights

_HAN = [*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000)]


def pocket(
    texts: Iterable[str], reading: Callable[[str], tuple[str, ...]], tuning: Tuning, weights: Weights
) -> dict[str, Any]:
    """Fold table (written → folded characters, two strings), readings by syllable, words, weights.

    `texts`: folded; `reading`: the toneless syllables of a character, the common one first.
    """
    used = {character for text in texts for character in set(text) if character >= "\u3400"}
    folded = [(chr(code), fold(chr(code))) for code in _HAN if fold(chr(code)) != chr(code)]
    kept = [(written, plain) for written, plain in folded if plain in used]
    by_sound: dict[str, str] = {}
    for character in sorted(used):
        if syllables := reading(character):
            by_sound[syllables[0]] = by_sound.get(syllables[0], "") + character
    return {
        "fold": ["".join(one for one, _ in kept), "".join(other for _, other in kept)],
        "readings": by_sound,
        "synonyms": [list(group) for group in tuning.synonyms],
        "stopWords": list(tuning.stop_words),
        "weights": {"b": weights.b, "rarity": weights.rarity, "k1": dict(weights.k1), "boosts": dict(weights.boosts)},
    }
