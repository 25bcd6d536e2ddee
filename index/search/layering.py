"""Layering: one ranked answer out of what the layers found.

In: a parsed query and which sections a filter allows. Out: sections in order, each with the layer that found it.
Why what is found is joined here and nowhere else: the rule that a guess never pushes down a true match is then one
comparison. Where some section contains the query, nothing is guessed at all; where none does, a whole same-sound match
goes before sections that share only a part of what was typed, and says that it is a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Generic

import numpy as np

from index.arrays import Numbers, Scores
from index.meaning.vectors import Meanings, Near
from index.search.containing import among
from index.search.contracts import Lexicon, R, Sections
from index.search.guessing import Guesses
from index.search.layers import LAYERS, Asked, Finding, Layer
from index.search.layers.meaning import meant
from index.search.queries import Query
from index.weights import Weights

_REMEMBERED = 32  # texts whose cosines are remembered, 50 kB each at 12,700 sections


@dataclass(slots=True)
class Found(Generic[R]):
    """A ranking whose every section knows why it is there."""

    query: Query
    ranking: R
    plain: R
    """The ranking before the sections of an article exchanged their scores."""
    suggestion: str | None
    claims: Sequence[tuple[Layer, Finding, Numbers]]
    """Who labels which sections: of those that hold a section, the first does."""
    asked: Asked

    def reason(self, number: int) -> tuple[str, Sequence[str]]:
        """Why a section is there, the name of one of LAYERS, and what its snippet marks: the guess, where it is one."""
        for layer, finding, sections in self.claims:
            at = int(sections.searchsorted(number))
            if at < len(sections) and sections[at] == number:
                return layer.name, (finding.query or self.query).marks if finding.marks is None else finding.marks
        raise KeyError(number)

    def near(self) -> Near | None:
        """How near what is meant is to each section; None where the snapshot has no vectors. Encodes it if need be."""
        return self.asked.near(meant(self.asked)) if self.asked.near else None

    def asked_for(self, number: int) -> Query:
        """What a section was found by: the query, or the guess that put it right."""
        for _, finding, sections in self.claims:
            if finding.query and np.isin(number, sections):
                return finding.query
        return self.query


def _near(remembered: Callable[..., Near | None], typing: bool, query: Query) -> Near | None:
    keys = (term.key for term in query.terms if term.origin == "query" and term.kind != "grams")
    return remembered(query.folded, tuple(keys), typing)


class Layers(Generic[R]):
    """The layers over one snapshot."""

    def __init__(
        self,
        index: Sections[R],
        lexicon: Lexicon,
        guesses: Guesses,
        parse: Callable[[str], Query],
        place: Path,
        choose: Callable[[Query, R], R],
        weights: Weights,
        meanings: Meanings | None,
    ) -> None:
        self._index = index
        self._lexicon = lexicon
        self._guesses = guesses
        self._parse = parse
        self._place = place
        self._choose = choose
        self._weights = weights
        # For the next page and the counts of filters. Remembered here and not there: see Asking.
        self._near = lru_cache(maxsize=_REMEMBERED)(meanings.near) if meanings else None

    def find(
        self, query: Query, allowed: Any, wanted: int, layers: Sequence[Layer] = LAYERS, *, typing: bool = False
    ) -> Found[R]:
        """Rank the sections that fit; see `Sections.rank` for the arguments. `typing`: the reader is not done."""
        ranking = self._index.rank(query, allowed, wanted)
        near = partial(_near, self._near, typing) if self._near else None
        asked = Asked(
            query,
            ranking,
            allowed,
            self._index,
            self._lexicon,
            self._guesses,
            self._parse,
            self._place,
            self._weights,
            near,
        )
        found = [(layer, finding) for layer in layers for finding in layer.find(asked) if len(finding.sections)]
        guesses = [one for one in found if one[1].query]
        guesses.sort(key=lambda one: -one[1].certainty)
        as_typed = [one for one in found if not one[1].query]
        claims: list[tuple[Layer, Finding, Numbers]] = []
        taken: Numbers = np.empty(0, np.int64)
        scored: list[tuple[Numbers, Scores]] = []
        suggestion = None
        for layer, finding in guesses:
            fresh = ~among(finding.sections, taken)
            if fresh.any() and finding.query:
                sections = finding.sections[fresh]
                taken = np.union1d(taken, sections)
                claims.append((layer, finding, sections))
                if finding.offered:
                    suggestion = suggestion or finding.query.folded
                if finding.scores is not None:
                    scored.append((sections, finding.scores[fresh]))
        for layer, finding in as_typed:
            claims.append((layer, finding, finding.sections))
            if finding.scores is not None:
                fresh = ~among(finding.sections, taken)
                scored.append((finding.sections[fresh], finding.scores[fresh]))
        only = None
        if layers is not LAYERS:  # of the ranking, only what these layers found stays
            only = np.unique(np.concatenate([taken[:0], *(finding.sections for _, finding in found)]))
        if scored or only is not None:
            sections, scores = (
                np.concatenate(column) for column in zip((taken[:0], np.empty(0)), *scored, strict=True)
            )
            ranking = ranking.joined(sections, scores, wanted, only)
        return Found(query, self._choose(query, ranking), ranking, suggestion, claims, asked)
