"""The page object of the home page: emergencies first, then topics and articles.

In: the snapshot, counted searches. Out: `HomePage`. Why its own file: where nothing was found, the results page lists
the same emergencies and articles.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from flask import request

from helpcenter.pages.contacts import ContactLine, all_contacts
from helpcenter.pages.frame import ICONS, Frame, frame
from helpcenter.pages.guide_cards import GuideCard, guide_card
from helpcenter.pages.popular import LISTED, listed
from helpcenter.pages.topic_page import topic_url
from index import ArticleCard, Snapshot, Tile, Topic


@dataclass(frozen=True, slots=True)
class Emergency:
    """A large entry of the home page."""

    label: str
    urgency: str
    level: str
    first: str
    icon: str
    """A symbol of `static/icons.svg`."""
    url: str = ""


MOST_LOOSE = 100
"""Articles without a topic that are listed."""
GRID = {"phone": (2, 1), "tablet": (3, 2), "wide": (5, 3)}
"""Most and least columns of topics; `static/home.css` says from which width."""


@dataclass(frozen=True, slots=True)
class HomePage:
    frame: Frame
    emergencies: tuple[Emergency, ...]
    topics: tuple[Topic, ...]
    topic_urls: Mapping[str, str]
    topic_icons: Mapping[str, str]
    grid: str
    """Classes that say in how many columns the topics leave no gap."""
    guides: tuple[GuideCard, ...]
    """Those that no emergency leads to."""
    loose: tuple[ArticleCard, ...]
    """Articles without a topic, which no page of a topic lists."""
    listed: tuple[ArticleCard, ...]
    listed_heading: str
    recent: tuple[ArticleCard, ...]
    article_count: int


@dataclass(frozen=True, slots=True)
class AboutPage:
    frame: Frame
    article_count: int
    built: str
    contacts: tuple[ContactLine, ...]
    verified: bool
    """Whether articles say when they were checked."""


def about_page(snapshot: Snapshot) -> AboutPage:
    """What the site says of itself."""
    view = frame("关于本站", "内容从哪里来、怎么核实，本站记下什么、不记什么。", "/about")
    verified = any(card.verified for card in snapshot.cards())
    return AboutPage(
        view, snapshot.article_count, f"{snapshot.built:%Y-%m-%d}", all_contacts(snapshot.site()), verified
    )


def home_page(snapshot: Snapshot, counted: bool = True) -> HomePage:
    """The home page; `counted`: it lists what readers ask most, where that is known."""
    tiles = snapshot.site().tiles
    topics = tuple(topic for topic in snapshot.topics() if topic.articles)
    verified = [card for card in snapshot.cards() if card.verified]
    heading, first = listed(snapshot, counted)
    loose = tuple(card for card in snapshot.cards() if not card.topic)
    return HomePage(
        frame=frame(path="/"),
        emergencies=tuple(
            Emergency(tile.label, tile.urgency_label, tile.urgency, tile.first, icon(tile.icon), tile_url(tile))
            for tile in tiles
        ),
        topics=topics,
        topic_urls={topic.id: topic_url(topic.id) for topic in topics},
        topic_icons={topic.id: icon(topic.icon or topic.id.rpartition("/")[2]) for topic in topics},
        grid=" ".join(f"{name}-{columns(len(topics), *bounds)}" for name, bounds in GRID.items()),
        guides=tuple(guide_card(one) for one in snapshot.guides() if all(tile.guide != one.id for tile in tiles)),
        loose=loose[:MOST_LOOSE],
        listed=() if first == loose[: len(first)] else first,
        listed_heading=heading,
        recent=tuple(sorted(verified, key=lambda card: str(card.verified), reverse=True)[:LISTED]),
        article_count=snapshot.article_count,
    )


def tile_url(tile: Tile) -> str:
    """Where a tile leads, below the current root."""
    root = request.script_root
    if tile.article:
        return f"{root}/articles/{quote(tile.article, safe='/#')}"
    if tile.guide:
        return f"{root}/guides/{quote(tile.guide)}"
    asked = [("q", tile.search)] if tile.search else []
    return f"{root}/search?" + urlencode([*asked, *((name, v) for name, own in tile.filters.items() for v in own)])


def icon(name: str) -> str:
    """The symbol of that name, or the one for any page."""
    return name if name in ICONS else "page"


def columns(items: int, most: int, least: int) -> int:
    """Into how many columns, of `least` to `most`, so many items go with the fewest gaps in the last row."""
    return min(range(most, least - 1, -1), key=lambda count: -items % count)
