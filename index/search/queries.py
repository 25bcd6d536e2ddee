"""Queries: what was typed, as terms to look up, each with its weight and its reason.

In: nothing. Out: the records that `parsing.py` fills and that scoring, layers and guesses read. Nothing changes a query
once it is parsed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from index.store.keys import gram_key

Choice = tuple[int, ...]
"""Term keys of which one is enough."""


class Term(NamedTuple):
    """One posting list to read."""

    key: int
    kind: str
    text: str
    weight: float
    content: bool
    """False for stop words and single characters: they add to a score, but make no hit."""
    origin: str = "query"
    """`query`, `synonym` or `prefix`."""

    def place(self) -> int:
        """Words that make a hit come first, then pairs that do, then what makes none; `searching.py` relies on it."""
        return 2 if not self.content else 0 if self.kind == "words" else 1


@dataclass(slots=True)
class Unit:
    """A piece of the query that can stand in a text as it is: a Han run, a Latin word, or a quoted phrase."""

    text: str
    kind: str
    quoted: bool = False
    needed: list[Choice] = field(default_factory=list)
    """What a section must have to hold this unit: one key of each choice."""
    parts: tuple[str, ...] = ()
    """What the unit was cut into: the words of a Han run, the shorter forms of a Latin word."""
    word: int = 0
    """The key of the unit as one word of the index, or 0."""
    only_stop_words: bool = False
    """Not asked for where the query has another unit."""


def han_unit(text: str) -> Unit:
    """A Han text of two or more characters, to be found as it is."""
    return Unit(text, "han", needed=[(gram_key(text[i : i + 2]),) for i in range(len(text) - 1)])


@dataclass(slots=True)
class Query:
    """A parsed query."""

    text: str
    folded: str
    terms: list[Term]
    units: list[Unit]
    needed: list[Choice]
    """What a section must have to hold all that was asked for: one key of each choice."""
    marks: list[str]
    """Folded texts to mark in a snippet, the longest first."""
