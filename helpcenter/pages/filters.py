"""The filters beside results: what can still be chosen, and how many sections each choice leaves.

In: a snapshot, the counts of a search, what is chosen. Out: each filter's choices as HTML. Why apart: all but the
counts is the same for every query of a snapshot, and is built once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from html import escape
from typing import NamedTuple

from markupsafe import Markup

from helpcenter.pages.frame import small_form
from index import FACETS, FacetCount, Snapshot

VALUES_SHOWN = 8
VALUES_KEPT = 40
"""Values of one filter shown at once, and at most."""
FACET_NAMES = {"region": "地区", "carrier": "运营商", "situation": "情况", "device": "设备", "topic": "主题"}
CHECKED = " checked"


class Filter(NamedTuple):
    """A filter with its values as HTML; those beyond the first few unfold."""

    name: str
    choices: Markup
    more: Markup


def filters_of(
    snapshot: Snapshot, facets: Mapping[str, Sequence[FacetCount]], chosen: Mapping[str, Sequence[str]]
) -> tuple[Filter, ...]:
    """The filters that can still be chosen, with counts; a chosen value is always among those shown."""
    filters: list[Filter] = []
    choices = _choices(snapshot.id, snapshot)
    for facet in FACETS:
        active = chosen.get(facet, ())
        counts = facets.get(facet, ())[:VALUES_KEPT]
        if not counts or (len(counts) == 1 and not active):
            continue
        free, taken = choices[facet]
        html = [f"{(taken if one.value in active else free)[one.value]}{one.count}{free.end}" for one in counts]
        shown, more = html[:VALUES_SHOWN], html[VALUES_SHOWN:]
        if active:
            late = [one.value in active for one in counts[VALUES_SHOWN:]]
            shown += [choice for choice, checked in zip(more, late, strict=True) if checked]
            more = [choice for choice, checked in zip(more, late, strict=True) if not checked]
        filters.append(Filter(FACET_NAMES[facet], Markup("".join(shown)), Markup("".join(more))))  # noqa: S704
    return tuple(filters)


class _Choices(dict[str, str]):
    """Of one filter, each value's `_choice.html` up to its count, made when it is first shown; `end` follows it."""

    def __init__(self, facet: str, labels: Mapping[str, str], checked: str) -> None:
        super().__init__()
        self.facet, self.labels, self.checked = facet, labels, checked
        self.end = small_form("_choice.html").rpartition("%(count)s")[2]

    def __missing__(self, value: str) -> str:
        label = label_of(self.facet, value, self.labels)
        known = {"facet": self.facet, "value": escape(value), "label": escape(label), "checked": self.checked}
        self[value] = html = (small_form("_choice.html") % {**known, "count": "\0"}).partition("\0")[0]
        return html


@lru_cache(maxsize=2)
def _choices(_snapshot_id: str, snapshot: Snapshot) -> Mapping[str, tuple[_Choices, _Choices]]:
    """By filter, its choices unchecked and checked."""
    labels = topic_labels(snapshot)
    return {facet: (_Choices(facet, labels, ""), _Choices(facet, labels, CHECKED)) for facet in FACETS}


def label_of(facet: str, value: str, labels: Mapping[str, str]) -> str:
    """How readers see a value; `labels` as of `topic_labels`."""
    return labels.get(value, value) if facet == "topic" else value


def topic_labels(snapshot: Snapshot) -> Mapping[str, str]:
    """Titles of topics by id. Built once for each snapshot."""
    return _labels(snapshot.id, snapshot)


@lru_cache(maxsize=2)
def _labels(_snapshot_id: str, snapshot: Snapshot) -> Mapping[str, str]:
    return {topic.id: topic.title for topic in snapshot.topics()}
