"""The contract of an engine: what the site needs of a built index, whatever keeps it.

In: nothing. Out: two Protocols, `Engine` and `Snapshot`. `helpcenter` knows these and no class behind them. Why here
and not beside our own engine: another one (a cluster, for instance) is written against this file, and takes of
`index/search` what it wants to share with ours: parsing, layers and guesses, which ask the Protocols of
`search/contracts.py` and never an array on disk.

What every engine keeps to, and `tests/test_search.py` and `tests/test_guesses.py` try on each:

- A snapshot never changes. A page, its hits and its counts come from one version; a newer one is another object.
- No text makes `search` or its kin raise; only that what keeps the postings is away does (SearchUnavailable). A filter
  with an unknown value fits nothing; an unknown filter is ignored.
- Equal queries to one snapshot give equal answers, ties included: by article id, then by place in the article.
- What truly stands in a section is never ranked below a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from index.model import ArticleCard, ArticlePage, ArticleResults, FacetCount, Guide, Results, Topic
from index.site import SiteConfig


class Snapshot(Protocol):
    """One version of the content, built and ready to answer. Shared by all threads."""

    id: str
    """Changes with any change of content or of what ranks."""
    built: datetime
    """In UTC."""
    article_count: int
    section_count: int

    def load(self) -> None:
        """Load what a first query would wait for; for a server, before it answers."""

    def __hash__(self) -> int:
        """Snapshots are keys of caches."""

    def site(self) -> SiteConfig:
        """What `_site.yml` said when this was built: name, filters, words, contacts."""

    # Articles

    def cards(self) -> tuple[ArticleCard, ...]:
        """All articles, by id."""

    def topics(self) -> tuple[Topic, ...]:
        """All topics that have articles, in their order."""

    def topic(self, topic_id: str) -> Topic | None:
        """One topic, or None."""

    def page(self, article_id: str) -> ArticlePage | None:
        """An article with its surroundings, or None."""

    def resembling(self, address: str, limit: int) -> tuple[ArticleCard, ...]:
        """The articles whose ids are spelt most like `address`, nearest first; for addresses that were mistyped."""

    def media(self, path: str) -> bytes | None:
        """A picture that articles show, by its path in the content folder, or None."""

    def media_size(self, path: str) -> tuple[int, int] | None:
        """Its width and height in pixels; None where that is not known."""

    def moved(self, place: str) -> str | None:
        """Where the article `id`, or the section `id#anchor`, that lay at `place` is now; None where nobody knows."""

    def guides(self) -> tuple[Guide, ...]:
        """All guides, by id."""

    def guide(self, guide_id: str) -> Guide | None:
        """One guide, or None."""

    def pocket(self) -> Mapping[str, object]:
        """What a device needs to search the saved articles by itself: fold table, readings, words, synonyms, asks,
        weights; see `search/pocket.py`."""

    # Search

    def search(
        self, query: str, filters: Mapping[str, Sequence[str]] | None = None, limit: int = 10, offset: int = 0
    ) -> Results:
        """Return hits `offset` to `offset + limit` for `query`, among the sections that fit `filters`.

        At most MAX_LIMIT hits. Values of one filter widen, filters narrow one another. An empty query lists all
        sections in the articles' order. A filter's own choice does not narrow its own counts.
        """

    def search_articles(
        self,
        query: str,
        filters: Mapping[str, Sequence[str]] | None = None,
        limit: int = 8,
        offset: int = 0,
        *,
        typing: bool = False,
    ) -> ArticleResults:
        """Return articles `offset` to `offset + limit` for `query`, each where its best section stands.

        Filters and limit as in `search`. `typing`: the reader may type on, so the answer must cost little; a settled
        one may differ. An empty query lists the articles by topic and order.
        """

    def find_guides(self, query: str) -> tuple[Guide, ...]:
        """The guides that `query` names, best first; mostly none."""

    def rank_articles(self, query: str, limit: int, layers: Collection[str] | None = None) -> list[tuple[str, float]]:
        """Return up to `limit` article ids for `query`, where each one's best section stands, and its score.

        `layers`: the names of those that may find; None for all.
        """

    def facets(self) -> Mapping[str, tuple[FacetCount, ...]]:
        """Every filter value of the site with how many sections have it."""

    def explain(self, query: str, article_id: str, anchor: str | None = None) -> str:
        """Say in lines of text how `query` was cut, and why a section is found or not, at which score.

        Without `anchor`, the article's best section. Raises KeyError where the article or the section does not exist.
        """


class Engine(Protocol):
    """Where the live snapshot comes from. One a process, made by `index.open_library`."""

    def snapshot(self) -> Snapshot:
        """Return the live snapshot; cheap enough for every request.

        A new one that cannot be opened leaves the old one in service. Raises IndexUnavailable where there is none; its
        message (Simplified Chinese) says what is wrong, where, and the way out.
        """

    def ready(self) -> None:
        """Return where a search would be answered now; a probe. Raises IndexUnavailable as `snapshot`."""


class Keeper(Protocol):
    """What keeps postings outside the index folder, and must have a snapshot's before that goes live."""

    def fill(self, place: Path, stamp: Mapping[str, Any], tell: Callable[[str, int, int], None]) -> None:
        """Take over the built snapshot in `place`; nothing to do where that was done. Raises IndexUnavailable."""

    def sweep(self, kept: Collection[str]) -> None:
        """Forget all snapshots but those whose identities, of 12 characters, are `kept`. Raises IndexUnavailable."""
