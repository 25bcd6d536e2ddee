"""Contracts inside search: what parsing, layers and guesses ask of an engine.

In: nothing. Out: Protocols. `Lexicon` is small and lies beside the process that asks; `Sections` holds postings and
texts, and may be on another machine, so its methods take many questions at once. Why: what is known of Chinese
(cutting, synonyms, sounds, slips) is written once, over memory-mapped arrays as over a cluster.

Sections are numbers, in the order of article ids and of places in an article; arrays of them ascend unless they say
otherwise. Terms are 64-bit keys (`store/keys.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

from index.arrays import U64, Mask, Numbers, Scores

if TYPE_CHECKING:
    from index.search.filtering import Counts
    from index.search.grouping import Grouped
    from index.search.queries import Query, Term, Unit


class Lexicon(Protocol):
    """The words of the index: which there are, in how many sections each stands, how they are read."""

    @property
    def vocabulary(self) -> Sequence[str]:
        """Every word of the index, in code point order."""

    def frequencies(self, keys: Sequence[int]) -> dict[int, int]:
        """In how many sections each known term stands; unknown ones are left out."""

    def starting(self, prefix: str) -> list[str]:
        """The commonest words of the index that begin with `prefix` and are longer; at most 24."""

    def read_as(self, first: Sequence[str], second: Sequence[str]) -> tuple[U64, Numbers]:
        """Pairs of characters in the index whose toneless syllables are one of `first` and one of `second`.

        Their keys, the most frequent first and at most 240, and in how many sections each stands.
        """


class Ranked(Protocol):
    """Sections found for a query, with scores. Never changed: `joined` makes another one."""

    @property
    def order(self) -> Numbers:
        """The best sections, best first, at least as many as asked for if there are so many."""

    @property
    def total(self) -> int:
        """How many were found."""

    @property
    def verbatim(self) -> Numbers:
        """Sections in which every unit of the query stands word for word; of many, at least the best asked for."""

    @property
    def complete_total(self) -> int:
        """How many hold all that was asked for."""

    @property
    def only_characters(self) -> bool:
        """Whether nothing but single characters was found."""

    def top(self) -> float:
        """The best score, 0 where nothing was found."""

    def scores_of(self, sections: Numbers) -> Scores:
        """The score of each of `sections`, 0 where it was not found."""

    def sections(self, with_word: bool | None = None) -> Numbers:
        """What was found: all, or only what has (or has not) one of the query's words as a word.

        An engine that does not keep all of it gives the best.
        """

    def within(self, first: int, last: int) -> Numbers:
        """What was found from section `first` to before `last`."""

    def completes(self, sections: Numbers) -> Mask:
        """Which of `sections` hold all that was asked for."""

    def place_of(self, section: int) -> int:
        """The place of a found section, from 1."""

    def grouped(self, wanted: int) -> Grouped:
        """The articles of what was found, ordered as far as `wanted`."""

    def counts(self, *, articles: bool = False) -> Counts:
        """Each filter value with how many of the found sections have it.

        `articles`: how many articles instead, of those that hold all that was asked for where there are any.
        """

    def joined(self, sections: Numbers, scores: Scores, wanted: int, only: Numbers | None = None) -> Self:
        """These results with `sections` at `scores` beside, or instead of, what was found there.

        `only`: of what was found, this stays.
        """

    def led(self, sections: Numbers, scores: Scores) -> Self:
        """These results with `sections` at their head, best first, at `scores`: its best ones, perhaps some more."""


R = TypeVar("R", bound=Ranked)
R_co = TypeVar("R_co", bound=Ranked, covariant=True)


class Sections(Protocol[R_co]):
    """The sections of the index: postings and texts. `allowed` is what the method of that name returned."""

    @property
    def idf(self) -> Callable[[int], float]:
        """What a term weighs that stands in so many sections."""

    def allowed(self, chosen: Mapping[str, Sequence[str]]) -> Any:
        """The engine's own form of filters: of each name one of its values; an unknown value fits nothing.

        None, which fits all, where nothing is chosen.
        """

    def fitting(self, sections: Numbers, allowed: Any) -> Numbers:
        """Those of `sections` that fit."""

    def rank(self, query: Query, allowed: Any, wanted: int) -> R_co:
        """Rank the sections for `query`: what truly contains it, then the rest by BM25F."""

    def stand(self, units: Sequence[Unit]) -> list[bool]:
        """Whether some section holds each of `units` as typed."""

    def holders(self, queries: Sequence[Query], allowed: Any) -> list[tuple[Numbers, Scores]]:
        """For each query the sections that contain it, and their scores; where none does, those that hold all of it."""

    def shares(self, query: Query, section: int) -> Iterable[tuple[Term, float, int]]:
        """Each term with what it adds to a section's BM25F score, and in how many sections it stands."""
