"""The page objects of an article and of one of its sections: body, contents, what it applies to, how fresh it is.

In: an `ArticlePage` of the snapshot and today's date. Out: `ArticleView`, `SectionView`.
Why today is handed in: it decides whether readers are warned of the article's age, and tests set it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from urllib.parse import quote

from markupsafe import Markup

from helpcenter.pages.contacts import ContactLine, contacts_for
from helpcenter.pages.frame import Frame, frame, local
from helpcenter.pages.steps import first_step, split_facts, with_step_ids
from helpcenter.pages.structured_data import linked_data
from helpcenter.pages.topic_page import crumbs
from index import Article, ArticleCard, ArticlePage, Section, SiteConfig, Snapshot

SECTION_TOP = "_"
"""Stands for the part above the first heading in `/articles/<id>/sections/…`, where an anchor cannot be empty."""
STALE_AFTER = timedelta(days=180)
"""Fees, menus and forms change about twice a year."""


@dataclass(frozen=True, slots=True)
class SectionBlock:
    """A section as the article shows it."""

    anchor: str
    heading: str
    level: int
    html: Markup
    place: str
    """`article-id#anchor`, under which this device keeps ticks."""


@dataclass(frozen=True, slots=True)
class Applies:
    """One line of 适用: the filter's name, and each value with the search it leads to."""

    name: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Ahead:
    """The first step of an article, shown above what stands before it."""

    heading: str
    step: str
    url: str


@dataclass(frozen=True, slots=True)
class ArticleView:
    frame: Frame
    article: Article
    heading: Markup
    """The title, broken between words alone."""
    crumbs: tuple[tuple[str, str], ...]
    scope: str
    """What it applies to, in the one line that everyone sees; empty where nothing narrows it."""
    checked: str
    """When it was checked, as short as can be: `11-14`, with the year if it is another."""
    facts: Markup
    """The list of 适合, 用时, 备好 that opens it, shown on demand."""
    applies: tuple[Applies, ...]
    sections: tuple[SectionBlock, ...]
    step_count: int
    ahead: Ahead | None
    """Where other sections stand before the first with steps: where those begin."""
    contents: tuple[SectionBlock, ...]
    warning: str
    related: tuple[ArticleCard, ...]
    previous: ArticleCard | None
    next: ArticleCard | None
    contacts: tuple[ContactLine, ...]
    source_url: str
    linked_data: Markup


@dataclass(frozen=True, slots=True)
class SectionView:
    frame: Frame
    title: str
    section: SectionBlock
    article_url: str


def article_view(snapshot: Snapshot, page: ArticlePage, today: date) -> ArticleView:
    """An article and its surroundings. `today` decides whether readers are warned of its age."""
    article = page.article
    url = f"/articles/{quote(article.id)}"
    sections = [replace(one, html=with_step_ids(one.html, one.anchor)) for one in article.sections]
    facts = ""
    if sections and not sections[0].anchor:
        facts, rest = split_facts(sections[0].html)
        sections[:1] = [replace(sections[0], html=rest)] if rest.strip() else []
    blocks = tuple(section_block(article, section) for section in sections)
    stepped = next((block for block in blocks if 'class="steps"' in block.html), None)
    late = stepped not in blocks[: 2 if blocks and not blocks[0].anchor else 1]
    narrow = (
        [value for value in article.filters.get(one.name, ()) if value not in one.any]
        for one in snapshot.site().filters
        if one.shown
    )
    scope = next(filter(None, narrow), [])
    trail = crumbs(snapshot, article.topic)
    view = frame(article.title, article.summary, url, kind="article")
    return ArticleView(
        frame=view,
        article=article,
        heading=Markup("<wbr>").join(page.title_phrases or (article.title,)),
        crumbs=trail,
        applies=tuple(
            Applies(one.label, tuple((value, f"{view.root}/search?{one.name}={quote(value)}") for value in values))
            for one in snapshot.site().filters
            if one.shown and (values := article.filters.get(one.name))
        ),
        scope="、".join(scope),
        checked=short_date(article.verified, today),
        facts=local(facts),
        sections=blocks,
        step_count=sum(block.html.count("<li id=") for block in blocks),
        ahead=Ahead(stepped.heading, first_step(stepped.html), f"#{stepped.anchor}-s1") if late and stepped else None,
        contents=tuple(block for block in blocks if block.anchor and block.level <= 3),
        warning=age_warning(article, today, snapshot.site()),
        related=page.related,
        previous=page.previous,
        next=page.next,
        contacts=contacts_for(snapshot.site(), article.filters),
        source_url=f"{view.root}{url}.md",
        linked_data=linked_data(article, view, trail),
    )


def section_view(page: ArticlePage, section: Section) -> SectionView:
    """One section by itself; search engines are sent to its place in the article."""
    article = page.article
    url = f"/articles/{quote(article.id)}" + (f"#{quote(section.anchor)}" if section.anchor else "")
    title = f"{section.heading} · {article.title}" if section.heading else article.title
    view = frame(title, article.summary, url, kind="article")
    return SectionView(view, article.title, section_block(article, section), view.root + url)


def section_block(article: Article, section: Section) -> SectionBlock:
    """A section with its HTML led into the mirror where needed."""
    place = f"{article.id}#{section.anchor}"
    return SectionBlock(section.anchor, section.heading, section.level, local(section.html), place)


def age_warning(article: Article, today: date, words: SiteConfig) -> str:
    """What to tell readers about an article past its date, or nothing."""
    if article.expires and article.expires <= today:
        return f"本文的有效期到 {chinese_date(article.expires)}，{words.note_expired}"
    if article.verified and today - article.verified > STALE_AFTER:
        return f"本文上次核实是 {chinese_date(article.verified)}，已超过 180 天，{words.note_unverified}"
    return ""


def short_date(day: date | None, today: date) -> str:
    """`11-14`, with the year where it is not this one; nothing for no date."""
    return f"{day:%m-%d}" if day and day.year == today.year else f"{day}" if day else ""


def chinese_date(day: date) -> str:
    """2026 年 3 月 1 日."""
    return f"{day.year} 年 {day.month} 月 {day.day} 日"
