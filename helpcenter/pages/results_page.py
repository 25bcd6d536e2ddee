"""The page object of results: hits grouped by article, filters with counts, and what to say when there are none.

In: a query as the reader typed it, filters, a page number, the results of the snapshot. Out: `ResultsPage`.
Why apart from the other pages: it is rendered at every keystroke. Whatever is the same for all queries of a snapshot
is built once (`filters.py`), addresses are put together from quoted pieces, and no list is longer than it is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from html import escape
from types import SimpleNamespace
from typing import Any, NamedTuple
from urllib.parse import quote_plus

from flask import request
from markupsafe import Markup

from helpcenter.pages.article_page import SECTION_TOP
from helpcenter.pages.filters import Filter, filters_of, label_of, topic_labels
from helpcenter.pages.frame import Frame, Site, form, frame, render, slot, small_form
from helpcenter.pages.home_page import Emergency, home_page
from helpcenter.pages.topic_page import topic_url
from index import FACETS, ArticleCard, Hit, Results, Snapshot

PER_PAGE = 10
"""Hits on a page. Twenty cost twice the time for hits that few scroll to."""
LAST_PAGE = 500
STEPS_SHOWN = 3
"""Hits of one article in its card; the rest unfold, so that one long article cannot fill the screen."""
WHY = {"pinyin": '<span class="why">拼音匹配</span>', "similar": '<span class="why">相近写法</span>'}
"""What is said about a layer. Literal matches show for themselves."""


class SearchPage(NamedTuple):
    """`templates/search.html`: the results, rendered, inside the frame."""

    frame: Frame
    results: Markup
    empty: bool
    """Whether a query found nothing. Search engines leave those out: anybody may link to any query, and none ends up
    as a page of this site by that."""


@dataclass(frozen=True, slots=True)
class ResultsPage:
    """`templates/_results.html`, alone for htmx or inside a `SearchPage`."""

    frame: Frame
    query: str
    note: str
    count: str
    """How many were found, in words; also what screen readers are told."""
    cards: Markup
    """Hits under their articles."""
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
        query=query,
        note=note,
        count=count_line(results, bool(query)),
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


VARYING = ("title", "query", "canonical", "alternate", "simplified", "traditional")
"""Of a frame, what differs from one page of results to the next."""


def render_search(page: ResultsPage) -> str:
    """The results inside the frame; the frame is rendered once and then filled in, which takes a tenth of the time."""
    values = {name: escape(getattr(page.frame, name)) for name in VARYING}
    shell = _shell(page.frame.site, page.frame.root, page.frame.lang, page.asked and not page.cards)
    return shell % {**values, "results": render_results(page)}


@lru_cache(maxsize=16)
def _shell(_site: Site, _root: str, _lang: str, empty: bool) -> str:
    """`search.html` around any results; its frame is the same for all with these."""
    slots: dict[str, Any] = {name: slot(name) for name in VARYING}
    return form("search.html", SearchPage(replace(frame(), **slots), slot("results"), empty))


def render_results(page: ResultsPage) -> str:
    """The results alone. Around the cards and choices of most there stands one of a few forms, each rendered once."""
    if page.note or page.chips or page.suggestion or not page.cards:
        return render("_results.html", page)
    filters = tuple((one.name, bool(one.more)) for one in page.filters)
    outline = _outline(filters, bool(page.previous_url), bool(page.next_url))
    values = {name: escape(str(getattr(page, name))) for name in FILLED_IN}
    for one in page.filters:
        values[one.name], values["more " + one.name] = one.choices, one.more
    return outline % {**values, "cards": page.cards}


FILLED_IN = ("count", "page", "pages", "previous_url", "next_url")
"""Of a page of results, what `_outline` leaves open besides its cards and filters."""


@lru_cache(maxsize=256)
def _outline(filters: tuple[tuple[str, bool], ...], previous: bool, following: bool) -> str:
    """`_results.html` around any cards, with these filters (name, whether some unfold) and ways to turn the page."""
    slots = {name: slot(name) for name in (*FILLED_IN, "cards")}
    if not previous:
        slots["previous_url"] = Markup()
    if not following:
        slots["next_url"] = Markup()
    shown = [Filter(name, slot(name), slot("more " + name) if more else Markup()) for name, more in filters]
    return form("_results.html", SimpleNamespace(asked=True, note="", chips=(), suggestion="", filters=shown, **slots))


def _idle_page(snapshot: Snapshot, note: str) -> ResultsPage:
    """Nothing asked yet: where to begin."""
    home = home_page(snapshot)
    return ResultsPage(
        frame=frame("搜索", path="/search"),
        query="",
        note=note,
        count="",
        cards=Markup(),
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


def cards_of(hits: Sequence[Hit], root: str) -> Markup:
    """Each article with the hits it has on this page, ordered by its best; after those that hold all of the query a
    line says that the rest shares only a part."""
    groups: dict[str, list[Hit]] = {}
    for hit in hits:
        groups.setdefault(hit.article, []).append(hit)
    cards: list[str] = []
    whole_seen = partial_seen = False
    for group in groups.values():
        first = group[0]
        if whole_seen and not first.complete and not partial_seen:
            partial_seen = True
            cards.append(small_form("_divider.html"))
        whole_seen = whole_seen or first.complete
        steps = [_step(hit, root) for hit in group]
        more = "".join(steps[STEPS_SHOWN:])
        card = {
            "url": root + first.url.partition("#")[0],
            "title": escape(first.title),
            "topic": escape(first.topic),
            "steps": "".join(steps[:STEPS_SHOWN]),
            "more": more and small_form("_more_steps.html") % {"count": len(steps) - STEPS_SHOWN, "steps": more},
        }
        cards.append(small_form("_card.html") % card)
    return Markup("\n".join(cards))  # noqa: S704 addresses are percent-encoded, snippets escaped by the index


def _step(hit: Hit, root: str) -> str:
    path, _, anchor = hit.url.partition("#")
    return small_form("_step.html") % {
        "url": root + hit.url,
        "label": escape(hit.heading or "概要"),
        "why": WHY.get(hit.matched, ""),
        "snippet": hit.snippet,
        "unfold_url": f"{root}{path}/sections/{anchor or SECTION_TOP}",
    }


_quoted = lru_cache(maxsize=512)(quote_plus)


def search_url(query: str, chosen: Mapping[str, Sequence[str]], number: int = 1) -> str:
    """The shareable address of a query, filters and page, without the root."""
    pieces = [f"q={_quoted(query)}"] if query else []
    pieces += [f"{facet}={_quoted(value)}" for facet in FACETS for value in chosen.get(facet, ())]
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
