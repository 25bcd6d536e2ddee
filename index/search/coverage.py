"""Coverage: whether what was found answers the query, or only shares a word with it.

In: a query, the ranking, the texts of the best sections, without their asks. Out: a number. Four signs are added up,
each weighed by a logistic regression over 500 questions that no article answers and 1,382 that one does, of set d and
two others:

1. What share of the query's rarity one of the best sections holds. Words and single characters both: a symptom told
   without its name shares few words with its answer, but more characters than chance brings along. In the text alone
   and not in how readers ask for it: twenty asks of a section hold the characters of almost any question between them.
2. The best score, as a multiple of that rarity: a score alone has no scale of its own, it grows with the query.
3. How much of it are words that the dictionary has and no section: they name what was asked about (驾照, 路由器), while
   what the dictionary lacks may be a name or a slip.
4. Where a model read the query, the highest cosine. Those of the tables tell nothing: .74 to .82 for both kinds.

Below `[coverage] least` in weights.toml the page says first that no article answers.
"""

from __future__ import annotations

import math
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

    def sure(self, found: Found[R]) -> float:
        """How sure it is that some section answers what was asked for; no article answers below `[coverage] least`."""
        ranking = found.ranking
        if not ranking.total or ranking.complete_total or len(ranking.verbatim):
            return math.inf if ranking.total else -math.inf
        best, limits = int(ranking.order[0]), self._limits
        query = found.asked_for(best)
        frequencies = self._lexicon.frequencies([term.key for term in query.terms])
        texts = (
            self._folded.beginning(number, READ).partition(_BREAK)[2].decode(errors="ignore")  # behind its asks
            for number in ranking.order[:LOOKED_AT].tolist()
        )

        def rarity(term: Term) -> float:  # characters count alike, whatever they weigh when sections are ranked
            weight = 1.0 if term.kind == "characters" else term.weight
            return weight * self._idf(frequencies.get(term.key, 0))

        held, whole = coverage(query, texts, rarity)
        sure = held + limits["score"] * float(ranking.scores_of(ranking.order[:1])[0]) / max(whole, 1.0)
        sure -= limits["foreign"] * foreign(query, frequencies, self._commonness)
        # What is near and shares nothing is no answer yet.
        near = found.near() if found.reason(best)[0] != "meaning" else None
        if near and near.by_model:
            sure += limits["meaning"] * (near.highest - limits["near"])
        return sure


def coverage(query: Query, texts: Iterable[str], rarity: Callable[[Term], float]) -> tuple[float, float]:
    """Return how much of `query` the best of `texts` (folded) holds, 0 to 1, and how rare all of it is.

    `rarity`: what a term counts. Words the index lacks count as the rarest, synonyms by their own, smaller weight.
    Words are one third of it, single characters two.
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
    return best, sum(total for _, total, _ in parts)


def foreign(query: Query, frequencies: Mapping[int, int], commonness: Callable[[str], int]) -> float:
    """Return how much of `query`'s words, by their length, no section has though the dictionary does, 0 to 1."""
    words = [term for term in query.terms if term.kind == "words" and term.content and term.origin == "query"]
    strange = [term.text for term in words if len(term.text) > 1 and not frequencies.get(term.key)]
    return sum(len(word) for word in strange if commonness(word)) / (sum(len(term.text) for term in words) or 1)
