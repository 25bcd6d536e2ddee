"""Guessed queries, looked up: what the layers of pinyin and of similar writing share.

In: rewritten queries (`guessing.py`). Out: what holds them, with scores. A whole match of a guess goes before sections
that share only a part of what was typed; of a sentence with one word put right, the rest was right anyway, so it
competes with what it shares.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from index.search.guessing import Guess
from index.search.layers.contract import Asked, Finding

_STEP = 10.0
"""By how many points a certain guess stands above all that shares only a part of the query."""


def look_up(guesses: Sequence[Guess], asked: Asked) -> Iterator[Finding]:
    """Return what each guess finds."""
    ranking, top = asked.ranking, asked.ranking.top()
    queries = [asked.parse(guess.text) for guess in guesses]
    for guess, query, (sections, scores) in zip(
        guesses, queries, asked.index.holders(queries, asked.allowed), strict=True
    ):
        if guess.word and not len(sections):
            ((sections, scores),) = asked.index.holders([asked.parse(guess.word)], asked.allowed)
        if not len(sections) and not ranking.total:  # a part of a guess, a synonym of it, is better than nothing
            partial = asked.index.rank(query, asked.allowed, 0)
            sections = partial.sections()
            scores = partial.scores_of(sections)
        if not len(sections):
            continue
        if guess.word:
            scores = (ranking.scores_of(sections) + scores) / 2
        else:
            share = scores / (scores.max(initial=0.0) or 1.0)
            scores = top + guess.certainty * (_STEP + _STEP / 2 * share)
        yield Finding(sections, scores, query, certainty=guess.certainty)
