"""The layer of pinyin: sections that hold what typed letters spell.

In: a query with letters that stand nowhere. Out: sections that hold Chinese text read so. Nothing where some section
holds the query as it was typed.
"""

from __future__ import annotations

from collections.abc import Iterator

from index.search.layers.contract import Asked, Finding
from index.search.layers.guessed import look_up


class Pinyin:
    """Sections that hold what the letters spell."""

    name, label, guesses = "pinyin", "拼音匹配", True

    def find(self, asked: Asked) -> Iterator[Finding]:
        """By each reading, the likeliest first."""
        if not len(asked.ranking.verbatim):
            yield from look_up(asked.guesses.spelled(asked.query.text), asked)
