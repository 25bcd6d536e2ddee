"""Popular articles: those that answer what readers ask most.

In: the counted searches of the last month, the snapshot. Out: cards for the home page and for searches without result.
Why by searches and not by visits: they are counted anyway, without anything about readers, and what is found without
searching needs no entry. Found out once a day and snapshot, since thirty searches take 30 ms.
"""

from __future__ import annotations

from flask import current_app

from helpcenter.store.store import Store, StoreUnavailable, today
from index import ArticleCard, Snapshot

DAYS = 30
LOOKED_AT = 30
"""Most frequent queries that are looked up."""
OFTEN = 3
"""Searches that make a query frequent; fewer may be one reader's."""
LISTED = 6
"""Two rows of three on a desktop, one screen on a phone."""


def popular(snapshot: Snapshot) -> tuple[ArticleCard, ...]:
    """The articles that fully answer the most frequent queries, at most LISTED; none where too little was counted."""
    kept: dict[object, tuple[ArticleCard, ...]] = current_app.extensions.setdefault("popular", {})
    key = snapshot.id, today()
    if key not in kept:
        found = tuple(_found(snapshot, current_app.extensions["store"]))
        kept.clear()
        kept[key] = found
    return kept.get(key, ())


def _found(snapshot: Snapshot, store: Store) -> list[ArticleCard]:
    try:
        counted = store.searches(DAYS)
    except StoreUnavailable:
        return []
    asked = {query: counts.asked for query, counts in counted.items() if counts.asked >= OFTEN}
    often = sorted(asked, key=lambda query: (-asked[query], query))[:LOOKED_AT]
    by_id = {card.id: card for card in snapshot.cards()}
    firsts = (hit for query in often for hit in snapshot.search(query, limit=1).hits)
    return list(dict.fromkeys(by_id[hit.article] for hit in firsts if hit.complete))[:LISTED]
