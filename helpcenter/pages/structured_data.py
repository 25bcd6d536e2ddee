"""JSON-LD: what search engines are told of an article.

In: an article, its frame, its breadcrumbs. Out: the content of one `<script type="application/ld+json">`.
Why a script element under a strict policy: browsers neither run nor block a data block; a test in Chromium says so.
HowTo and FAQPage are claimed only where the article truly is one (see `steps` and `questions`): search engines punish
decoration.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Any

from markupsafe import Markup

from helpcenter.pages.frame import Frame
from index import Article, Section

QUESTION_MARKS = ("？", "?")
VOID = frozenset(("br", "hr", "img", "input", "wbr"))


def linked_data(article: Article, view: Frame, trail: Sequence[tuple[str, str]]) -> Markup:
    """The article, its breadcrumbs, and what else it is. `<` is escaped, so no title can end the script element.

    `trail` is title and address of the topics above, below `view.root`.
    """
    about = {"headline": article.title, "description": article.summary}
    origin = view.canonical.partition("/articles/")[0]
    steps = [(view.site.name, "/"), *((title, url.removeprefix(view.root)) for title, url in trail)]
    crumbs = [
        {"@type": "ListItem", "position": place, "name": title, "item": origin + url}
        for place, (title, url) in enumerate(steps, 1)
    ]
    crumbs.append({"@type": "ListItem", "position": len(crumbs) + 1, "name": article.title, "item": view.canonical})
    publisher = {"@type": "Organization", "name": view.site.name}
    dated = {"dateModified": article.updated.isoformat()} if article.updated else {}
    page = {"inLanguage": view.lang, "mainEntityOfPage": view.canonical}
    data: list[dict[str, Any]] = [
        {"@type": "Article", **about, **page, "author": publisher, "publisher": publisher, **dated},
        {"@type": "BreadcrumbList", "itemListElement": crumbs},
    ]
    if asked := questions(article):
        data.append({"@type": "FAQPage", **page, "mainEntity": asked})
    elif told := how_to(article):
        data.append({"@type": "HowTo", "name": article.title, "description": article.summary, **page, "step": told})
    text = json.dumps([{"@context": "https://schema.org", **entry} for entry in data], ensure_ascii=False)
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704 escaped right here


def questions(article: Article) -> list[dict[str, Any]]:
    """The questions of an article all of whose headings are questions, at least two; else nothing."""
    headed = [section for section in article.sections if section.heading]
    if len(headed) < 2 or not all(section.heading.endswith(QUESTION_MARKS) for section in headed):
        return []
    return [
        {
            "@type": "Question",
            "name": section.heading,
            "acceptedAnswer": {"@type": "Answer", "text": section.text},
        }
        for section in headed
        if section.text
    ]


def how_to(article: Article) -> list[dict[str, Any]]:
    """The steps of an article most of whose sections are numbered steps, one HowToSection each; else nothing."""
    headed = [section for section in article.sections if section.heading]
    stepped = [(section, listed) for section in headed if (listed := steps(section))]
    if not stepped or 2 * len(stepped) <= len(headed):
        return []
    return [
        {
            "@type": "HowToSection",
            "name": section.heading,
            "position": place,
            "itemListElement": [
                {"@type": "HowToStep", "position": number, "text": text} for number, text in enumerate(listed, 1)
            ],
        }
        for place, (section, listed) in enumerate(stepped, 1)
    ]


def steps(section: Section) -> list[str]:
    """The items of the numbered lists that stand directly in a section, those nested in them included in their text."""
    if "<ol" not in section.html:
        return []
    reader = _Items()
    reader.feed(section.html)
    return [text for item in reader.items if (text := " ".join(item.split()))]


class _Items(HTMLParser):
    """Reads the items of outermost numbered lists. The index hands out well-formed HTML, so counting tags is enough; a
    parser for any HTML takes 0.15 s of the server's start."""

    def __init__(self) -> None:
        super().__init__()
        self.items: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in VOID:
            self.open.append(tag)
            if self.open == ["ol", "li"]:
                self.items.append("")

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open[:2] == ["ol", "li"]:
            self.items[-1] += data
