"""What results are shown as: an article with its best section, the section that answers, a row of a list.

In: the snapshot's results, the root of addresses. Out: `Card`, `AnswerBox`, `Line`. Why apart from the page: what one
of them holds is a subject of its own, which of them stand on a page is `results_page.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from markupsafe import Markup

from helpcenter.pages.article_page import SECTION_TOP
from helpcenter.pages.frame import local
from index import LAYERS, Answer, ArticleCard, ArticleHit, ArticleResults, SectionLink

WHY = {layer.name: layer.label for layer in LAYERS if layer.guesses}
"""What is said about a hit. Literal matches show for themselves."""
TOP = "概要"
"""The heading of what stands above an article's first."""


class Link(NamedTuple):
    """A section or topic to go to. (A named tuple, made in a quarter of a dataclass's time.)"""

    label: str
    url: str


class Card(NamedTuple):
    """An article among the results: `templates/_cards.html`. (A named tuple for the same reason.)"""

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


def answer_box(answer: Answer, root: str) -> AnswerBox:
    """The section that answers, its links below the current root."""
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


def lines_of(cards: Sequence[ArticleCard], labels: Mapping[str, str], root: str) -> tuple[Line, ...]:
    """Articles as rows, each topic named once."""
    lines: list[Line] = []
    before = None
    for card in cards:
        topic = labels.get(card.topic, "") if card.topic != before else ""
        before = card.topic
        lines.append(Line(topic, card.title, card.summary, root + card.url))
    return tuple(lines)
