"""Guessed queries, looked up: what the layers of pinyin and of similar writing share.

In: rewritten queries (`guessing.py`). Out: what holds them, with scores. A whole match of a guess goes before sections
that share only a part of what was typed; of a sentence with one word put right, the rest was right anyway, so it
competes with what it shares.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from index.search.containing import fitting
from index.search.guessing import Guess
from index.search.layers.contract import Asked, Finding

_STEP = 10.0
"""By how many points a certain guess stands above all that shares only a part of the query."""


def look_up(guesses: Iterable[Guess], asked: Asked) -> Iterator[Finding]:
    """Return what each guess finds."""
    scorer, ranking = asked.scorer, asked.ranking
    top = float(ranking.scores.max(initial=0.0))
    for guess in guesses:
        other = asked.parse(guess.text)
        spans = scorer.spans(other)
        sections = scorer.holders(other, spans, asked.allowed)
        if guess.word and not len(sections):
            sections = fitting(scorer.postings.find(guess.word), asked.allowed)
        if not len(sections) and not ranking.total:  # a part of a guess, a synonym of it, is better than nothing
            sections = np.flatnonzero(scorer.rank(other, asked.allowed, 0).found)
        if not len(sections):
            continue
        scores = scorer.scores_of(other, spans, sections)
        if guess.word:
            scores = (ranking.scores[sections] + scores) / 2
        else:
            share = scores / (scores.max(initial=0.0) or 1.0)
            scores = top + guess.certainty * (_STEP + _STEP / 2 * share)
        yield Finding(sections, scores, other, certainty=guess.certainty)
