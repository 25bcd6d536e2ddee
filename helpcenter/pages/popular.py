"""Popular articles: those that answer what readers ask most.

In: the counted searches of the last month, the snapshot. Out: cards for the home page and for searches without result.
Why by searches and not by visits: they are counted anyway, without anything about readers, and what is found without
searching needs no entry. Found out once a day and snapshot, since thirty searches take 30 ms, in a
thread of its own: a page waits a tenth of a second for it and no longer.
"""

from __future__ import annotations

from flask import current_app

from helpcenter.store.background import Latest
from helpcenter.store.records import StoreUnavailable
from helpcenter.store.store import Store, today
from index import ArticleCard, SearchUnavailable, Snapshot

WAIT, DAY = 0.1, 86400.0
"""Seconds that a page waits for the list, and that it stays good."""
DAYS = 30
LOOKED_AT = 30
"""Most frequent queries that are looked up."""
OFTEN = 3
"""Searches that make a query frequent; fewer may be one reader's."""
LISTED = 6
"""Two rows of three on a desktop, one screen on a phone."""


def popular(snapshot: Snapshot) -> tuple[ArticleCard, ...] | None:
    """The articles that fully answer the most frequent queries, at most LISTED; none where too little was counted.

    None while that is being worked out, or where the database does not answer: then the next page asks again.
    """
    latest: Latest[tuple[ArticleCard, ...]] = current_app.extensions.setdefault("popular", Latest(WAIT, DAY))
    store: Store = current_app.extensions["store"]
    try:
        return latest.get((snapshot.id, today()), lambda: tuple(_found(snapshot, store)))
    except (StoreUnavailable, SearchUnavailable):
        return None


def first_articles(snapshot: Snapshot) -> tuple[ArticleCard, ...]:
    """What is listed until that is known, at most LISTED: the first article of each topic; of no topic, the first."""
    firsts = tuple(topic.articles[0] for topic in snapshot.topics() if topic.articles)
    return (firsts or snapshot.cards())[:LISTED]


def listed(snapshot: Snapshot, counted: bool = True) -> tuple[str, tuple[ArticleCard, ...]]:
    """A heading and articles: 常看 for what readers ask most; until that is known the first ones, and no such claim."""
    often = popular(snapshot) if counted else None
    return ("常看", often) if often else ("可以先看", first_articles(snapshot))


def _found(snapshot: Snapshot, store: Store) -> list[ArticleCard]:
    counted = dict(store.frequent(DAYS, LOOKED_AT))
    asked = {query: counts.asked for query, counts in counted.items() if counts.asked >= OFTEN}
    often = sorted(asked, key=lambda query: (-asked[query], query))[:LOOKED_AT]
    by_id = {card.id: card for card in snapshot.cards()}
    firsts = (hit for query in often for hit in snapshot.search(query, limit=1).hits)
    return list(dict.fromkeys(by_id[hit.article] for hit in firsts if hit.complete))[:LISTED]
