"""The layer of substrings: sections that hold a piece of the query though no word of it stands there as a word.

In: the ranking. Out: its sections without a word. Why: whatever way jieba cuts, two neighbouring characters are found;
and where nothing else is found, a section with every character of the query is.
"""

from __future__ import annotations

from collections.abc import Iterator

from index.search.layers.contract import Asked, Finding


class Substring:
    """Sections with pairs of the query's characters, or, where there is no such section, with all its characters."""

    name, label, guesses = "substring", "原文包含", False

    def find(self, asked: Asked) -> Iterator[Finding]:
        """All of them."""
        ranking = asked.ranking
        characters = tuple(term.text for term in asked.query.terms if term.kind == "characters")
        yield Finding(ranking.sections(with_word=False), marks=characters if ranking.only_characters else None)
