"""The shelf: articles, topics, guides and pictures of one snapshot, each as it was written.

In: a snapshot's folder. Out: what a page shows of them. Why apart from searching: every engine serves them from these
files, so a page can be read though whatever searches is away.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from index.model import ArticleCard, ArticlePage, FacetCount, Guide, Topic
from index.search.filtering import Filters
from index.site import SiteConfig, site_from_json
from index.store.blobs import Texts
from index.store.forwards import forwarded
from index.store.pictures import dress
from index.store.serializing import article_from_bytes, guide_from_json

LONGEST_ID, ALIKE = 200, 70
"""Of a mistyped address: characters looked at, and the likeness (0 to 100) from which an article is offered."""


class Shelf:
    """What can be read of a snapshot. `near` finds the numbers of the articles nearest to one."""

    def __init__(self, place: Path, filters: Filters, near: Callable[[int], tuple[int, ...]]) -> None:
        self._filters = filters
        pages = Texts(place / "pages")
        self._near = near
        # The same few articles answer most queries: reading one again took 0.4 ms.
        self._article = lru_cache(maxsize=64)(lambda number: article_from_bytes(pages[number]))
        self._articles: list[dict[str, Any]] = _json(place, "articles")
        self._numbers = {article["id"]: number for number, article in enumerate(self._articles)}
        self._lines = tuple(map(_article_card, self._articles))
        self._sizes = {path: (width, height) for path, (width, height) in _json(place, "media_sizes").items()}
        self._topics = self._read_topics(_json(place, "topics"))
        in_topics = [card for topic in self._topics.values() for card in topic.articles]
        self._by_topic = [*in_topics, *(card for card in self._lines if card.topic not in self._topics)]
        self._media = Texts(place / "media")
        self._moved: dict[str, str] = _json(place, "moved")
        self._media_names = {name: number for number, name in enumerate(_json(place, "media"))}
        self._site = site_of(place)
        self._guides = {guide.id: guide for guide in map(guide_from_json, _json(place, "guides"))}

    def site(self) -> SiteConfig:
        """What `_site.yml` said when this was built: name, filters, words, contacts."""
        return self._site

    def cards(self) -> tuple[ArticleCard, ...]:
        """All articles, by id."""
        return self._lines

    def topics(self) -> tuple[Topic, ...]:
        """All topics in their order."""
        return tuple(self._topics.values())

    def topic(self, topic_id: str) -> Topic | None:
        """One topic, or None."""
        return self._topics.get(topic_id)

    def page(self, article_id: str) -> ArticlePage | None:
        """An article with its surroundings, or None."""
        number = self._numbers.get(article_id)
        if number is None:
            return None
        record = self._articles[number]
        topic = self._topics.get(record["topic"])
        beside = topic.articles if topic else tuple(card for card in self._lines if not card.topic)
        at = beside.index(self._lines[number])
        article = self._article(number)
        if self._sizes:
            sections = tuple(replace(one, html=dress(one.html, self._sizes)) for one in article.sections)
            article = replace(article, sections=sections)
        return ArticlePage(
            article=article,
            topic=topic,
            related=tuple(self._lines[other] for other in self._near(number)),
            previous=beside[at - 1] if at else None,
            next=beside[at + 1] if at + 1 < len(beside) else None,
        )

    def moved(self, place: str) -> str | None:
        """Where the article `id`, or the section `id#anchor`, that lay at `place` is now; None where nobody knows."""
        return forwarded(self._moved, place)

    def guides(self) -> tuple[Guide, ...]:
        """All guides, by id."""
        return tuple(self._guides.values())

    def guide(self, guide_id: str) -> Guide | None:
        """One guide, or None."""
        return self._guides.get(guide_id)

    def resembling(self, address: str, limit: int) -> tuple[ArticleCard, ...]:
        """The articles whose ids are spelt most like `address`, nearest first; for addresses that were mistyped."""
        from rapidfuzz import fuzz, process  # 40 ms that only a wrong address need wait for

        wanted = address.strip("/")[:LONGEST_ID].lower()
        names = [card.id.lower() for card in self._lines]
        found = process.extract(wanted, names, scorer=fuzz.ratio, score_cutoff=ALIKE, limit=limit)
        return tuple(self._lines[number] for _, _, number in found)

    def media(self, path: str) -> bytes | None:
        """A picture that articles show, by its path in the content folder, or None."""
        number = self._media_names.get(path)
        return None if number is None else self._media[number]

    def media_size(self, path: str) -> tuple[int, int] | None:
        """Its width and height in pixels; None where that is not known."""
        return self._sizes.get(path)

    def facets(self) -> Mapping[str, tuple[FacetCount, ...]]:
        """Every filter value of the site with how many sections have it."""
        return self._filters.whole

    def _read_topics(self, records: list[dict[str, Any]]) -> dict[str, Topic]:
        members: dict[str, list[tuple[float, str, ArticleCard]]] = {}
        for record, card in zip(self._articles, self._lines, strict=True):
            members.setdefault(card.topic, []).append((record["order"], card.id, card))
        for topic in [*members]:
            while topic := topic.rpartition("/")[0]:
                members.setdefault(topic, [])
        return {
            record["id"]: Topic(
                articles=tuple(card for *_, card in sorted(members[record["id"]], key=lambda item: item[:2])),
                **{**record, "html": dress(record["html"], self._sizes)},
            )
            for record in records
            if record["id"] in members
        }


def site_of(place: Path) -> SiteConfig:
    """The site's settings in a snapshot's folder."""
    return site_from_json(_json(place, "site"))


def _json(place: Path, name: str) -> Any:
    return json.loads((place / f"{name}.json").read_text("utf-8"))


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _article_card(record: dict[str, Any]) -> ArticleCard:
    return ArticleCard(
        id=record["id"],
        title=record["title"],
        summary=record["summary"],
        topic=record["topic"],
        url="/articles/" + quote(record["id"]),
        updated=_date(record["updated"]),
        verified=_date(record["verified"]),
        expires=_date(record["expires"]),
    )
