"""The page object of the home page: emergencies first, then topics and articles.

In: the snapshot, counted searches. Out: `HomePage`. Why its own file: where nothing was found, the results page lists
the same emergencies and articles.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from flask import request

from helpcenter.pages.frame import Frame, frame
from helpcenter.pages.popular import LISTED, popular
from helpcenter.pages.topic_page import topic_url
from index import ArticleCard, Snapshot, Tile, Topic


@dataclass(frozen=True, slots=True)
class Emergency:
    """A large entry of the home page."""

    label: str
    urgency: str
    level: str
    first: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class HomePage:
    frame: Frame
    emergencies: tuple[Emergency, ...]
    topics: tuple[Topic, ...]
    topic_urls: Mapping[str, str]
    listed: tuple[ArticleCard, ...]
    listed_heading: str
    """常看 for what readers ask most; until that is known, the first article of each topic, and no such claim."""
    recent: tuple[ArticleCard, ...]
    article_count: int


def home_page(snapshot: Snapshot) -> HomePage:
    """The home page."""
    topics = tuple(topic for topic in snapshot.topics() if topic.articles)
    verified = [card for card in snapshot.cards() if card.verified]
    often = popular(snapshot) or ()
    return HomePage(
        frame=frame(path="/"),
        emergencies=tuple(
            Emergency(tile.label, tile.urgency_label, tile.urgency, tile.first, tile_url(tile))
            for tile in snapshot.site().tiles
        ),
        topics=topics,
        topic_urls={topic.id: topic_url(topic.id) for topic in topics},
        listed=often or tuple(topic.articles[0] for topic in topics)[:LISTED],
        listed_heading="常看" if often else "可以先看",
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
