"""The page object of the home page: emergencies first, then topics and articles.

In: the snapshot, counted searches. Out: `HomePage`. Why its own file: where nothing was found, the results page lists
the same emergencies and articles.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from flask import request

from helpcenter.pages.frame import Frame, frame
from helpcenter.pages.popular import LISTED, popular
from helpcenter.pages.topic_page import topic_url
from index import ArticleCard, Snapshot, Topic


@dataclass(frozen=True, slots=True)
class Emergency:
    """A large entry of the home page."""

    situation: str
    urgency: str
    level: str
    first: str
    url: str = ""


EMERGENCIES = (
    Emergency("丢失", "立即", "now", "先锁住手机，再向运营商停号，然后补卡。"),
    Emergency("损坏", "尽快", "soon", "先分清是手机坏了，还是卡的资料坏了。"),
    Emergency("换机", "自己可办", "self", "旧手机先别抹掉，号码转好了再清空。"),
    Emergency("激活失败", "自己可办", "self", "先连上 Wi-Fi 再试，不要删掉已装的 eSIM。"),
)


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
    """The home page. An emergency no article speaks of is left out."""
    known = {count.value for count in snapshot.facets().get("situation", ())}
    root = request.script_root
    topics = tuple(topic for topic in snapshot.topics() if topic.articles)
    verified = [card for card in snapshot.cards() if card.verified]
    often = popular(snapshot) or ()
    return HomePage(
        frame=frame(path="/"),
        emergencies=tuple(
            Emergency(e.situation, e.urgency, e.level, e.first, f"{root}/search?situation={quote(e.situation)}")
            for e in EMERGENCIES
            if e.situation in known
        ),
        topics=topics,
        topic_urls={topic.id: topic_url(topic.id) for topic in topics},
        listed=often or tuple(topic.articles[0] for topic in topics)[:LISTED],
        listed_heading="常看" if often else "可以先看",
        recent=tuple(sorted(verified, key=lambda card: str(card.verified), reverse=True)[:LISTED]),
        article_count=snapshot.article_count,
    )
