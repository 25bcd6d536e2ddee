"""The page object of results: articles with their best sections, filters, and what to say when there are none.

In: a query as the reader typed it, filters, a page number, the results of the snapshot. Out: `ResultsPage`.
Why apart from the other pages: it is rendered at every keystroke, so addresses are put together from quoted pieces,
and no list is longer than it is shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote_plus

from flask import request
from markupsafe import Markup

from helpcenter.pages.article_page import SECTION_TOP
from helpcenter.pages.contacts import ContactLine, contacts_for
from helpcenter.pages.filters import Filter, filters_of, label_of, topic_labels
from helpcenter.pages.frame import Frame, frame, local
from helpcenter.pages.guide_cards import GuideCard, guide_card
from helpcenter.pages.home_page import home_page
from helpcenter.pages.topic_page import TOPICS_SHOWN, topic_url
from index import LAYERS, Answer, ArticleCard, ArticleHit, ArticleResults, SectionLink, Snapshot

PER_PAGE = 8
"""Articles on a page; few readers scroll to more."""
LINES_PER_PAGE = 24
"""Where filters alone list articles, a row each."""
LAST_PAGE = 500
NEAREST = 3
"""Sections offered where nothing was found."""
WHY = {layer.name: layer.label for layer in LAYERS if layer.guesses}
"""What is said about a hit. Literal matches show for themselves."""
_HAN = re.compile("[\u3400-\u9fff]")
TOP = "概要"
"""The heading of what stands above an article's first."""


class Link(NamedTuple):
    """A section or topic to go to. (A named tuple, made in a quarter of a dataclass's time.)"""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Card:
    """An article among the results: `templates/_cards.html`."""

    url: str
    title: str
    topic: str
    heading: str
    """Of its best section, as are the following four."""
    section_url: str
    unfold_url: str
    snippet: Markup
    steps: tuple[Markup, ...]
    """The first steps, shown instead of the snippet; none where the section has no numbered list."""
    step_count: int
    why: str
    """Why it is there, where its words do not show it."""
    near: tuple[Link, ...]
    """The next best sections."""
    more: tuple[Link, ...]
    """All others, to unfold."""
    begins_partial: bool
    """Whether a line before it says that from here on only a part of the query is held."""


@dataclass(frozen=True, slots=True)
class AnswerBox:
    """The section that answers the query, whole."""

    title: str
    article_url: str
    heading: str
    url: str
    html: Markup
    verified: date | None


@dataclass(frozen=True, slots=True)
class Line:
    """An article where filters alone were asked for."""

    topic: str
    """Its topic's title where it is the first of that, else empty."""
    title: str
    summary: str
    url: str


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
        answer=_answer(results.answer, root) if results.answer else None,
        cards=cards_of(results, (number - 1) * size, root),
        lines=_lines(results.listed, labels, root),
        filters=filters_of(snapshot, results.facets, chosen, results.total),
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
        filters=filters_of(snapshot, snapshot.facets(), {}, snapshot.section_count),
        chips=(),
        clear_url="",
        suggestion="",
        suggestion_url="",
        page=1,
        pages=1,
        previous_url="",
        next_url="",
        asked=False,
        nearest_heading=home_page(snapshot).listed_heading,
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


def cards_of(results: ArticleResults, offset: int, root: str) -> tuple[Card, ...]:
    """The articles as cards; `offset` is the place of the first among all that were found."""
    turn = results.partial_from - offset if 0 < results.partial_from < results.total else -1
    return tuple(_card(hit, root, number == turn) for number, hit in enumerate(results.articles))


def _card(hit: ArticleHit, root: str, begins_partial: bool) -> Card:
    best = hit.best
    path, _, anchor = best.url.partition("#")
    return Card(
        url=root + path,
        title=best.title,
        topic=best.topic,
        heading=best.heading or TOP,
        section_url=root + best.url,
        unfold_url=f"{root}{path}/sections/{anchor or SECTION_TOP}",
        snippet=Markup(best.snippet),  # noqa: S704 escaped by the index
        steps=tuple(map(Markup, hit.steps)),
        step_count=hit.step_count,
        why=WHY.get(best.matched, ""),
        near=_links(hit.near, root),
        more=_links(hit.more, root),
        begins_partial=begins_partial,
    )


def _answer(answer: Answer, root: str) -> AnswerBox:
    return AnswerBox(
        title=answer.title,
        article_url=root + answer.url.partition("#")[0],
        heading=answer.heading or TOP,
        url=root + answer.url,
        html=local(answer.html),
        verified=answer.verified,
    )


def _links(sections: Sequence[SectionLink], root: str) -> tuple[Link, ...]:
    """Other sections of an article; to its part above the first heading its title leads."""
    return tuple([Link(heading, root + url) for heading, url in sections if heading])


def _lines(cards: Sequence[ArticleCard], labels: Mapping[str, str], root: str) -> tuple[Line, ...]:
    lines: list[Line] = []
    before = None
    for card in cards:
        topic = labels.get(card.topic, "") if card.topic != before else ""
        before = card.topic
        lines.append(Line(topic, card.title, card.summary, root + card.url))
    return tuple(lines)


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
    return tuple(Link(card.title, root + card.url) for card in home_page(snapshot).listed[:most])


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
