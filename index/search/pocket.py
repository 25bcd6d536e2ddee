"""Pocket: what a device needs to search the saved help center by itself, in the manner of the server.

In: a snapshot's folded texts, sounds, tuning and weights. Out: one plain dictionary. Why tables of this content alone:
folding and reading of the 2,000 characters that stand in it take 7 KB, of all characters a megabyte. Of the dictionary
only what is cut out of this content, and of jieba's hidden Markov model its characters: .90 of the words of the set a
are then cut as the server cuts them, of the content .99 (the 4,000 commonest words beside: .01 for 11 KB).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby, pairwise
from typing import Any

from index.store.keys import FIELD_BREAK
from index.text.folding import fold
from index.text.segmenting import Segmenter, runs
from index.text.tuning import Tuning
from index.weights import Weights

_HAN = [*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000)]
_TYPED = 3000
"""From how common on a character's reading is kept although it is not in the content: readers type it by mistake. From
1,000 on finds no more, and weighs 1.6 KB more."""
_STEPS, _HIDDEN_STEPS = 32, 8
"""Steps of a logarithm to the base e: of how common a word is, and of what the model says. 4 and 4 cut .964 of the
content's words as jieba does, 32 and 8 .987, for 2 KB."""
_TOGETHER = 3
"""From how many times on two words side by side in asks are one piece. Without pieces .02 to .04 fewer of the server's
ten best are shared; from 4 times on .001 to .006 fewer, for 2.5 KB; from 2 on .001 to .009 more, for 6 KB."""
_FIRST = ord("#")
"""The character that stands for 0 where numbers are written as characters."""


def pocket(
    texts: Iterable[str],
    reading: Callable[[str], tuple[str, ...]],
    segmenter: Segmenter,
    tuning: Tuning,
    weights: Weights,
) -> dict[str, Any]:
    """Fold table (written → folded characters, two strings), readings by syllable, words, weights, asks.

    `texts`: folded, as of `preparing.py`; `reading`: the toneless syllables of a character, the common one first.
    `words`: the dictionary's words among the terms of the texts, and the pieces of the asks, sorted, those of one first
    character in a line: the character, then the rest of each. `common`: of each in that order a character, `#` for
    what the dictionary lacks, else as many steps after `$` as the logarithm of its frequency has. `hidden`: the model
    by which jieba joins single characters: `start` and `trans`, and in `emit` for each of B, M, E, S a character for
    each one that stands in `words`, in the order in which they first do. `asks`: of each text, how often each piece
    (its number in `words`) stands in its asks: nobody reads them on a device, so no sentences.
    """
    texts = list(texts)
    whole = "\n".join(texts)
    asked = _pieces([text.split(FIELD_BREAK, 1)[0] for text in texts], segmenter)
    known = {term for text in [*texts, *tuning.stop_words] for term in segmenter.terms(text) if segmenter.knows(term)}
    words = sorted(known.union(*asked))
    number = {word: at for at, word in enumerate(words)}
    used = {character for text in texts for character in set(text) if character >= "\u3400"}
    folded = [(chr(code), fold(chr(code))) for code in _HAN if fold(chr(code)) != chr(code)]
    kept = sorted((plain, written) for written, plain in folded if plain in used)  # .9 KB less than by `written`
    by_sound: dict[str, str] = {}
    typed = {chr(code) for code in _HAN if segmenter.commonness(chr(code)) >= _TYPED}
    for character in sorted(used | typed):
        for syllable in reading(character):
            by_sound[syllable] = by_sound.get(syllable, "") + character
    return {
        "fold": ["".join(written for _, written in kept), "".join(plain for plain, _ in kept)],
        "readings": by_sound,
        "words": "\n".join(
            first + " ".join(word[1:] for word in some) for first, some in groupby(words, lambda one: one[0])
        ),
        "common": "".join(map(_step, map(segmenter.commonness, words))),
        "hidden": _hidden("".join(dict.fromkeys("".join(words)))),
        "synonyms": [list(group) for group in tuning.synonyms if any(member in whole for member in group)],
        "lexicon": {
            word: standing for word, means in tuning.lexicon if (standing := [one for one in means if one in whole])
        },
        "stopWords": list(tuning.stop_words),
        "asks": [{number[word]: times for word, times in some.items()} for some in asked],
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


def _pieces(asks: Iterable[str], segmenter: Segmenter) -> list[Counter[str]]:
    """Of each text of asks, how often each piece stands in it: its words, joined where they often stand together.

    Pairs of neighbours are joined, the commonest of a run first, until none is as common as `_TOGETHER` (byte-pair
    encoding with words for bytes, a round at a time).
    """
    found = [[segmenter.cut(run.text) if run.kind == "han" else [run.text] for run in runs(text)] for text in asks]
    while True:
        times = Counter(pair for text in found for words in text for pair in pairwise(words))
        common = {pair: count for pair, count in times.items() if count >= _TOGETHER}
        if not common:
            return [Counter(word for words in text for word in words) for text in found]
        found = [[_joined(words, common) for words in text] for text in found]


def _joined(words: list[str], common: Mapping[tuple[str, str], int]) -> list[str]:
    """`words` with each pair of `common` as one, the commonest first."""
    while pairs := [(common[pair], -at) for at, pair in enumerate(pairwise(words)) if pair in common]:
        at = -max(pairs)[1]
        words = [*words[:at], words[at] + words[at + 1], *words[at + 2 :]]
    return words


def _step(times: int) -> str:
    return chr(_FIRST + (1 + round(_STEPS * math.log(times)) if times else 0))


def _hidden(characters: str) -> dict[str, Any]:
    from jieba import finalseg

    least = math.log(1e-9)  # of a character that the model has never seen there
    emit = {
        state: "".join(
            chr(_FIRST - round(_HIDDEN_STEPS * max(least, of.get(one, least))))
            for one in characters
            if "\u4e00" <= one <= "\u9fd5"
        )
        for state, of in finalseg.emit_P.items()
    }
    return {"start": finalseg.start_P, "trans": finalseg.trans_P, "emit": emit}
