"""Coverage: whether what was found answers the query, or only shares a word with it.

In: a query, the texts of the best sections, without their asks. Out: the largest share of the query's rarity that one
of them holds, and how much of the query the content knows nothing of. Why rarity and not scores: a score has no scale
of its own, it grows with the query. Why words and single characters both: a symptom told without its name shares few
words with its answer, but more characters than chance brings along. Why the text alone and not how readers ask for it:
twenty asks of a section hold the characters of almost any question between them. Why words that the dictionary has and
no section: they name what was asked about (驾照, 路由器), while what the dictionary lacks may be a name or a slip.
Below `[coverage] least` in weights.toml the page says first that no article answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from index.search.contracts import Lexicon, R
from index.search.queries import Query, Term
from index.store.blobs import Texts
from index.store.keys import FIELD_BREAK

if TYPE_CHECKING:
    from index.search.layering import Found

LOOKED_AT = 10
"""Of the best sections; the one that answers is hardly ever farther down."""
READ = 3000
"""Bytes of a section's text that are looked into."""

_BREAK = FIELD_BREAK.encode()


class Coverage:
    """The measure over one snapshot. `folded`: all that is searched of each section; `idf`: how rare a frequency is;
    `commonness`: how often a word stands in the dictionary's corpus."""

    def __init__(
        self,
        limits: Mapping[str, float],
        lexicon: Lexicon,
        folded: Texts,
        idf: Callable[[int], float],
        commonness: Callable[[str], int],
    ) -> None:
        self._limits = limits
        self._lexicon = lexicon
        self._folded = folded
        self._idf = idf
        self._commonness = commonness

    def answered(self, found: Found[R]) -> bool:
        """Whether some section holds enough of what was asked for."""
        ranking = found.ranking
        if not ranking.total or ranking.complete_total or len(ranking.verbatim):
            return bool(ranking.total)
        query = found.asked_for(int(ranking.order[0]))
        frequencies = self._lexicon.frequencies([term.key for term in query.terms])
        texts = (
            self._folded.beginning(number, READ).partition(_BREAK)[2].decode(errors="ignore")  # behind its asks
            for number in ranking.order[:LOOKED_AT].tolist()
        )

        def rarity(term: Term) -> float:  # characters count alike, whatever they weigh when sections are ranked
            weight = 1.0 if term.kind == "characters" else term.weight
            return weight * self._idf(frequencies.get(term.key, 0))

        limits = self._limits
        held = coverage(query, texts, rarity)
        held -= limits["foreign"] * foreign(query, frequencies, self._commonness)
        near = None
        if found.reason(int(ranking.order[0]))[0] != "meaning":  # what is near and shares nothing is no answer yet
            near = found.near() if abs(held - limits["least"]) < limits["meaning"] * (1 - limits["near"]) else None
        if near and near.by_model:
            held += limits["meaning"] * (near.highest - limits["near"])
        return held >= limits["least"]


def coverage(query: Query, texts: Iterable[str], rarity: Callable[[Term], float]) -> float:
    """Return how much of `query` the best of `texts` (folded) holds, 0 to 1. `rarity`: what a term counts.

    Words the index lacks count as the rarest, synonyms by their own, smaller weight. Words are one third of it, single
    characters two.
    """
    kinds = [
        ([(term.text, rarity(term)) for term in query.terms if term.kind == "words" and term.content], 1),
        ([(term.text, rarity(term)) for term in query.terms if term.kind == "characters"], 2),
    ]
    typed = {term.text for term in query.terms if term.origin == "query"}
    parts = [
        (weighed, total, share)
        for weighed, share in kinds
        if (total := sum(weight for word, weight in weighed if word in typed))
    ]
    whole = sum(share for _, _, share in parts) or 1
    best = 0.0
    for text in texts:
        held = [
            share * min(1.0, sum(weight for word, weight in weighed if word in text) / total)
            for weighed, total, share in parts
        ]
        best = max(best, sum(held) / whole)
    return best


def foreign(query: Query, frequencies: Mapping[int, int], commonness: Callable[[str], int]) -> float:
    """Return how much of `query`'s words, by their length, no section has though the dictionary does, 0 to 1."""
    words = [term for term in query.terms if term.kind == "words" and term.content and term.origin == "query"]
    strange = [term.text for term in words if len(term.text) > 1 and not frequencies.get(term.key)]
    return sum(len(word) for word in strange if commonness(word)) / (sum(len(term.text) for term in words) or 1)
