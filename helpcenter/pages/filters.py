"""The filters beside results: what can still be chosen, and how many articles each choice leaves.

In: a snapshot, the counts of a search, what is chosen. Out: each filter with its choices.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from index import TOPIC, FacetCount, Snapshot

VALUES_SHOWN = 6
VALUES_KEPT = 40
"""Values of one filter shown at once, and at most."""


class Choice(NamedTuple):
    """One value of a filter. (A named tuple, as `Hit` is: sixty are made for a page of results.)"""

    value: str
    label: str
    articles: int
    """How many it leaves."""
    checked: bool


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter with its values; those beyond the first few unfold."""

    facet: str
    name: str
    choices: tuple[Choice, ...]
    more: tuple[Choice, ...]


def filters_of(
    snapshot: Snapshot, facets: Mapping[str, Sequence[FacetCount]], chosen: Mapping[str, Sequence[str]], total: int
) -> tuple[Filter, ...]:
    """The filters that can still narrow `total` articles, with counts; a chosen value is always among those shown."""
    filters: list[Filter] = []
    titles = topic_labels(snapshot)
    for spec in snapshot.site().filters:
        facet = spec.name
        active = chosen.get(facet, ())
        if not (active or spec.shown):
            continue
        choices = [
            Choice(one.value, label_of(facet, one.value, titles), one.count, one.value in active)
            for one in facets.get(facet, ())[:VALUES_KEPT]
            if one.value in active or (one.value not in spec.any and (active or one.count < total))
        ]
        if not choices:
            continue
        shown, late = choices[:VALUES_SHOWN], choices[VALUES_SHOWN:]
        if active:
            shown += [one for one in late if one.checked]
            late = [one for one in late if not one.checked]
        filters.append(Filter(facet, spec.label, tuple(shown), tuple(late)))
    return tuple(filters)


def label_of(facet: str, value: str, titles: Mapping[str, str]) -> str:
    """How readers see a value; `titles` as of `topic_labels`."""
    return titles.get(value, value) if facet == TOPIC else value


def topic_labels(snapshot: Snapshot) -> Mapping[str, str]:
    """Titles of topics by id. Built once for each snapshot."""
    return _labels(snapshot.id, snapshot)


@lru_cache(maxsize=2)
def _labels(_snapshot_id: str, snapshot: Snapshot) -> Mapping[str, str]:
    return {topic.id: topic.title for topic in snapshot.topics()}
