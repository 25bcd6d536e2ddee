"""Vanishing: which addresses of the live site the articles as they are now would break, and where they should lead.

In: the articles of the live snapshot and those of the content folder. Out: `Vanished` addresses, each with the
likeliest new place; `write_forwards` writes those into `moved_from`. Why by likeness of text: a section that got a new
heading, or an article that got a new name, kept most of its words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rapidfuzz import fuzz, process

from index.content.articles import read_articles
from index.content.moving import read_source, with_moved_from, write_source
from index.model import Article, Problem, Section
from index.store.forwards import forwards

_ALIKE = 60  # of 100: below, nothing is proposed


@dataclass(frozen=True, slots=True)
class Vanished:
    """An address that readers may have, and that no article answers any more."""

    address: str
    """`id` or `id#anchor`."""
    target: str
    """The likeliest new place, likewise; empty where nothing is alike."""

    @property
    def entry(self) -> str:
        """What to write into `moved_from` of the target's article."""
        anchor = self.target.partition("#")[2]
        return f"{self.address} #{anchor}" if anchor else self.address

    def problem(self) -> Problem:
        """The warning for `check`."""
        id = (self.target or self.address).partition("#")[0]
        way = "在接替它的文章的 moved_from 里写上它；确实不要了就不用管"
        if self.target:
            way = f"在 moved_from 里写上 {self.entry}，或运行 helpcenter check --fix"
        message = f"旧地址 {self.address} 会打不开：{way}"
        return Problem(f"{id}.md", 1, message, "warning", "vanished-address")


def vanished(content: Path, live: Iterable[Article]) -> list[Vanished]:
    """Every article and anchor of the `live` site that the content folder neither has nor forwards."""
    now, _ = read_articles(content, drafts=True)
    by_id = {article.id: article for article in now}
    moved = forwards((article.id, article.moved_from, _anchors(article)) for article in now)
    before = list(live)
    known = {article.id for article in before}
    fresh = [article for article in now if article.id not in known]
    found = []
    for article in before:
        current = by_id.get(article.id)
        if current is None:
            if article.id not in moved:
                texts = {other.id: f"{other.title}\n{_text(other)}" for other in fresh}
                found.append(Vanished(article.id, _nearest(f"{article.title}\n{_text(article)}", texts)))
            continue
        new = {part.anchor: _words(part) for part in current.sections if part.anchor not in _anchors(article)}
        for part in article.sections:
            address = f"{article.id}#{part.anchor}"
            if part.anchor and part.anchor not in _anchors(current) and address not in moved:
                anchor = _nearest(_words(part), new)
                found.append(Vanished(address, f"{article.id}#{anchor}" if anchor else article.id))
    return found


def write_forwards(content: Path, found: Sequence[Vanished]) -> list[str]:
    """Write the proposed forwards into `moved_from`; returns the files that were changed."""
    files: dict[str, list[str]] = {}
    for one in found:
        if one.target:
            files.setdefault(f"{one.target.partition('#')[0]}.md", []).append(one.entry)
    for path, entries in files.items():
        write_source(content / path, with_moved_from(read_source(content / path), *entries))
    return list(files)


def _anchors(article: Article) -> set[str]:
    return {section.anchor for section in article.sections if section.anchor}


def _nearest(wanted: str, texts: dict[str, str]) -> str:
    best = process.extractOne(wanted, texts, scorer=fuzz.ratio, score_cutoff=_ALIKE)
    return str(best[2]) if best else ""


def _words(section: Section) -> str:
    return f"{section.heading}\n{section.text}"


def _text(article: Article) -> str:
    return "\n".join(section.text for section in article.sections)[:20_000]
