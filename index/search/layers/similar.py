"""The layer of similar writing: sections that hold what was meant by a slip.

In: a query of which a part stands nowhere. Out: sections that hold what sounds or is spelt like it. Nothing where some
section holds the query as it was typed.
"""

from __future__ import annotations

from collections.abc import Iterator

from index.search.layers.contract import Asked, Finding
from index.search.layers.guessed import look_up


class Similar:
    """Sections that hold what sounds or is spelt alike."""

    name, label, guesses = "similar", "相近写法", True

    def find(self, asked: Asked) -> Iterator[Finding]:
        """By each correction, the likeliest first."""
        if not len(asked.ranking.verbatim):
            yield from look_up(asked.guesses.corrected(asked.query.text), asked)
