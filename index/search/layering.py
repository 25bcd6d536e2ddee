"""Layering: one ranked answer out of what truly matches and what is guessed.

In: a parsed query and which sections a filter allows. Out: sections in order, each with the layer that found it.
Why guesses join here and nowhere else: the rule that a guess never pushes down a true match is then one comparison.
Where some section contains the query, nothing is guessed at all; where none does, a whole same-sound match goes before
sections that share only a part of what was typed, and says that it is a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from index.search.containing import best, fitting
from index.search.guessing import Guess, Guesser
from index.search.queries import Query
from index.search.searching import Ranking, Scorer

_STEP = 10.0  # points between a guess and what shares a part; the likelier guess stands higher


@dataclass(slots=True)
class Found:
    """A ranking whose every section knows why it is there."""

    query: Query
    ranking: Ranking
    suggestion: str | None = None
    _guesses: list[tuple[Guess, Query]] = field(default_factory=list)
    _guess_of: Any = None

    def reason(self, number: int) -> tuple[str, Sequence[str]]:
        """Why a section is there, one of model.LAYERS, and what its snippet marks: the guess, where it is one."""
        which = 0 if self._guess_of is None else int(self._guess_of[number])
        if which:
            guess, query = self._guesses[which - 1]
            return guess.layer, query.marks
        if self.ranking.alone:
            return "substring", [term.text for term in self.query.terms if term.kind == "characters"]
        return "words" if self.ranking.worded[number] else "substring", self.query.marks


class Layers:
    """The layers over one snapshot."""

    def __init__(self, scorer: Scorer, guesser: Guesser, parse: Callable[[str], Query]) -> None:
        self._scorer = scorer
        self._parse = parse

        @lru_cache(maxsize=1024)
        def guesses(text: str) -> list[Guess]:
            return guesser.guesses(parse(text))

        self._guesses = guesses  # remembered: the counts of five filters ask for the same ones again

    def find(self, query: Query, allowed: Any, wanted: int) -> Found:
        """Rank the sections that fit; see Scorer.rank for the arguments."""
        ranking = self._scorer.rank(query, allowed, wanted)
        found = Found(query, ranking)
        if not len(ranking.contained):
            self._guess(found, allowed, wanted)
        return found

    def _guess(self, found: Found, allowed: Any, wanted: int) -> None:
        ranking = found.ranking
        top = float(ranking.scores.max(initial=0.0))
        guess_of = np.zeros(self._scorer.count, np.int16)
        for guess in self._guesses(found.query.text):
            other = self._parse(guess.text)
            spans = self._scorer.spans(other)
            fresh = self._scorer.holders(other, spans, allowed)
            if guess.word and not len(fresh):
                fresh = fitting(self._scorer.postings.find(guess.word), allowed)
            if not len(fresh) and not ranking.total:  # a part of a guess, a synonym of it, is better than nothing
                fresh = np.flatnonzero(self._scorer.rank(other, allowed, 0).found)
            fresh = fresh[guess_of[fresh] == 0]
            if not len(fresh):
                continue
            found.suggestion = found.suggestion or other.folded
            found._guesses.append((guess, other))
            guess_of[fresh] = len(found._guesses)
            scores = self._scorer.scores_of(other, spans, fresh)
            if guess.word:  # the rest of the sentence was right: let the mended one compete, half believed
                ranking.scores[fresh] = (ranking.scores[fresh] + scores) / 2
            else:
                share = scores / (scores.max(initial=0.0) or 1.0)
                ranking.scores[fresh] = top + guess.weight * (_STEP + _STEP / 2 * share)
        if found._guesses:
            found._guess_of = guess_of
            ranking.found |= guess_of > 0
            ranking.total = int(np.count_nonzero(ranking.found))
            ranking.order = best(ranking.scores, wanted)
