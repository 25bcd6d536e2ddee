"""Containing: which sections truly hold what was typed, however jieba cuts it.

In: the posting arrays and the folded texts. Out: section numbers. A run of Han characters can only stand where all its
pairs stand, so pairs give candidates; a search through the candidates' text makes it certain. Why not positions in the
postings: they would double the index, and few candidates are left to search (0.3 µs each).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

import numpy as np

from index.arrays import U32, Integers, Mask, Numbers, Scores, Unsigned
from index.search.queries import Choice, Unit
from index.store.blobs import Texts
from index.store.codec import ArrayTerms

Span = tuple[int, int]
"""Where a term's postings begin and end."""

_REACH = 8  # characters for each of the query's, within which all must stand
LOOKED_INTO = 200
"""Sections in which single characters are looked for."""
GUESSED = 200
"""Sections whose text is searched for a guess; beyond, those that hold all its pairs are taken unchecked."""
_VERIFIED = 1500  # sections: at most this many candidates are checked by searching their text


def among(numbers: Integers, ascending: Integers) -> Mask:
    """Return which of `numbers` are in `ascending`; numpy's `isin` takes 100 µs more to choose its method."""
    if not len(ascending):
        return np.zeros(len(numbers), bool)
    at = ascending.searchsorted(numbers)
    at[at == len(ascending)] = 0
    found: Mask = ascending[at] == numbers
    return found


def fitting(numbers: Numbers, allowed: Mask | None) -> Numbers:
    """Return those of `numbers` that a filter allows; `allowed` is None or one boolean a section."""
    return numbers if allowed is None else numbers[allowed[numbers]]


def best(scores: Scores, wanted: int) -> Numbers:
    """Return the numbers of the best `wanted` or more scores above 0, best first; equal ones keep their order."""
    if wanted < 1:
        return np.empty(0, np.int64)
    # Few scores are near the highest: to sort out those takes 15 µs, all that were found 50.
    highest = scores.max(initial=0.0)
    numbers: Numbers
    for share in (0.6, 0.4, 0.25, 0.15, 0.08, 0.0):
        numbers = (scores > share * highest).nonzero()[0]
        if len(numbers) >= wanted:
            break
    if len(numbers) > 2 * wanted:
        numbers = numbers[_highest(scores[numbers], wanted)]
    order: Numbers = (-scores[numbers]).argsort(kind="stable")
    return numbers[order]


def _highest(scores: Scores, wanted: int) -> Mask:
    """Return which are the highest `wanted` of more scores; those that equal the last of them, too."""
    highest: Mask = scores >= np.partition(scores, -wanted)[-wanted]
    return highest


def uncertain(units: Sequence[Unit]) -> list[Unit]:
    """Those of `units` that may not stand where all that they need is held: only the text tells."""
    return [unit for unit in units if unit.quoted or (unit.kind == "han" and len(unit.text) > 2)]


def close_together(folded: Texts, characters: Collection[str], held: Numbers) -> Numbers:
    """Return those of the first few sections of `held` in which all `characters` stand close together.

    Scattered over a long text they say nothing: any text of a few thousand characters has most of them.
    """
    found = re.compile("|".join(map(re.escape, characters)))
    reach, near = _REACH * len(characters), held[:LOOKED_INTO]
    return near[[_close(found, len(characters), reach, folded[number].decode()) for number in near.tolist()]]


def _close(found: re.Pattern[str], count: int, reach: int, text: str) -> bool:
    last: dict[str, int] = {}
    for match in found.finditer(text):
        last[match[0]] = match.start()
        if len(last) == count and match.start() - min(last.values()) <= reach:
            return True
    return False


class Postings:
    """One snapshot's postings and texts."""

    def __init__(self, terms: ArrayTerms, folded: Texts, sections: U32) -> None:
        self.terms = terms
        self.sections = terms.sections
        self.weights = terms.weights
        self.count = int(sections.shape[1])
        self.folded = folded
        self.lengths = sections[2]
        self._visible = memoryview(np.ascontiguousarray(sections[1]).data)

    def spans(self, keys: Sequence[int]) -> dict[int, Span]:
        """Return where the postings of each known key lie; unknown keys are left out."""
        found, begin, end = self.terms.find(np.array(keys, np.uint64))
        places = zip(keys, found.tolist(), begin.tolist(), end.tolist(), strict=True)
        return {key: (b, e) for key, known, b, e in places if known}

    def holding(self, choices: Iterable[Choice], spans: dict[int, Span], within: Numbers | None = None) -> Numbers:
        """Return the sections, `within` some or of all, that have one key of every choice, ascending."""
        # `within` takes the type of the lists, or numpy would convert those
        lists = [] if within is None else [within.astype(self.sections.dtype)]
        for choice in dict.fromkeys(choices):
            live = [self.sections[b:e] for b, e in (spans[key] for key in choice if key in spans)]
            if not live:
                return np.empty(0, np.int64)
            lists.append(live[0] if len(live) == 1 else self._union(live))
        return self._in_all(lists)

    def _in_all(self, lists: list[Unsigned]) -> Numbers:
        """Sections in each of the lists, all ascending."""
        if not lists:
            return np.empty(0, np.int64)
        lists.sort(key=len)
        held = lists[0]
        if len(lists) > 1 and len(held) * 8 > self.count:
            return np.flatnonzero(np.bincount(np.concatenate(lists), minlength=self.count) == len(lists))
        for other in lists[1:]:  # from the rarest on, each list leaves fewer to look for
            if not len(held):
                break
            held = held[among(held, other)]
        return held.astype(np.int64)

    def _union(self, lists: Sequence[Unsigned]) -> Unsigned:
        """Sections in any of the lists, ascending: 1 ms for 100,000, of which numpy's `unique` makes 13."""
        held = np.zeros(self.count, bool)
        for some in lists:
            held[some] = True
        return held.nonzero()[0].astype(self.sections.dtype)

    def containing(
        self, units: Sequence[Unit], held: Numbers | None = None, scores: Scores | None = None, enough: int = 0
    ) -> Numbers:
        """Return the sections in which each unit stands as typed, ascending.

        `held`: the sections that hold what the units need, where the caller knows them. Of very common text, the best
        by `scores`: all of the best `enough`, or of the best `_VERIFIED` that may contain it.
        """
        if held is None:
            choices = [choice for unit in units for choice in unit.needed]
            held = self.holding(choices, self.spans([key for choice in choices for key in choice]))
        doubtful = uncertain(units)
        if not doubtful:
            return held
        if scores is None:
            return self._verified(doubtful, held[:_VERIFIED])
        # Most candidates do contain it, so enough of them are soon found among the best.
        found: list[Numbers] = []
        looked_at, step = 0, 2 * enough or _VERIFIED
        while len(held) and looked_at < _VERIFIED and (not found or sum(map(len, found)) < enough):
            near = _highest(scores[held], step) if len(held) > step else np.ones(len(held), bool)
            found.append(self._verified(doubtful, held[near]))
            held = held[~near]
            looked_at, step = looked_at + step, min(4 * step, _VERIFIED - looked_at - step)
        return np.sort(np.concatenate(found)) if found else held

    def _verified(self, units: Sequence[Unit], held: Numbers) -> Numbers:
        for unit in units:
            held = self._verify(unit, held) if len(held) else held
        return held

    def _verify(self, unit: Unit, held: Numbers) -> Numbers:
        certain = np.zeros(len(held), bool)
        span = self.spans([unit.word]).get(unit.word) if unit.word else None
        if span:  # where jieba found it as one word it stands
            words = self.sections[span[0] : span[1]]
            certain = among(held.astype(words.dtype), words)
            if certain.all():
                return held
        data, starts, visible = self.folded.data, self.folded.starts, self._visible
        wanted = unit.text.encode()
        # Searched in a copy, 0.2 µs a section: `find` on the map itself compares at every byte and takes 1 µs.
        stands = (
            sure or wanted in data[starts[number] + visible[number] : starts[number + 1]]
            for number, sure in zip(held.tolist(), certain.tolist(), strict=True)
        )
        return held[np.fromiter(stands, np.bool_, len(held))]
