"""The layer of words: sections that have one of the query's words as a word.

In: the ranking. Out: its sections with a word. Why it scores nothing itself: words, pairs and single characters add up
to one score (`searching.py`), and apart they rank worse.
"""

from __future__ import annotations

from collections.abc import Iterator

from index.search.layers.contract import Asked, Finding


class Words:
    """Sections with a word of the query."""

    name, label, guesses = "words", "词语匹配", False

    def find(self, asked: Asked) -> Iterator[Finding]:
        """All of them."""
        yield Finding(asked.ranking.sections(with_word=True))
