"""Page objects: everything one template shows, as ready words and addresses.

In: records of `index`, the request's place. Out: one frozen object for each template, and its HTML by `render`.
Why the work is done here: templates stay flat and call nothing, so rendering ten hits takes some 50 µs, and what a page
says can be tested without HTML. The two pages with most to say have files of their own: `results_page.py` and
`article_page.py`.
A new page: a dataclass with a `frame` here, a template of the same name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from flask import Flask, current_app, request
from jinja2 import ChoiceLoader, FileSystemLoader
from markupsafe import Markup, escape

from helpcenter.http import traditional
from helpcenter.http.caching import fingerprints
from helpcenter.pages.popular import LISTED, popular
from helpcenter.settings import Settings
from index import ArticleCard, Snapshot, Topic

PACKAGE = Path(__file__).parent.parent
STATIC_NAMES = ("app.css", "app.js", "vendor/htmx.min.js", "icon.svg", "site.webmanifest")


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


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """What is the same on all pages while the process lives. One for each application, so compared by identity."""

    name: str
    support_url: str
    base_url: str
    assets: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Frame:
    """What surrounds every page: `templates/base.html`."""

    site: Site
    title: str
    description: str
    lang: str
    root: str
    """Prefix of all addresses: empty, `/zh-hant`, or where a proxy mounts the site, or both."""
    mount: str
    """The same without the mirror: where assets lie."""
    canonical: str
    alternate: str
    """This page in the other script; empty where there is none (errors)."""
    simplified: str
    traditional: str
    query: str = ""
    """What the search box holds."""
    kind: str = "website"


class Page(Protocol):
    """What `render` takes: any object with a frame."""

    @property
    def frame(self) -> Frame: ...


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


@dataclass(frozen=True, slots=True)
class TopicPage:
    frame: Frame
    topic: Topic
    body: Markup
    crumbs: tuple[tuple[str, str], ...]
    subtopics: tuple[tuple[str, str, int], ...]
    """Title, address, number of articles."""


@dataclass(frozen=True, slots=True)
class ErrorPage:
    frame: Frame
    code: int
    heading: str
    message: str


def prepare(app: Flask) -> None:
    """Set up templates and what all pages share."""
    settings: Settings = app.extensions["settings"]
    # In a wheel the templates lie inside the package, in the project beside it.
    app.jinja_loader = ChoiceLoader(
        [FileSystemLoader(PACKAGE / "templates"), FileSystemLoader(PACKAGE.parent / "templates")]
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.extensions["site"] = Site(
        settings.site_name, settings.support_url, settings.base_url, fingerprints(STATIC_NAMES)
    )


def render(template: str, page: object) -> str:
    """The HTML of a page object. Skips Flask's context processors, which nothing uses: 15 µs a page."""
    return current_app.jinja_env.get_template(template).render(page=page)


def fragment(html: str, page: Page) -> str:
    """The changing part alone, led by its title: htmx moves that to the window."""
    return f"<title>{escape(page.frame.title)}</title>\n{html}"


def slot(name: str) -> Markup:
    """What stands in a page object for a value that `form` leaves to be filled in."""
    return Markup(f"\0{name}\0")  # noqa: S704 a mark, no text


class _Slots:
    """A page object whose every field is a slot."""

    def __getattr__(self, name: str) -> Markup:
        return slot(name)


def form(template: str, page: object) -> str:
    """A template rendered but for its slots, for `form % {slot: HTML}`. The caller escapes what it fills in.

    For what is the same but for a few words, fifty times a page or once on each: Jinja takes 1 µs for each value, this
    a tenth. Nothing else should use it.
    """
    return re.sub("\0(.*?)\0", r"%(\1)s", render(template, page).strip().replace("%", "%%"))


@cache
def small_form(template: str) -> str:
    """The form of a template whose page object has nothing but slots."""
    return form(template, _Slots())


def frame(
    title: str = "", description: str = "", path: str = "", query: str = "", kind: str = "website", status: int = 200
) -> Frame:
    """The frame of the requested page, whose canonical address is `path` below the root.

    An error has no canonical address: the host itself may be what is wrong.
    """
    site: Site = current_app.extensions["site"]
    root = request.script_root
    is_mirror = traditional.is_traditional()
    mount = root.removesuffix(traditional.PREFIX) if is_mirror else root
    origin = "" if status >= 400 else site.base_url or _host_url(*map(request.environ.get, HOST)) + mount
    simplified, mirror = (origin + path, origin + traditional.PREFIX + path) if origin else ("", "")
    return Frame(
        site=site,
        title=f"{title} · {site.name}" if title else site.name,
        description=description or f"{site.name}：先做什么，后做什么，一步一步写清楚。",
        lang=traditional.LANGUAGE if is_mirror else "zh-Hans",
        root=root,
        mount=mount,
        canonical=mirror if is_mirror else simplified,
        alternate=(mount if is_mirror else mount + traditional.PREFIX) + path if origin else "",
        simplified=simplified,
        traditional=mirror,
        query=query,
        kind=kind,
    )


HOST = ("wsgi.url_scheme", "HTTP_HOST", "SERVER_NAME", "SERVER_PORT")


@lru_cache(maxsize=64)
def _host_url(*_host: str | None) -> str:
    """The origin that the current request asks, which is one for each value of HOST. Building it takes 20 µs."""
    return request.host_url.rstrip("/")


def home_page(snapshot: Snapshot) -> HomePage:
    """The home page. An emergency no article speaks of is left out."""
    known = {count.value for count in snapshot.facets().get("situation", ())}
    root = request.script_root
    topics = tuple(topic for topic in snapshot.topics() if topic.articles)
    verified = [card for card in snapshot.cards() if card.verified]
    often = popular(snapshot)
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


def topic_page(snapshot: Snapshot, topic: Topic) -> TopicPage:
    """A topic with its articles and the topics below it."""
    below = topic.id + "/"
    return TopicPage(
        frame=frame(topic.title, topic.summary, topic_url(topic.id, root="")),
        topic=topic,
        body=local(topic.html),
        crumbs=crumbs(snapshot, topic.id.rpartition("/")[0]),
        subtopics=tuple(
            (child.title, topic_url(child.id), len(child.articles))
            for child in snapshot.topics()
            if child.id.startswith(below)
        ),
    )


def error_page(code: int, heading: str, message: str, query: str = "") -> ErrorPage:
    """An error, with a search box that already holds `query`."""
    return ErrorPage(frame(heading, message, query=query, status=code), code, heading, message)


def local(html: str) -> Markup:
    """Sanitised HTML of the snapshot, its links into this site kept below the current root."""
    root = request.script_root
    if root:
        for place in ("articles", "topics", "search"):
            html = html.replace(f'="/{place}', f'="{root}/{place}')
    return Markup(html)  # noqa: S704 the snapshot holds sanitised HTML only


def topic_url(topic: str, root: str | None = None) -> str:
    """The address of a topic below the current root."""
    return f"{request.script_root if root is None else root}/topics/{quote(topic)}"


def crumbs(snapshot: Snapshot, topic: str) -> tuple[tuple[str, str], ...]:
    """Title and address of `topic` and the topics above it, outermost first."""
    parts = topic.split("/") if topic else []
    trail = ("/".join(parts[: end + 1]) for end in range(len(parts)))
    return tuple(
        (known.title if (known := snapshot.topic(name)) else name.rpartition("/")[2], topic_url(name)) for name in trail
    )
