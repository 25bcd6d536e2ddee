"""The site for programs: site map, news feed, robots, a list for language models, search from the address bar.

In: the snapshot, the requested host. Out: `/sitemap.xml`, `/feed.atom`, `/robots.txt`, `/llms.txt`, `/llms-full.txt`,
`/opensearch.xml`.
Why templates here too: each format is small and fixed, and its shape is best read as it will be sent.
All addresses are absolute, from the setting `base_url` or else from the request, so set it where hosts may vary. Below
`/zh-hant` feed, list and search description are in Traditional.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from html import escape
from urllib.parse import quote

from flask import Blueprint, Response, current_app, request

from helpcenter.http import traditional
from helpcenter.http.caching import keep
from helpcenter.pages import frame as pages
from helpcenter.pages.frame import Frame
from helpcenter.pages.made import made
from helpcenter.pages.views import parse_number, snapshot
from helpcenter.settings import Settings
from index import ArticleCard, Snapshot, Topic

MOST_PLACES = 10_000
"""Pages in one site map. Each is listed in both scripts; the protocol ends at 50,000 entries or 50 MB."""
NEWS = 30
"""Entries of the feed: a few months of changes."""
LONGEST_SHORT_NAME = 16
"""Characters; OpenSearch 1.1 allows no more."""
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, even escaped; a title may."""

blueprint = Blueprint("feeds", __name__)


@dataclass(frozen=True, slots=True)
class Place:
    """A page in the site map."""

    simplified: str
    traditional: str
    changed: date | None


@dataclass(frozen=True, slots=True)
class SiteMap:
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class SiteMaps:
    """The list of site maps of a site too large for one."""

    urls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """An article in the feed."""

    id: str
    title: str
    summary: str
    topic: str
    url: str
    changed: date
    content: str
    """The article's HTML, addresses absolute."""


@dataclass(frozen=True, slots=True)
class Feed:
    frame: Frame
    id: str
    home: str
    changed: str
    """RFC 3339."""
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class ListedTopic:
    """A heading of `/llms.txt` and what stands under it."""

    title: str
    articles: tuple[ArticleCard, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    frame: Frame
    home: str
    topics: tuple[ListedTopic, ...]


@dataclass(frozen=True, slots=True)
class Robots:
    mount: str
    site_map: str


@dataclass(frozen=True, slots=True)
class SearchDescription:
    frame: Frame
    short_name: str
    home: str
    icon: str


@blueprint.get("/sitemap.xml")
def sitemap() -> Response:
    """All pages in both scripts; of a very large site the list of its parts, `?part=1` and so on."""
    origin = pages.frame().simplified
    places = list_places(snapshot(), origin)
    parts = -(-len(places) // MOST_PLACES)
    if "part" not in request.args and parts > 1:
        urls = tuple(f"{origin}/sitemap.xml?part={number}" for number in range(1, parts + 1))
        return answer("sitemaps.xml", SiteMaps(urls), "application/xml")
    number = parse_number("part", 1, 1, parts)
    chosen = places[(number - 1) * MOST_PLACES : number * MOST_PLACES]
    return answer("sitemap.xml", SiteMap(tuple(chosen)), "application/xml")


@blueprint.get("/feed.atom")
def feed() -> Response:
    """The articles changed or checked last, newest first."""
    live = snapshot()
    frame = pages.frame()
    settings: Settings = current_app.extensions["settings"]
    name = uuid.uuid5(uuid.NAMESPACE_URL, f"{settings.base_url or frame.site.name}/{frame.lang}")
    dated = [(day, card) for card in live.cards() if (day := changed(card))]
    dated.sort(key=lambda item: (-item[0].toordinal(), item[1].id))
    entries = tuple(
        Entry(
            # Not the address: readers would see every article anew when the host changes.
            id=uuid.uuid5(name, card.id).urn,
            title=card.title,
            summary=card.summary,
            topic=topic.title if (topic := live.topic(card.topic)) else "",
            url=frame.canonical + card.url,
            changed=day,
            content=whole(live, card.id, frame.canonical),
        )
        for day, card in dated[:NEWS]
    )
    newest = f"{entries[0].changed}T00:00:00Z" if entries else live.built.isoformat(timespec="seconds")
    return answer("feed.xml", Feed(frame, name.urn, frame.canonical, newest, entries), "application/atom+xml")


@blueprint.get("/llms.txt")
def llms() -> Response:
    """Every article with the address of its Markdown, by topic, as llmstxt.org describes it."""
    live = snapshot()
    frame = pages.frame()
    topics = [ListedTopic(one_line(topic.title), listed(topic.articles)) for topic in live.topics() if topic.articles]
    if loose := listed(card for card in live.cards() if not card.topic):
        topics.append(ListedTopic("其他", loose))
    return answer("llms.txt", Listing(frame, frame.canonical, tuple(topics)), "text/plain")


@blueprint.get("/llms-full.txt")
def llms_full() -> Response:
    """Every article's Markdown in one text, each under a line that names its address."""
    live = snapshot()
    home = pages.frame().canonical

    def text() -> str:
        sources = (page.article for card in live.cards() if (page := live.page(card.id)))
        return (
            "\n\n".join(f"<!-- {home}/articles/{quote(one.id)} -->\n\n{one.source.strip()}" for one in sources) + "\n"
        )

    return made((live.id, home), text, "text/plain; charset=utf-8")


@blueprint.get("/robots.txt")
def robots() -> Response:
    """All pages but the endless ones: a query or a filter alone is a list worth finding, their combinations and the
    pages that follow (each has a `&`) are without number. A list that holds nothing says so itself: `noindex`."""
    frame = pages.frame()
    return answer("robots.txt", Robots(frame.mount, f"{frame.simplified}/sitemap.xml"), "text/plain")


@blueprint.get("/opensearch.xml")
def opensearch() -> Response:
    """Lets a browser search the site from its address bar."""
    frame = pages.frame()
    icon = frame.simplified + frame.site.icon
    page = SearchDescription(frame, frame.site.name[:LONGEST_SHORT_NAME], frame.canonical, icon)
    return answer("opensearch.xml", page, "application/opensearchdescription+xml")


def answer(template: str, page: object, media_type: str) -> Response:
    """The filled template, in Traditional below the mirror: addresses are percent-encoded and so not touched."""
    text = NOT_XML.sub("", pages.render(template, page))
    if traditional.is_traditional():
        text = traditional.to_traditional(text)
    return keep(Response(text, content_type=f"{media_type}; charset=utf-8"))


def list_places(live: Snapshot, origin: str) -> list[Place]:
    """Home, topics, guides, articles."""
    guides = live.guides()
    mirror = origin + traditional.PREFIX if live.site().traditional else ""

    def place(path: str, days: Iterable[date | None]) -> Place:
        return Place(origin + path, mirror + path if mirror else "", max(filter(None, days), default=None))

    def topic_days(topic: Topic) -> Iterable[date | None]:
        return map(changed, topic.articles)

    return [
        place("/", map(changed, live.cards())),
        *(place(f"/topics/{quote(topic.id)}", topic_days(topic)) for topic in live.topics()),
        *([place("/guides", [])] if guides else []),
        *(place(f"/guides/{quote(guide.id)}", []) for guide in guides),
        *(place(card.url, [changed(card)]) for card in live.cards()),
    ]


def whole(live: Snapshot, id: str, home: str) -> str:
    """An article's HTML for readers elsewhere."""
    page = live.page(id)
    parts = page.article.sections if page else ()
    html = "\n".join(f"<h2>{escape(part.heading)}</h2>\n{part.html}" if part.heading else part.html for part in parts)
    return html.replace('="/', f'="{home}/')


def changed(card: ArticleCard) -> date | None:
    """The day its page last changed; a check against the source shows on the page too."""
    return max(filter(None, (card.updated, card.verified)), default=None)


def listed(cards: Iterable[ArticleCard]) -> tuple[ArticleCard, ...]:
    """The same cards with titles and summaries that cannot break a Markdown list."""
    return tuple(
        ArticleCard(card.id, one_line(card.title), one_line(card.summary), card.topic, card.url) for card in cards
    )


def one_line(text: str) -> str:
    """`text` for use inside a Markdown link."""
    return re.sub(r"([\[\]\\])", r"\\\1", " ".join(text.split()))
