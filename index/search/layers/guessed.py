"""Guessed queries, looked up: what the layers of pinyin and of similar writing share.

In: rewritten queries (`guessing.py`). Out: what holds them, with scores. A whole match of a guess goes before sections
that share only a part of what was typed. Of a sentence with one word put right, the rest was right anyway, so it
competes with what shares that; so does a word put right beside others, where nothing holds them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from index.search.guessing import Guess
from index.search.layers.contract import Asked, Finding

_LISTED = 200  # sections of a guess that is all we have, from an engine that does not list all
_STEP = 10.0
"""By how many points a certain guess stands above all that shares only a part of the query."""


def look_up(guesses: Sequence[Guess], asked: Asked) -> Iterator[Finding]:
    """Return what each guess finds."""
    ranking, top = asked.ranking, asked.ranking.top()
    queries = [asked.parse(guess.text) for guess in guesses]
    everything = asked.index.holders(queries, asked.allowed)
    beside = False
    for guess, query, (sections, scores) in zip(guesses, queries, everything, strict=True):
        if len(sections) and not guess.sentence:
            share = scores / (float(np.max(scores)) or 1.0)
            scores = top + guess.certainty * (_STEP + _STEP / 2 * share)
        elif len(sections):
            scores = (ranking.scores_of(sections) + scores) / 2
        elif guess.piece and ranking.total and not beside:
            ((sections, _),) = asked.index.holders([asked.parse(guess.piece)], asked.allowed)
            own = ranking.scores_of(sections)
            scores = own + guess.certainty * (asked.index.rank(query, asked.allowed, 0).scores_of(sections) - own)
            beside = bool(len(sections))
        if guess.read:
            partial = asked.index.rank(query, asked.allowed, 0)
            sections = partial.sections()
            share = partial.scores_of(sections) / (partial.top() or 1.0)
            scores = top + guess.certainty * _STEP * share
        if len(sections):
            yield Finding(sections, scores, query, certainty=guess.certainty, offered=guess.offered)
    if queries and not ranking.total:  # a guess that is all we have is searched in full
        partial = asked.index.rank(queries[0], asked.allowed, _LISTED)
        sections = partial.sections()
        scores = _STEP / 2 * guesses[0].certainty * partial.scores_of(sections) / (partial.top() or 1.0)
        yield Finding(sections, scores, queries[0], certainty=0.0, offered=guesses[0].offered)
