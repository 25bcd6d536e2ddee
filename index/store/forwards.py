"""Forwards: old addresses that lead to where the article, or the section, is now.

In: each article's `moved_from` and its live anchors. Out: one table, old id or `id#anchor` → new one.
What an author writes: `old/id` leads to the article, `old/id#part` to the section of that name where it has one, else
to the article; `old/id#part #now` says which section. Chains are followed: a moved article may move again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

_LONGEST = 50  # steps of a chain; a cycle ends here


def forwards(articles: Iterable[tuple[str, Sequence[str], Iterable[str]]]) -> dict[str, str]:
    """The table of all `(id, moved_from, anchors)`. An address that is alive, or claimed before, is not forwarded."""
    moved: dict[str, str] = {}
    places: set[str] = set()
    for id, olds, anchors in articles:
        live = set(anchors)
        places.update((id, *(f"{id}#{anchor}" for anchor in live)))
        for old in olds:
            address, _, now = old.partition(" ")
            anchor = now.strip().removeprefix("#") or address.partition("#")[2]
            target = f"{id}#{anchor}" if anchor in live and anchor else id
            moved.setdefault(address.strip("/").removesuffix(".md"), target)
    return {old: end for old in moved if old not in places and (end := _followed(old, moved, places))}


def forwarded(moved: Mapping[str, str], place: str) -> str | None:
    """Where `id` or `id#anchor` is now; the anchor is kept where the whole article moved. None if nothing says so."""
    if place in moved:
        return moved[place]
    id, mark, anchor = place.partition("#")
    target = moved.get(id)
    return f"{target}#{anchor}" if target and mark and "#" not in target else target


def _followed(old: str, moved: Mapping[str, str], places: set[str]) -> str | None:
    place: str | None = old
    for _ in range(_LONGEST):
        place = forwarded(moved, place) if place else None
        if place in places:
            return place
        if place and "#" in place and place.partition("#")[0] in places:
            return place.partition("#")[0]
    return None
