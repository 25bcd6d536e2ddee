"""The contract of a layer: one way to find sections.

In: nothing. Out: `Layer`, what it is given (`Asked`) and what it returns (`Finding`). Why it returns what it found and
changes nothing: layers do not know one another, each can be tested, left out or added alone, and the rule that a guess
never pushes down a true match stands in one place (`layering.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from index.arrays import Numbers, Scores
from index.meaning.vectors import Near
from index.search.contracts import Lexicon, Ranked, Sections
from index.search.guessing import Guesses
from index.search.queries import Query
from index.weights import Weights


@dataclass(frozen=True, slots=True)
class Asked:
    """A query, and all that a layer may look at to answer it."""

    query: Query
    ranking: Ranked
    """What shares words, pairs or characters with the query, scored."""
    allowed: Any
    """What filters allow, to hand on to `index`. A layer finds nothing else."""
    index: Sections[Ranked]
    lexicon: Lexicon
    guesses: Guesses
    parse: Callable[[str], Query]
    """Parses another text, for a layer that asks for something else than was typed."""
    place: Path
    """The snapshot's folder, where a layer may have files of its own."""
    weights: Weights
    near: Callable[[Query], Near | None] | None
    """How near a query is to each section in meaning; None where the snapshot has no vectors, or nothing of the query
    is known. Remembered, and nothing is encoded before it is called."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Sections that a layer found, for one reason."""

    sections: Numbers
    """Numbers, ascending, each once."""
    scores: Scores | None = None
    """What each is ranked by, on the scale of `Asked.ranking`; None: by its score there."""
    query: Query | None = None
    """What was asked for instead of what was typed. The surest is offered as 您是不是要找 …; its hits are marked by it,
    and labelled by this layer even where another one found them too."""
    marks: tuple[str, ...] | None = None
    """What a snippet marks, where it is not `query`'s own."""
    certainty: float = 1.0
    """0 to 1. Where findings with a `query` share a section, it is the surest one's."""
    offered: bool = True
    """Whether `query` may be offered to the reader."""


class Layer(Protocol):
    """One entry of `LAYERS`. Holds nothing of a snapshot: one object serves all of them."""

    @property
    def name(self) -> str:
        """A short lower-case word: `Hit.matched`, in the API and for `evaluate --layers`."""

    @property
    def label(self) -> str:
        """In Simplified Chinese, for readers, the command line and `explain`."""

    @property
    def guesses(self) -> bool:
        """Whether its hits need not hold what was typed, so that readers are told how they were found."""

    def find(self, asked: Asked) -> Iterable[Finding]:
        """Return what this layer finds, perhaps nothing. Called once a query, and again for each filter's counts."""
