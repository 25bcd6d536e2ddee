"""Care: which articles need a look soon, by who owns them, and which addresses outside they name.

In: the content folder. Out: `Stale` records, outside links with their lines. Why not among the warnings of `checking`:
those are about a text as it stands; these depend on the day and on other people's servers, and are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from index.content.articles import article_id, examine, scan, scan_topics
from index.content.bodies import leaves
from index.content.checking import STALE_AFTER
from index.content.sites import SITE_FILE, read_site


@dataclass(frozen=True, slots=True)
class Stale:
    """An article that needs a look."""

    owner: str
    """Empty where none is named."""
    path: str
    title: str
    due: date
    """When it expires or counts as unverified; the first day there is where nobody ever verified it."""
    why: str


@dataclass(frozen=True, slots=True)
class OutsideLink:
    """An address of another site, and where it stands."""

    path: str
    line: int
    url: str


def stale(content: Path, days: int, *, today: date | None = None) -> list[Stale]:
    """What expires, or counts as unverified, within `days` or already; by owner, the most urgent first. No drafts."""
    today = today or date.today()  # noqa: DTZ011 (an author's own day)
    till = today + timedelta(days=days)
    filters = read_site(content).site.filters
    found = []
    for path, file in scan(content):
        article, _, front, _ = examine(article_id(path), path, file.read_bytes(), filters)
        if article is None or front.draft:
            continue
        reasons: list[tuple[date, str]] = []
        if front.expires and front.expires <= till:
            past = "已于" if front.expires <= today else "将于"
            reasons.append((front.expires, f"{past} {front.expires} 过期"))
        if front.verified is None:
            reasons.append((date.min, "从未核实"))
        elif (due := front.verified + timedelta(days=STALE_AFTER)) < till:
            reasons.append((due, f"上次核实是 {front.verified}"))
        if reasons:
            why = "，".join(reason for _, reason in reasons)
            found.append(Stale(front.owner, path, article.title, min(reasons)[0], why))
    return sorted(found, key=lambda one: (not one.owner, one.owner, one.due, one.path))


def outside_links(content: Path) -> Iterator[OutsideLink]:
    """Every http(s) address in articles, their `sources`, topics, and the contacts of the site."""
    site = read_site(content)
    for path, file in [*scan(content), *scan_topics(content)]:
        _, _, front, rendered = examine(article_id(path), path, file.read_bytes(), site.site.filters)
        found = [(front.lines.get("sources", 1), source) for source in front.sources]
        found += [(line, str(one.attrs.get("href", ""))) for line, one in leaves(rendered.tokens)]
        yield from (OutsideLink(path, line, url) for line, url in found if _is_outside(url))
    for key, contact in site.site.contacts.items():
        if _is_outside(contact.url):
            place = ("contacts", key, "url")
            yield OutsideLink(SITE_FILE, site.lines.get(place, 1), contact.url)


def _is_outside(url: str) -> bool:
    return url.lower().startswith(("https://", "http://")) and " " not in url
