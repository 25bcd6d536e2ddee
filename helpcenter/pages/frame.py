"""The frame: what surrounds every page, and how a page object becomes HTML.

In: settings, the snapshot's words, the request's place. Out: `frame` for a page object, its HTML by `render`.
Why the work is done in page objects: templates stay flat and call nothing, and what a page says can be tested without
HTML. Each page has a file of its own beside this one, named after it.
A new page: a frozen dataclass with a `frame`, a template of the same name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from flask import Flask, current_app, request
from jinja2 import ChoiceLoader, FileSystemLoader
from markupsafe import Markup, escape

from helpcenter.http import traditional
from helpcenter.http.caching import fingerprints
from helpcenter.pages.colours import style_address
from helpcenter.settings import Settings
from index import IndexUnavailable, Library, SiteConfig

PACKAGE = Path(__file__).parent.parent
STYLES = ("app.css", "home.css", "results.css", "article.css", "guide.css")
"""In order; all on every page, since a search turns any page into results."""
SCRIPTS = ("app.js", "article.js", "offline.js", "vendor/htmx.min.js")
STATIC_NAMES = (*STYLES, *SCRIPTS, "icon.svg", "icons.svg")
ICONS = frozenset(re.findall(r'<symbol id="([\w-]+)"', (PACKAGE / "static" / "icons.svg").read_text("utf-8")))
"""The names of our drawings."""


BAND, SIGN = "#0b4f4e", "#8fe0d3"
"""The header on light pages and our sign in it, of a site without colours of its own; as in app.css and icon.svg."""


@dataclass(frozen=True, slots=True)
class Site:
    """What is the same on all pages of a snapshot: its words, and what the settings put in their place."""

    name: str
    support_url: str
    words: SiteConfig
    assets: Mapping[str, str]
    has_guides: bool
    has_news: bool
    """Whether an article says when it changed or was checked: without any, the feed is empty."""

    @property
    def styles(self) -> tuple[str, ...]:
        """The addresses of the style sheets; the site's own colours come last."""
        own = style_address(self.words)
        return (*(self.assets[name] for name in STYLES), *([own] if own else []))

    @property
    def icon(self) -> str:
        """The address of the picture that stands for the site in tabs and on home screens, below the mount."""
        if self.words.logo:
            return f"/media/{quote(self.words.logo)}"
        return "/site-icon.svg" if self.words.light else self.assets["icon.svg"]

    @property
    def band(self) -> str:
        """The colour of the header on light pages, for what surrounds the page."""
        return self.words.light.band if self.words.light else BAND

    @property
    def band_dark(self) -> str:
        """The same on dark pages."""
        return self.words.dark.band if self.words.dark else "#0d2a29"


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
    """This page in the other script; empty where there is none (errors, sites in one script)."""
    simplified: str
    traditional: str
    """Empty likewise."""
    query: str = ""
    """What the search box holds."""
    kind: str = "website"


class Page(Protocol):
    """What `render` takes: any object with a frame."""

    @property
    def frame(self) -> Frame: ...


def prepare(app: Flask) -> None:
    """Set up templates and what all pages share."""
    # In a wheel the templates lie inside the package, in the project beside it.
    app.jinja_loader = ChoiceLoader(
        [FileSystemLoader(PACKAGE / "templates"), FileSystemLoader(PACKAGE.parent / "templates")]
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.extensions["assets"] = fingerprints(STATIC_NAMES)


def render(template: str, page: object) -> str:
    """The HTML of a page object. Skips Flask's context processors, which nothing uses: 15 µs a page."""
    return current_app.jinja_env.get_template(template).render(page=page)


def fragment(html: str, page: Page) -> str:
    """The changing part alone, led by its title: htmx moves that to the window."""
    return f"<title>{escape(page.frame.title)}</title>\n{html}"


def frame(
    title: str = "", description: str = "", path: str = "", query: str = "", kind: str = "website", status: int = 200
) -> Frame:
    """The frame of the requested page, whose canonical address is `path` below the root.

    An error has no canonical address: the host itself may be what is wrong.
    """
    shared = site()
    settings: Settings = current_app.extensions["settings"]
    root = request.script_root
    is_mirror = traditional.is_traditional()
    mount = root.removesuffix(traditional.PREFIX) if is_mirror else root
    origin = "" if status >= 400 else settings.base_url or _host_url(*map(request.environ.get, HOST)) + mount
    simplified = origin + path if origin else ""
    mirror = origin + traditional.PREFIX + path if origin and shared.words.traditional else ""
    return Frame(
        site=shared,
        title=f"{title} · {shared.name}" if title else shared.name,
        description=description or shared.words.description or f"{shared.name}：先做什么，后做什么，一步一步写清楚。",
        lang=traditional.LANGUAGE if is_mirror else "zh-Hans",
        root=root,
        mount=mount,
        canonical=mirror if is_mirror else simplified,
        alternate=(mount if is_mirror else mount + traditional.PREFIX) + path if mirror else "",
        simplified=simplified,
        traditional=mirror,
        query=query,
        kind=kind,
    )


DEFAULTS = SiteConfig()


def site() -> Site:
    """What all pages share, made anew when the snapshot's words change. Without an index, the defaults."""
    library: Library = current_app.extensions["library"]
    try:
        live = library.snapshot()
        words = live.site()
    except IndexUnavailable:
        live, words = None, DEFAULTS
    shared: Site | None = current_app.extensions.get("site")
    if shared is None or shared.words is not words:
        settings: Settings = current_app.extensions["settings"]
        shared = current_app.extensions["site"] = Site(
            settings.site_name or words.name,
            settings.support_url or words.support,
            words,
            current_app.extensions["assets"],
            live is not None and bool(live.guides()),
            live is not None and any(card.updated or card.verified for card in live.cards()),
        )
    return shared


HOST = ("wsgi.url_scheme", "HTTP_HOST", "SERVER_NAME", "SERVER_PORT")


@lru_cache(maxsize=64)
def _host_url(*_host: str | None) -> str:
    """The origin that the current request asks, which is one for each value of HOST. Building it takes 20 µs."""
    return request.host_url.rstrip("/")


def local(html: str) -> Markup:
    """Sanitised HTML of the snapshot, its links into this site kept below the current root."""
    root = request.script_root
    if root:
        for place in ("articles", "topics", "search", "guides", "media"):
            html = html.replace(f'="/{place}', f'="{root}/{place}')
    return Markup(html)  # noqa: S704 the snapshot holds sanitised HTML only
