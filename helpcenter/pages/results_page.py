"""The page object of results: articles with their best sections, filters, and what to say when there are none.

In: a query as the reader typed it, filters, a page number, the results of the snapshot. Out: `ResultsPage`.
Why apart from the other pages: it is rendered at every keystroke, so addresses are put together from quoted pieces,
and no list is longer than it is shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote_plus

from flask import request

from helpcenter.pages.contacts import ContactLine, contacts_for
from helpcenter.pages.filters import Filter, filters_of, label_of, topic_labels
from helpcenter.pages.frame import Frame, frame
from helpcenter.pages.guide_cards import GuideCard, guide_card
from helpcenter.pages.popular import listed
from helpcenter.pages.result_cards import WHY, AnswerBox, Card, Line, Link, answer_box, cards_of, lines_of
from helpcenter.pages.topic_page import TOPICS_SHOWN, topic_url
from index import ArticleResults, Snapshot

PER_PAGE = 8
"""Articles on a page; few readers scroll to more."""
LINES_PER_PAGE = 24
"""Where filters alone list articles, a row each."""
LAST_PAGE = 500
NEAREST = 3
"""Sections offered where nothing was found."""
_HAN = re.compile("[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class ResultsPage:
    """`templates/_results.html`, alone for htmx or inside `search.html`."""

    frame: Frame
    note: str
    count: str
    """How many were found, in words; also what screen readers are told."""
    guides: tuple[GuideCard, ...]
    """Those that the query names; on the first page only."""
    answer: AnswerBox | None
    cards: tuple[Card, ...]
    lines: tuple[Line, ...]
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
    nearest_heading: str
    nearest: tuple[Link, ...]
    """Where nothing was found or asked: what to read instead."""
    topics: tuple[Link, ...]
    contacts: tuple[ContactLine, ...]
    """Whom to turn to where `did` is shown: those of the chosen filters."""
    did: str
    """What the reader did, in words to hand to a person; empty where results hold what was asked for."""


def results_page(
    snapshot: Snapshot,
    query: str,
    chosen: Mapping[str, Sequence[str]],
    number: int,
    note: str = "",
    *,
    typing: bool = False,
) -> tuple[ResultsPage, ArticleResults | None]:
    """The page for a query and filters, and the results behind it (None where nothing was asked).

    A page number past the end means the last page. `typing`: see `Snapshot.search_articles`.
    """
    root = request.script_root
    if not query and not chosen:
        return _idle_page(snapshot, note), None
    size = PER_PAGE if query else LINES_PER_PAGE
    results = snapshot.search_articles(query, chosen, size, (number - 1) * size, typing=typing)
    pages = max(1, min(LAST_PAGE, -(-results.total // size)))
    if number > pages:
        number = pages
        results = snapshot.search_articles(query, chosen, size, (number - 1) * size, typing=typing)
    labels = topic_labels(snapshot)
    active = [
        (label_of(facet, value, labels), root + search_url(query, without(chosen, facet, value)))
        for facet, values in chosen.items()
        for value in values
    ]
    names = [label for label, _ in active]
    frame_of = frame(f"{query or '、'.join(names)} 的搜索结果", path=search_url(query, chosen), query=query)
    nearest = () if results.total else _nearest(snapshot, query, bool(chosen), root)
    page = ResultsPage(
        frame=frame_of,
        note=note,
        count=count_line(results, bool(query)),
        guides=tuple(map(guide_card, snapshot.find_guides(query))) if number == 1 else (),
        answer=answer_box(results.answer, root) if results.answer else None,
        cards=cards_of(results, (number - 1) * size, root),
        lines=lines_of(results.listed, labels, root),
        filters=filters_of(snapshot, results.facets, chosen, results.complete or results.total),
        chips=tuple(active),
        clear_url=root + search_url(query, {}),
        suggestion=results.suggestion or "",
        suggestion_url=root + search_url(results.suggestion, chosen) if results.suggestion else "",
        page=number,
        pages=pages,
        previous_url=root + search_url(query, chosen, number - 1) if number > 1 else "",
        next_url=root + search_url(query, chosen, number + 1) if number < pages else "",
        asked=True,
        nearest_heading="也许可以看" if not nearest else "去掉筛选，最接近的是" if chosen else "最接近的几节",
        nearest=nearest or (() if results.total else _listed(snapshot, root)),
        topics=() if results.total else _topics(snapshot),
        contacts=() if results.complete else contacts_for(snapshot.site(), chosen),
        did="" if results.complete else what_was_done(query, names, frame_of.site.name),
    )
    return page, results


def _idle_page(snapshot: Snapshot, note: str) -> ResultsPage:
    """Nothing asked yet: where to begin."""
    return ResultsPage(
        frame=frame("搜索", path="/search"),
        note=note,
        count="",
        guides=(),
        answer=None,
        cards=(),
        lines=(),
        filters=filters_of(snapshot, snapshot.search_articles("", limit=0).facets, {}, snapshot.article_count),
        chips=(),
        clear_url="",
        suggestion="",
        suggestion_url="",
        page=1,
        pages=1,
        previous_url="",
        next_url="",
        asked=False,
        nearest_heading=listed(snapshot)[0],
        nearest=_listed(snapshot, request.script_root, 6),
        topics=_topics(snapshot),
        contacts=(),
        did="",
    )


def count_line(results: ArticleResults, with_query: bool) -> str:
    """How many articles were found: of those that hold all of the query, where there are any."""
    if not results.answered and with_query:
        near = f"，{results.total} 篇沾一点边" if results.total else ""
        return f"没有找到回答这个问题的文章{near}"
    if not results.total:
        return "没有找到相关内容"
    if results.complete or not with_query:
        return f"找到 {results.complete} 篇文章"
    guessed = results.articles and results.articles[0].best.matched in WHY
    return f"找到 {results.total} 篇相近的文章" if guessed else f"没有文章包含全部字词，{results.total} 篇只含一部分"


def _nearest(snapshot: Snapshot, query: str, filtered: bool, root: str) -> tuple[Link, ...]:
    """The sections nearest to a query that found nothing: without its filters, else by its characters one by one."""
    found = snapshot.search_articles(query, {}, NEAREST).articles if filtered and query else ()
    if not found and (characters := " ".join(_HAN.findall(query))):
        found = snapshot.search_articles(characters, {}, NEAREST).articles
    return tuple(
        Link(f"{hit.best.title} › {hit.best.heading}" if hit.best.heading else hit.best.title, root + hit.best.url)
        for hit in found
    )


def _listed(snapshot: Snapshot, root: str, most: int = NEAREST) -> tuple[Link, ...]:
    """What the home page lists."""
    return tuple(Link(card.title, root + card.url) for card in listed(snapshot)[1][:most])


def _topics(snapshot: Snapshot) -> tuple[Link, ...]:
    return tuple(Link(topic.title, topic_url(topic.id)) for topic in snapshot.topics() if topic.articles)[:TOPICS_SHOWN]


def what_was_done(query: str, names: Sequence[str], site: str) -> str:
    """What to tell a person who is asked for help, so that nobody starts from the beginning."""
    filters = f"（筛选：{'、'.join(names)}）" if names else ""
    return f"我在“{site}”搜索“{query}”{filters}，没有找到答案。\n我的情况是：\n"


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
