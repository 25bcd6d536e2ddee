"""Web pages: what of a page is its article.

In: HTML of any origin. Out: the article's fields and its body as Markdown. nh3 parses as browsers do (HTML 5: an open
`<li>` ends where the next begins) and drops what no article needs, scripts and `javascript:` links among it; Beautiful
Soup then reads well-formed markup and markdownify writes. Ours is only what to leave out.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date
from typing import Any
from urllib.parse import unquote, urlsplit

import nh3
from bs4 import BeautifulSoup, Tag
from markdownify import markdownify

from index.content.sanitizing import DROPPED, HTML_TAGS, SCHEMES

_AROUND = ("nav", "header", "footer", "aside", "form", "button", "input", "dialog")
"""Parts of a page that stand around its article."""
_FURNITURE = re.compile(
    r"(?:^|[-_ ])(?:cookies?|consent|gdpr|breadcrumbs?|sidebar|toc|share|sharing|related|comments?|pagination|pager|"
    r"skip|navbar|navigation|menu|newsletter|banner|vote|votes)(?:$|[-_ ])",
    re.IGNORECASE,
)
"""Names by which the exports of help systems mark the same, in `class`, `id` or `role`."""
MAX_TAGS = 100_000
"""A longer page is refused: reading 50,000 tags takes a second."""
_KEPT = (HTML_TAGS - DROPPED) | {"center"}
_ATTRIBUTES = {
    "*": {"id", "class", "role"},
    "a": {"href", "title"},
    "img": {"src", "alt", "title", "width", "height"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
_TRACKER = re.compile(r"(?:utm_\w+|fbclid|gclid|msclkid|mc_[ce]id|spm|scm|share_token|_hs\w+)=.*")


def article_of(text: str) -> tuple[dict[str, Any], str, list[str]]:
    """The fields of a page's article, its body as Markdown, and notes for the author."""
    notes: list[str] = []
    head = _head(text)
    soup = BeautifulSoup(
        nh3.clean(
            text,
            tags=set(_KEPT),
            clean_content_tags=set(DROPPED),
            attributes={name: set(values) for name, values in _ATTRIBUTES.items()},
            url_schemes=set(SCHEMES),
            link_rel=None,
        ),
        "html.parser",
    )
    main = soup.find("article") or soup.find("main") or soup.select_one('[role="main"]') or soup
    assert isinstance(main, Tag)
    heading = main.find("h1") or soup.find("h1")
    title = heading.get_text(" ", strip=True) if isinstance(heading, Tag) else ""
    for tag in main.find_all(True):
        if not tag.decomposed and (tag.name in _AROUND or _is_furniture(tag)):
            tag.decompose()
    for tag in main.find_all("img"):
        if str(tag.get("width", "")) in ("0", "1") or str(tag.get("height", "")) in ("0", "1"):
            tag.decompose()
            notes.append("去掉了一个跟踪像素")
    body = markdownify(str(main), heading_style="ATX", bullets="-", escape_underscores=False, escape_asterisks=False)
    fields: dict[str, Any] = {"title": title or head["title"], "summary": head["summary"]}
    with suppress(ValueError):
        fields["updated"] = date.fromisoformat(head["updated"])
    if head["source"].startswith(("https://", "http://")):
        fields["sources"] = (without_trackers(head["source"]),)
        fields["moved_from"] = (_old_id(head["source"]),)
    fields = {key: value for key, value in fields.items() if value and value != ("",)}
    return fields, re.sub(r"\n{3,}", "\n\n", body), notes


def without_trackers(address: str) -> str:
    """An address less the parameters by which advertising follows a reader."""
    before, mark, fragment = address.partition("#")
    path, _, query = before.partition("?")
    kept = "&".join(part for part in re.split("&amp;|&", query) if part and not _TRACKER.fullmatch(part))
    return path + (f"?{kept}" if kept else "") + mark + fragment


def _head(text: str) -> dict[str, str]:
    """What the page says of itself. Only its beginning is read."""
    end = text.lower().find("<body")
    soup = BeautifulSoup(text[: end if end > 0 else 20_000], "html.parser")
    head = {
        "title": soup.title.get_text(" ", strip=True) if soup.title else "",
        "summary": _meta(soup, "description", "og:description"),
        "updated": _meta(soup, "article:modified_time", "article:published_time", "last-modified")[:10],
        "source": _meta(soup, "og:url"),
    }
    canonical = soup.find("link", rel="canonical")
    if isinstance(canonical, Tag):
        head["source"] = str(canonical.get("href") or head["source"])
    return head


def _is_furniture(tag: Tag) -> bool:
    named = [tag.get("id"), tag.get("role"), *(tag.get("class") or ())]
    return tag.name in ("div", "section", "ul", "ol", "p", "span", "table") and any(
        _FURNITURE.search(str(name)) for name in named if name
    )


def _old_id(address: str) -> str:
    """The path of an address as an article's id."""
    return re.sub(r"\.\w{2,5}$", "", unquote(urlsplit(address).path)).strip("/")


def _meta(soup: BeautifulSoup, *names: str) -> str:
    for name in names:
        for key in ("name", "property", "http-equiv"):
            tag = soup.find("meta", attrs={key: name})
            if isinstance(tag, Tag) and tag.get("content"):
                return " ".join(str(tag["content"]).split())
    return ""
