"""What passes between the parts: plain records, no behaviour.

In: nothing. Out: the types that `index/__init__.py` hands to the web application and the command line.
Why here: readers of any other file meet these names first (article, section, topic, hit, facet, problem), and a
record that imports nothing can be imported by everything without a cycle.
A change here is a change of the seam: every field is used by a template, the JSON API or the command line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Problem:
    """Something about one place in one file. Printed as `path:line: message`."""

    path: str
    """Relative to the content folder, with `/`."""
    line: int
    """1-based; 1 where the whole file is meant."""
    message: str
    """Simplified Chinese: names the thing and the way out."""
    level: str = "fault"
    """`fault` stops a build, `warning` does not."""
    code: str = ""
    """A short stable name such as `broken-link`."""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


@dataclass(frozen=True, slots=True)
class Section:
    """The part of an article from one heading of level 2 to 4 to the next; the first may stand above any heading."""

    anchor: str
    """Unique in its article; empty for the part above the first heading."""
    heading: str
    """Plain text; empty likewise."""
    level: int
    """2 to 4; 0 for the part above the first heading."""
    html: str
    """Sanitised, without the heading itself. Safe to print as it is."""
    text: str
    """What a reader sees, heading excluded: inline text joined, blocks on lines of their own, a table's row on one, its
    cells apart by tabs."""
    lines: str = ""
    """What each line of `text` is, one character a line: see `sanitizing.py`."""
    asks: tuple[str, ...] = ()
    """Other ways readers ask for it (相似问); searched, never shown."""


@dataclass(frozen=True, slots=True)
class Article:
    """One Markdown file, parsed. Everything a page, the index or a feed needs of it."""

    id: str
    """Path without `.md`, e.g. `account/close`."""
    title: str
    sections: tuple[Section, ...]
    source: str
    """The file as written, front matter included."""
    topic: str = ""
    """The folder, e.g. `replacement`; nested folders joined by `/`; empty at the top."""
    summary: str = ""
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What it applies to: values by filter of the site; `topic` and filters without a value are not in it."""
    tags: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    order: float = 0.0
    updated: date | None = None
    verified: date | None = None
    expires: date | None = None
    sources: tuple[str, ...] = ()
    draft: bool = False
    owner: str = ""
    """Who looks after it, for the digest of `check --stale`; never shown to readers."""
    moved_from: tuple[str, ...] = ()
    """Ids it had before, and `id#anchor` of sections that moved here; each still leads here."""
    publish: date | None = None
    """Not shown before this day."""
    withdraw: bool = False
    """With `expires`: not shown from that day on; else a warning stands above it."""


@dataclass(frozen=True, slots=True)
class ArticleCard:
    """An article as a line in a list."""

    id: str
    title: str
    summary: str
    topic: str
    url: str
    updated: date | None = None
    verified: date | None = None
    expires: date | None = None


@dataclass(frozen=True, slots=True)
class Topic:
    """A folder of articles or of such folders; its words come from its `_topic.md`, if there is one."""

    id: str
    title: str
    summary: str
    html: str
    order: float
    articles: tuple[ArticleCard, ...]
    icon: str = ""
    """The name of its drawing; empty: the one called like the folder, if there is one."""


@dataclass(frozen=True, slots=True)
class ArticlePage:
    """An article with its surroundings, as the snapshot keeps it."""

    article: Article
    topic: Topic | None
    related: tuple[ArticleCard, ...]
    previous: ArticleCard | None
    next: ArticleCard | None
    title_phrases: tuple[str, ...] = ()
    """The title in pieces between which a line may end."""


@dataclass(frozen=True, slots=True)
class Option:
    """One answer to a question of a guide, and the question or outcome it leads to."""

    answer: str
    """A piece of the address."""
    label: str
    to: str


@dataclass(frozen=True, slots=True)
class Question:
    """What a guide asks."""

    ask: str
    hint: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where a guide leads: the steps that apply, in order."""

    title: str
    intro: str
    steps: tuple[str, ...]
    """`article-id#anchor` each, or an article's id alone for the part above its first heading."""
    contact: str = ""
    """The name of a contact of the site."""


@dataclass(frozen=True, slots=True)
class Guide:
    """Questions that lead to the steps that apply. Proven when it was built: every path ends in an outcome."""

    id: str
    title: str
    summary: str
    start: str
    """The first question (or, for a guide that asks nothing, the outcome)."""
    questions: Mapping[str, Question]
    outcomes: Mapping[str, Outcome]
    aliases: tuple[str, ...] = ()
    urgency: str = ""
    """`now`, `soon`, `self`, or nothing."""


@dataclass(slots=True)
class FacetCount:
    """One value of a filter and how many of the found sections have it."""

    value: str
    count: int


class Hit(NamedTuple):
    """One found section. (A named tuple is made four times as fast as a frozen dataclass, and ten are made a page.)"""

    article: str
    section: str
    """The anchor; empty for the part above the first heading."""
    title: str
    heading: str
    topic: str
    """The topic's title, for the line that says where the hit stands."""
    url: str
    """`/articles/<id>#<anchor>`, percent-encoded."""
    snippet: str
    """HTML-escaped text with `<mark>` around true matches only."""
    score: float
    matched: str
    """The name of the layer that found it, one of `search/layers`."""
    complete: bool = True
    """Whether the section holds all that was asked for, or shares only a part."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A section that answers a query, whole."""

    article: str
    section: str
    title: str
    heading: str
    url: str
    html: str
    """Sanitised, as in `Section`."""
    verified: date | None


@dataclass(frozen=True, slots=True)
class Results:
    """One page of hits for a query."""

    query: str
    total: int
    """How many sections were found in all, whatever the page."""
    complete: int
    """How many of them hold all that was asked for; the others share part of it."""
    hits: tuple[Hit, ...]
    facets: Mapping[str, tuple[FacetCount, ...]] = field(default_factory=dict)
    """Per filter, falling by count. A filter's own choice does not narrow its own counts, so choices can be changed."""
    suggestion: str | None = None
    """A corrected query for 您是不是要找 …, or None."""
    took_ms: float = 0.0
    answer: Answer | None = None
    """On the first page, where one section clearly answers; mostly None."""
    answered: bool = True
    """False where nothing holds enough of the query to answer it, though sections may share a part of it."""


class SectionLink(NamedTuple):
    """A section by its heading."""

    heading: str
    """Empty for the part above the first."""
    url: str


class ArticleHit(NamedTuple):
    """A found article: its best section, and where else in it the query is."""

    best: Hit
    """Without a snippet where there are steps."""
    steps: tuple[str, ...]
    """The first steps of a numbered list in the best section, HTML as in `Hit.snippet`; empty where it has none."""
    step_count: int
    near: tuple[SectionLink, ...]
    """The next best sections, in the article's order."""
    more: tuple[SectionLink, ...]
    """All others that were found, likewise; of an article that holds all of the query, those that do."""


@dataclass(frozen=True, slots=True)
class ArticleResults:
    """One page of articles for a query, or for filters alone."""

    query: str
    total: int
    """How many articles were found in all, whatever the page."""
    complete: int
    """How many of them hold all that was asked for in one section."""
    partial_from: int
    """The place (0 is the first of all) from which on none of those follows; 0 where there is none at all."""
    articles: tuple[ArticleHit, ...] = ()
    listed: tuple[ArticleCard, ...] = ()
    """Instead of `articles`, where nothing but filters was asked for: by topic and order."""
    facets: Mapping[str, tuple[FacetCount, ...]] = field(default_factory=dict)
    """As in `Results`, but counting articles, of those that hold all of the query where there are any."""
    suggestion: str | None = None
    answer: Answer | None = None
    answered: bool = True
    """As in `Results`."""


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did."""

    articles: int
    sections: int
    changed: int
    removed: int
    seconds: float
    snapshot: str
    full: bool
    reason: str
    """Why a full build was made, in Chinese; empty for an incremental one."""
    problems: tuple[Problem, ...] = ()


class IndexUnavailable(Exception):
    """No index can be served; the message (Simplified Chinese) says what is wrong, where, and the way out."""


class ModelUnavailable(Exception):
    """The model of meanings cannot be had; the message (Simplified Chinese) says what is missing and the way out."""


class SearchUnavailable(IndexUnavailable):
    """Nothing can be searched just now, though all that was built can be read; the message as there."""


class ContentFaults(Exception):
    """Articles are at fault; nothing was built and the live index is untouched. `problems` holds every fault."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(f"{len(problems)} 处错误")
        self.problems = problems
