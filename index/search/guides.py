"""Finding guides: whether a query names one, so that it stands before all results.

In: the guides of a snapshot, a query. Out: the guides named, best first. Why no part of the ranking: a guide has a
handful of names (title, aliases) and no text, so it either is what was asked for or is not; half a match would push a
good answer down. A name matches where the query has all its words, or where it has all words of the query and those
make up most of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from functools import cached_property

from index.model import Guide
from index.text.folding import clean, fold
from index.text.segmenting import Segmenter

MOST_CHARACTERS = 60
"""Nobody names a guide in more; longer queries are descriptions."""
SHARE = 0.6
"""Of a name's characters, what a query inside it must have."""
SHOWN = 2
_EMPTY = frozenset("怎么 怎么办 如何 怎样 什么 办 吗 呢 啊 请问 我 我的 了 的 一直 向导 流程 步骤".split())
"""Words that do not tell guides apart. Words that most guides have in their names do not either; a name that holds
nothing else is never found by words."""


class GuideFinder:
    """Cuts the names at the first query, when the dictionary is there anyway."""

    def __init__(self, guides: Sequence[Guide], segmenter: Segmenter, stop_words: Collection[str]) -> None:
        self._guides = guides
        self._segmenter = segmenter
        self._stop_words = _EMPTY | set(stop_words)

    def find(self, query: str) -> tuple[Guide, ...]:
        """At most SHOWN guides."""
        text = fold(clean(query)).strip()
        if not self._guides or not 1 < len(text) <= MOST_CHARACTERS:
            return ()
        asked, text = self._words(text) - self._empty, "".join(text.split())
        scored = [(self._score(asked, text, names), number) for number, names in enumerate(self._names)]
        best = sorted((-score, number) for score, number in scored if score > 0)
        return tuple(self._guides[number] for _, number in best[:SHOWN])

    @cached_property
    def _cut(self) -> list[list[tuple[str, frozenset[str]]]]:
        return [
            [("".join(name.split()), self._words(name)) for name in map(fold, (guide.title, *guide.aliases))]
            for guide in self._guides
        ]

    @cached_property
    def _empty(self) -> frozenset[str]:
        guides = Counter(word for names in self._cut for word in frozenset().union(*(words for _, words in names)))
        most = max(1, len(self._guides) / 2)
        return self._stop_words | {word for word, count in guides.items() if count > most}

    @cached_property
    def _names(self) -> list[list[tuple[str, frozenset[str]]]]:
        return [[(name, words - self._empty) for name, words in names] for names in self._cut]

    def _words(self, folded: str) -> frozenset[str]:
        return frozenset(self._segmenter.terms(folded))

    @staticmethod
    def _score(asked: frozenset[str], text: str, names: list[tuple[str, frozenset[str]]]) -> float:
        """How much of the query the best name accounts for: 1 for the name itself; 0 for no match."""
        best = 0.0
        for name, words in names:
            if name == text:
                return 1.0
            if words and words <= asked:
                best = max(best, _size(words) / _size(asked))
            elif asked and asked <= words and _size(asked) >= SHARE * _size(words):
                best = max(best, _size(asked) / _size(words))
        return best


def _size(words: frozenset[str]) -> int:
    return sum(map(len, words))
