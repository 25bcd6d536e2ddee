"""Showing: what a reader sees of a found section.

In: the texts of one snapshot's sections, numbers of found ones, what their snippets mark. Out: hits. Why the texts lie
beside the process that answers, whatever engine ranks: snippets, a run of the query word for word and the answer are
all read from them, and to fetch them would cost a round trip each.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path

from index.model import Hit, SectionLink
from index.search.snippets import snippet
from index.store.blobs import Texts
from index.store.keys import FIELD_BREAK, FIELDS
from index.store.serializing import CARD_BREAK

_BREAK = FIELD_BREAK.encode()


class Records:
    """The texts of one snapshot's sections. `cards`: what a hit shows of each, see `CARD_BREAK`."""

    def __init__(self, place: Path, cards: Texts) -> None:
        self._cards = cards
        self.folded = Texts(place / "folded")
        """All that is searched of each section, folded."""
        self.body = lru_cache(maxsize=256)(partial(_body, Texts(place / "text"), self.folded, Texts(place / "lines")))
        """The section's body as written and folded, and what its lines are. Many a query finds the same few."""
        self.link = lru_cache(maxsize=4096)(partial(_link, cards))
        """The section's heading and address, as a `SectionLink`. A page of results has some forty."""

    def asks(self, number: int) -> list[str]:
        """How readers ask for the section, folded."""
        asks = self.folded[number].decode().split(FIELD_BREAK)[FIELDS.index("asks")]
        return [ask for ask in asks.split("\n") if ask]

    def anchor(self, number: int) -> str:
        """The section's anchor, empty above the first heading."""
        return self._cards[number].decode().split(CARD_BREAK)[1]

    def hit(self, number: int, score: float, complete: bool, matched: str, passage: str) -> Hit:
        """What is shown of a found section; `passage`: HTML."""
        article, section, title, heading, topic, url = self._cards[number].decode().split(CARD_BREAK)
        return Hit(article, section, title, heading, topic, url, passage, round(score, 4), matched, complete)

    def passage(self, number: int, marks: Sequence[str], around: int = 0) -> str:
        """A snippet of the section, with `marks` marked; where none stands there, what stands at `around`."""
        return snippet(*self.body(number), marks, around)


def _link(cards: Texts, number: int) -> SectionLink:
    _, _, _, heading, _, url = cards[number].decode().split(CARD_BREAK)
    return SectionLink(heading, url)


def _body(texts: Texts, records: Texts, line_kinds: Texts, number: int) -> tuple[str, str, str]:
    folded = records[number]
    body = folded[folded.rfind(_BREAK) + 1 :]  # in the record it comes last
    return texts[number].decode(), body.decode(), line_kinds[number].decode()
