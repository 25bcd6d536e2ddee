"""Web pages: what of a page is its article.

In: HTML of any origin. Out: the article's fields and its body as Markdown. Beautiful Soup reads, markdownify writes;
ours is only what to leave out.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date
from typing import Any

from bs4 import BeautifulSoup, Tag
from markdownify import markdownify

from index.content.sanitizing import DROPPED

_AROUND = ("nav", "header", "footer", "aside", "form", "button", "input", "dialog")
"""Parts of a page that stand around its article."""
_TRACKER = re.compile(r"(?:utm_\w+|fbclid|gclid|msclkid|mc_[ce]id|spm|scm|share_token|_hs\w+)=.*")


def article_of(text: str) -> tuple[dict[str, Any], str, list[str]]:
    """The fields of a page's article, its body as Markdown, and notes for the author."""
    notes: list[str] = []
    soup = BeautifulSoup(text, "html.parser")
    head = {
        "title": soup.title.get_text(" ", strip=True) if soup.title else "",
        "summary": _meta(soup, "description", "og:description"),
        "updated": _meta(soup, "article:modified_time", "article:published_time", "last-modified")[:10],
        "source": _meta(soup, "og:url"),
    }
    canonical = soup.find("link", rel="canonical")
    if isinstance(canonical, Tag):
        head["source"] = str(canonical.get("href") or head["source"])
    main = soup.find("article") or soup.find("main") or soup.select_one('[role="main"]') or soup.body or soup
    assert isinstance(main, Tag)
    heading = main.find("h1") or soup.find("h1")
    title = heading.get_text(" ", strip=True) if isinstance(heading, Tag) else ""
    for tag in main.find_all([*sorted(DROPPED), *_AROUND]):
        if not tag.decomposed:
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
    return {key: value for key, value in fields.items() if value}, re.sub(r"\n{3,}", "\n\n", body), notes


def without_trackers(address: str) -> str:
    """An address less the parameters by which advertising follows a reader."""
    before, mark, fragment = address.partition("#")
    path, _, query = before.partition("?")
    kept = "&".join(part for part in re.split("&amp;|&", query) if part and not _TRACKER.fullmatch(part))
    return path + (f"?{kept}" if kept else "") + mark + fragment


def _meta(soup: BeautifulSoup, *names: str) -> str:
    for name in names:
        for key in ("name", "property", "http-equiv"):
            tag = soup.find("meta", attrs={key: name})
            if isinstance(tag, Tag) and tag.get("content"):
                return " ".join(str(tag["content"]).split())
    return ""
