"""The page object of results: hits grouped by article, filters with counts, and what to say when there are none.

In: a query as the reader typed it, filters, a page number, the results of the snapshot. Out: `ResultsPage`.
Why apart from the other pages: it is rendered at every keystroke, so addresses are put together from quoted pieces,
and no list is longer than it is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote_plus

from flask import request
from markupsafe import Markup

from helpcenter.pages.article_page import SECTION_TOP
from helpcenter.pages.filters import Filter, filters_of, label_of, topic_labels
from helpcenter.pages.frame import Frame, frame
from helpcenter.pages.guide_cards import GuideCard, guide_card
from helpcenter.pages.home_page import Emergency, home_page
from helpcenter.pages.topic_page import topic_url
from index import ArticleCard, Hit, Results, Snapshot

PER_PAGE = 10
"""Hits on a page. Twenty cost twice the time for hits that few scroll to."""
LAST_PAGE = 500
ROWS_SHOWN = 3
"""Hits of one article in its card; the rest unfold, so that one long article cannot fill the screen."""
WHY = {"pinyin": "拼音匹配", "similar": "相近写法"}
"""What is said about a layer. Literal matches show for themselves."""


class Row(NamedTuple):
    """One section in a card. (A named tuple, as `Hit` is: ten are made at every keystroke.)"""

    url: str
    label: str
    why: str
    """Why it is there, where its words do not show it."""
    snippet: Markup
    unfold_url: str


@dataclass(frozen=True, slots=True)
class Card:
    """`templates/_card.html`: an article and its sections among the results."""

    url: str
    title: str
    topic: str
    rows: tuple[Row, ...]
    more: tuple[Row, ...]
    begins_partial: bool
    """Whether a line before it says that from here on only a part of the query is held."""


@dataclass(frozen=True, slots=True)
class ResultsPage:
    """`templates/_results.html`, alone for htmx or inside `search.html`."""

    frame: Frame
    note: str
    count: str
    """How many were found, in words; also what screen readers are told."""
    guides: tuple[GuideCard, ...]
    """Those that the query names; on the first page only."""
    cards: tuple[Card, ...]
    filters: tuple[Filter, ...]
    chips: tuple[tuple[str, str], ...]
    """Active filters: label, and the address without it."""
    clear_url: str
    suggestion: str
    suggestion_url: str
    page: int
    pages: int
    previous_url: str
    next_url: str
    asked: bool
    """Whether there was a query or a filter at all."""
    emergencies: tuple[Emergency, ...] = ()
    topics: tuple[tuple[str, str], ...] = ()
    articles: tuple[ArticleCard, ...] = ()
    articles_heading: str = ""


def results_page(
    snapshot: Snapshot, query: str, chosen: Mapping[str, Sequence[str]], number: int, note: str = ""
) -> tuple[ResultsPage, Results | None]:
    """The page for a query and filters, and the results behind it (None where nothing was asked).

    A page number past the end means the last page.
    """
    root = request.script_root
    if not query and not chosen:
        return _idle_page(snapshot, note), None
    results = snapshot.search(query, chosen, PER_PAGE, (number - 1) * PER_PAGE)
    pages = max(1, min(LAST_PAGE, -(-results.total // PER_PAGE)))
    if number > pages:
        number = pages
        results = snapshot.search(query, chosen, PER_PAGE, (number - 1) * PER_PAGE)
    labels = topic_labels(snapshot)
    named = query or "、".join(label_of(facet, value, labels) for facet, values in chosen.items() for value in values)
    empty = not results.total
    home = home_page(snapshot) if empty else None
    page = ResultsPage(
        frame=frame(f"{named} 的搜索结果", path=search_url(query, chosen), query=query),
        note=note,
        count=count_line(results, bool(query)),
        guides=tuple(map(guide_card, snapshot.find_guides(query))) if number == 1 else (),
        cards=cards_of(results.hits, root),
        filters=filters_of(snapshot, results.facets, chosen),
        chips=tuple(
            (label_of(facet, value, labels), root + search_url(query, without(chosen, facet, value)))
            for facet, values in chosen.items()
            for value in values
        ),
        clear_url=root + search_url(query, {}),
        suggestion=results.suggestion or "",
        suggestion_url=root + search_url(results.suggestion, chosen) if results.suggestion else "",
        page=number,
        pages=pages,
        previous_url=root + search_url(query, chosen, number - 1) if number > 1 else "",
        next_url=root + search_url(query, chosen, number + 1) if number < pages else "",
        asked=True,
        emergencies=home.emergencies if home else (),
        topics=_topic_links(snapshot) if home else (),
        articles=home.listed if home else (),
        articles_heading=home.listed_heading if home else "",
    )
    return page, results


def _idle_page(snapshot: Snapshot, note: str) -> ResultsPage:
    """Nothing asked yet: where to begin."""
    home = home_page(snapshot)
    return ResultsPage(
        frame=frame("搜索", path="/search"),
        note=note,
        count="",
        guides=(),
        cards=(),
        filters=filters_of(snapshot, snapshot.facets(), {}),
        chips=(),
        clear_url="",
        suggestion="",
        suggestion_url="",
        page=1,
        pages=1,
        previous_url="",
        next_url="",
        asked=False,
        emergencies=home.emergencies,
        topics=_topic_links(snapshot),
        articles=home.listed,
        articles_heading=home.listed_heading,
    )


def count_line(results: Results, with_query: bool) -> str:
    """How many sections were found, told apart by whether they hold all or part of the query."""
    total, complete = results.total, results.complete
    if not total:
        return "没有找到相关内容"
    if not with_query or complete >= total:
        return f"共 {total} 个小节"
    if not complete:
        return f"没有小节包含全部内容，找到 {total} 个相关的"
    return f"{complete} 个小节包含全部内容，另有 {total - complete} 个部分相关"


def cards_of(hits: Sequence[Hit], root: str) -> tuple[Card, ...]:
    """Each article with the hits it has on this page, ordered by its best; the first that holds only a part of the
    query, after those that hold all of it, says so."""
    groups: dict[str, list[Hit]] = {}
    for hit in hits:
        groups.setdefault(hit.article, []).append(hit)
    cards: list[Card] = []
    whole_seen = partial_seen = False
    for group in groups.values():
        first = group[0]
        begins_partial = whole_seen and not first.complete and not partial_seen
        partial_seen = partial_seen or begins_partial
        whole_seen = whole_seen or first.complete
        rows = tuple(_row(hit, root) for hit in group)
        cards.append(
            Card(
                url=root + first.url.partition("#")[0],
                title=first.title,
                topic=first.topic,
                rows=rows[:ROWS_SHOWN],
                more=rows[ROWS_SHOWN:],
                begins_partial=begins_partial,
            )
        )
    return tuple(cards)


def _row(hit: Hit, root: str) -> Row:
    path, _, anchor = hit.url.partition("#")
    return Row(
        url=root + hit.url,
        label=hit.heading or "概要",
        why=WHY.get(hit.matched, ""),
        snippet=Markup(hit.snippet),  # noqa: S704 escaped by the index
        unfold_url=f"{root}{path}/sections/{anchor or SECTION_TOP}",
    )


_quoted = lru_cache(maxsize=512)(quote_plus)


def search_url(query: str, chosen: Mapping[str, Sequence[str]], number: int = 1) -> str:
    """The shareable address of a query, filters and page, without the root."""
    pieces = [f"q={_quoted(query)}"] if query else []
    pieces += [f"{facet}={_quoted(value)}" for facet, values in chosen.items() for value in values]
    if number > 1:
        pieces.append(f"page={number}")
    return "/search?" + "&".join(pieces) if pieces else "/search"


def without(chosen: Mapping[str, Sequence[str]], facet: str, value: str) -> dict[str, tuple[str, ...]]:
    """The filters less one value."""
    return {
        name: rest
        for name, values in chosen.items()
        if (rest := tuple(v for v in values if (name, v) != (facet, value)))
    }


def _topic_links(snapshot: Snapshot) -> tuple[tuple[str, str], ...]:
    return tuple((topic.title, topic_url(topic.id)) for topic in snapshot.topics() if topic.articles)[:12]
