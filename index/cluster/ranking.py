"""Ranking: what the cluster found for a query, as `contracts.Ranked`.

In: the responses so far. Out: sections in order, counts, articles; what is not known yet is asked for in the next round
(`rounds.py`). Of what was found, the best are listed; where that is all, everything else is counted here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

import numpy as np

from index.arrays import Mask, Numbers, Scores
from index.cluster.rounds import Body, Rounds
from index.cluster.wording import VERBATIM, WHOLE, WORD, Seen, Wording, counted, seen, union
from index.search.filtering import Counts
from index.search.grouping import Grouped, Layout, group, one_each

NONE = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class Top:
    """The best sections for a query, and how many there are."""

    best: list[Seen]
    total: int
    whole: int
    verbatim: int
    """Only counted for quoted queries."""


def read_top(response: Body, lift: float) -> Top:
    """The answer to `Wording.top`."""
    counts = response["aggregations"]
    verbatim = counts[VERBATIM]["doc_count"] if VERBATIM in counts else 0
    total = response["hits"]["total"]["value"]
    return Top(seen(response, lift), total, counts[WHOLE]["doc_count"], verbatim)


@dataclass(frozen=True, slots=True)
class Counted:
    """The answer to `wording.counted`."""

    total: int
    articles: int
    sections_with: dict[int, int]
    """By filter value."""
    articles_with: dict[int, int]


def read_counted(response: Body) -> Counted:
    counts = response["aggregations"]
    buckets = counts["facets"]["buckets"]
    return Counted(
        response["hits"]["total"]["value"],
        counts["articles"]["value"] if "articles" in counts else 0,
        {int(bucket["key"]): bucket["doc_count"] for bucket in buckets},
        {int(bucket["key"]): bucket["articles"]["value"] for bucket in buckets if "articles" in bucket},
    )


@dataclass
class Known:
    """What is known of single sections for one query."""

    sections: dict[int, Seen] = field(default_factory=dict)
    settled: set[int] = field(default_factory=set)
    """Sections that were asked about: found they are above, or not at all."""
    wanted: set[int] = field(default_factory=set)
    """Sections to ask about in the next round."""


@dataclass(frozen=True)
class Base:
    """A query, and where to ask more about it."""

    rounds: Rounds
    key: tuple[Any, ...]
    wording: Wording
    layout: Layout
    known: Known
    large: dict[Any, tuple[Any, Body]]
    """Of guesses that more sections hold than were listed: those that were, and what holds them all."""

    def ask(self, what: tuple[Any, ...], body: Callable[[], Body], read: Callable[[Body], Any]) -> Any:
        return self.rounds.get((*self.key, *what), body, read)


@dataclass(frozen=True)
class ClusterRanking:
    """Found sections. Scores of those that are listed; never changed."""

    base: Base
    scores: dict[int, float]
    order: Numbers
    found_total: int
    """How many the query alone found."""
    complete_total: int
    verbatim: Numbers
    only_characters: bool
    quoted: bool = False
    """Whether only what holds the quoted text counts."""
    pending: bool = False
    """Whether nothing is known yet: a stand-in, which finds something and says nothing."""
    extra: frozenset[int] = frozenset()
    """Sections that layers added."""
    restricted: bool = False
    """Whether only what is listed counts."""

    @property
    def _marks(self) -> dict[int, Seen]:
        return self.base.known.sections

    @cached_property
    def _all_listed(self) -> bool:
        listed = len(self.scores.keys() - self.extra_only) >= self.found_total
        return self.restricted or (listed and not self._large)

    @cached_property
    def _large(self) -> list[Body]:
        """What finds all of those guesses of which not all is listed, where layers added what is."""
        text, allowed = self.base.key
        others = [held for (_, other, fit), held in self.base.large.items() if other != text and fit == allowed]
        return [body for sections, body in others if not self.extra.isdisjoint(sections.tolist())]

    @cached_property
    def extra_only(self) -> set[int]:
        """Sections that layers added and the query alone is not known to find."""
        return {number for number in self.extra if number not in self._marks}

    @property
    def total(self) -> int:
        """How many were found."""
        if self._all_listed:
            return len(self.scores)
        if not self.extra:
            return self.found_total
        counts = self._counted(articles=False)
        return counts.total if counts else self.found_total

    def top(self) -> float:
        """The best score, 0 where nothing was found."""
        return max(self.scores.values(), default=0.0)

    def scores_of(self, sections: Numbers) -> Scores:
        """The score of each of `sections`, 0 where it was not found."""
        numbers = sections.tolist()
        unknown = () if self._all_listed else tuple(one for one in numbers if not self._is_known(one))
        if unknown and not self.pending:
            self._settle(unknown)
        return np.array([self.scores.get(one, 0.0) for one in numbers], np.float32)

    def _is_known(self, number: int) -> bool:
        return number in self.scores or number in self.base.known.settled

    def _settle(self, sections: Iterable[int]) -> None:
        """Ask about sections, all that are wanted by then in one request."""
        known, wording, quoted = self.base.known, self.base.wording, self.quoted
        known.wanted.update(sections)

        def read(response: Body) -> bool:
            for one in seen(response, wording.lift):
                known.sections.setdefault(one.number, one)
            known.settled |= known.wanted
            known.wanted.clear()
            return True

        self.base.ask(("these", len(known.settled)), lambda: wording.these(sorted(known.wanted), quoted), read)

    def sections(self, with_word: bool | None = None) -> Numbers:
        """Of what was found, what is listed."""
        listed = self._listed()
        if with_word is None:
            if not self._all_listed and not self.pending:  # a guess that is all we have
                self.base.large["found", *self.base.key] = listed, self.base.wording.found(self.quoted)
            return listed
        marks = self._marks
        return listed[[(one in marks and WORD in marks[one].marks) == with_word for one in listed.tolist()]]

    def _listed(self) -> Numbers:
        return np.array(sorted(self.scores), np.int64)

    def within(self, first: int, last: int) -> Numbers:
        """What was found from section `first` to before `last`."""
        asked = range(first, last)
        if not self._all_listed and not self.pending and not self.base.known.settled.issuperset(asked):
            self._settle(asked)
        return np.array(sorted(one for one in self.scores if first <= one < last), np.int64)

    def completes(self, sections: Numbers) -> Mask:
        """Which of `sections` hold all that was asked for."""
        marks = self._marks
        return np.array([one in marks and WHOLE in marks[one].marks for one in sections.tolist()], bool)

    def place_of(self, section: int) -> int:
        """The place of a found section, from 1; of one that is not listed, behind all that are."""
        score = self.scores.get(section)
        return len(self.scores) + 1 if score is None else sum(one > score for one in self.scores.values()) + 1

    def grouped(self, wanted: int) -> Grouped:
        """The articles of what was found."""
        article_of = self.base.layout.article_of
        listed = self._listed()
        local = group(listed, self.scores_of(listed), listed[self.completes(listed)], article_of, wanted)
        if self._all_listed:
            return local
        size = max(wanted, 1)
        wording = self.base.wording
        articles = self.base.layout.articles
        groups = self.base.ask(("groups", size), lambda: wording.groups(size, self.quoted, articles), self._groups_read)
        if groups is None:
            return Grouped(NONE, 0, 0, 0, np.empty(0))
        total, complete = groups
        if self.extra:
            counts = self._counted(articles=True)
            total = counts.articles if counts else total
        # Where one that holds all is not listed, it stands behind those that are.
        partial_from = local.partial_from if local.complete >= complete else total
        return replace(local, total=total, complete=complete, partial_from=partial_from)

    def _groups_read(self, response: Body) -> tuple[int, int]:
        for one in seen(response, self.base.wording.lift):
            self._marks.setdefault(one.number, one)
        counts = response["aggregations"]
        return counts["articles"]["value"], counts[WHOLE]["articles"]["value"]

    def counts(self, *, articles: bool = False) -> Counts:
        """Each filter value with how many of the found sections have it, or of the articles that pages count."""
        filters = self.base.layout.filters
        if self._all_listed:
            listed = self._listed()
            whole = listed[self.completes(listed)] if articles else NONE
            mask = np.zeros(len(self.base.layout.article_of), bool)
            mask[whole if len(whole) else listed] = True
            return filters.count(one_each(mask, self.base.layout.article_of) if articles else mask)
        counts = self._counted(articles=articles, whole=articles and self.complete_total > 0)
        if counts is None:
            return {}
        held = counts.articles_with if articles else counts.sections_with
        return filters.named([held.get(row, 0) for row in range(len(filters.rows))])

    def _counted(self, *, articles: bool, whole: bool = False) -> Counted | None:
        wording = self.base.wording
        # All that was added, though some of it the query finds too: which, is known a round later. No guess is whole.
        found, more = wording.found(self.quoted, whole), () if whole else tuple(sorted(self.extra))
        large, number = [] if whole else self._large, self.base.layout.articles if articles else 0
        key = ("counted", articles, whole, self.quoted, more, len(large))
        size = len(self.base.layout.filters.rows)
        answer: Counted | None = self.base.ask(
            key,
            lambda: counted(union([found, *large], more) if more or large else found, size, number),
            read_counted,
        )
        return answer

    def joined(self, sections: Numbers, scores: Scores, wanted: int, only: Numbers | None = None) -> Self:
        """These results with `sections` at `scores`; `only`: of what was found, this stays."""
        if self.pending:
            return self
        own, verbatim = dict(self.scores), self.verbatim
        if only is not None:
            kept = set(only.tolist())
            own = {number: score for number, score in own.items() if number in kept}
            verbatim = np.array([one for one in verbatim.tolist() if one in kept], np.int64)
        added = dict(zip(sections.tolist(), np.asarray(scores, np.float32).tolist(), strict=True))
        own |= added
        listed = own if only is not None else {number: own[number] for number in {*self.order.tolist(), *added}}
        return replace(
            self,
            scores=own,
            order=in_order(listed),
            verbatim=verbatim,
            extra=self.extra | added.keys(),
            restricted=only is not None,
        )

    def led(self, sections: Numbers, scores: Scores) -> Self:
        """These results with `sections` at their head, best first, at `scores`."""
        if self.pending:
            return self
        added = dict(zip(sections.tolist(), np.asarray(scores, np.float32).tolist(), strict=True))
        rest = [number for number in self.order.tolist() if number not in added]
        order = np.array([*added, *rest], np.int64)
        return replace(self, scores=self.scores | added, order=order)


def in_order(scores: Mapping[int, float]) -> Numbers:
    """The sections, best first; equal ones by number."""
    return np.array(sorted(scores, key=lambda one: (-scores[one], one)), np.int64)
