"""Layering: one ranked answer out of what the layers found.

In: a parsed query and which sections a filter allows. Out: sections in order, each with the layer that found it.
Why what is found is joined here and nowhere else: the rule that a guess never pushes down a true match is then one
comparison. Where some section contains the query, nothing is guessed at all; where none does, a whole same-sound match
goes before sections that share only a part of what was typed, and says that it is a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from index.search.containing import best
from index.search.guessing import Guesser, Guesses
from index.search.layers import LAYERS, Asked, Finding, Layer
from index.search.queries import Query
from index.search.searching import Ranking, Scorer


@dataclass(slots=True)
class Found:
    """A ranking whose every section knows why it is there."""

    query: Query
    ranking: Ranking
    suggestion: str | None
    claims: Sequence[tuple[Layer, Finding, Any]]
    """Who labels which sections: of those (ascending) that hold a section, the first does."""

    def reason(self, number: int) -> tuple[str, Sequence[str]]:
        """Why a section is there, the name of one of LAYERS, and what its snippet marks: the guess, where it is one."""
        for layer, finding, sections in self.claims:
            at = int(sections.searchsorted(number))
            if at < len(sections) and sections[at] == number:
                return layer.name, (finding.query or self.query).marks if finding.marks is None else finding.marks
        raise KeyError(number)


class Layers:
    """The layers over one snapshot."""

    def __init__(self, scorer: Scorer, guesser: Guesser, parse: Callable[[str], Query], place: Path) -> None:
        self._scorer = scorer
        self._guesses = Guesses(guesser, parse)
        self._parse = parse
        self._place = place

    def find(self, query: Query, allowed: Any, wanted: int, layers: Sequence[Layer] = LAYERS) -> Found:
        """Rank the sections that fit; see Scorer.rank for the arguments."""
        ranking = self._scorer.rank(query, allowed, wanted)
        asked = Asked(query, ranking, allowed, self._scorer, self._guesses, self._parse, self._place)
        found = [(layer, finding) for layer in layers for finding in layer.find(asked) if len(finding.sections)]
        guesses = sorted((one for one in found if one[1].query), key=lambda one: -one[1].certainty)
        plain = [one for one in found if not one[1].query]
        claims: list[tuple[Layer, Finding, Any]] = []
        scores = ranking.scores
        if layers is not LAYERS:  # only what some layer found stays
            scores = np.zeros_like(ranking.scores)
            for _, finding in plain:
                scores[finding.sections] = ranking.scores[finding.sections]
        elif guesses or any(finding.scores is not None for _, finding in plain):
            scores = ranking.scores.copy()
        taken = np.zeros(self._scorer.count if guesses else 0, bool)
        suggestion = None
        for layer, finding in guesses:
            fresh = ~taken[finding.sections]
            if fresh.any():
                sections = finding.sections[fresh]
                taken[sections] = True
                claims.append((layer, finding, sections))
                suggestion = suggestion or (finding.query.folded if finding.query else None)
                if finding.scores is not None:
                    scores[sections] = finding.scores[fresh]
        for layer, finding in plain:
            claims.append((layer, finding, finding.sections))
            if finding.scores is not None:
                own = finding.sections[~taken[finding.sections]] if guesses else finding.sections
                scores[own] = finding.scores[~taken[finding.sections]] if guesses else finding.scores
        if scores is not ranking.scores:
            ranking = _ranked_anew(ranking, scores, claims, wanted)
        return Found(query, ranking, suggestion, claims)


def _ranked_anew(ranking: Ranking, scores: Any, claims: Sequence[tuple[Layer, Finding, Any]], wanted: int) -> Ranking:
    found = np.zeros(len(scores), bool)
    for _, _, sections in claims:
        found[sections] = True
    total = int(np.count_nonzero(found))
    complete, verbatim = (numbers[found[numbers]] for numbers in (ranking.complete, ranking.verbatim))
    order = best(scores, wanted)
    return replace(ranking, scores=scores, order=order, total=total, complete=complete, verbatim=verbatim, found=found)
