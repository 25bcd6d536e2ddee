"""Answering: whether one section answers the query, so that the page may show it whole above all results.

In: a query, its ranking, the sections' records. Out: the number of one section, or None. Why so timid: a wrong answer
above the right result costs more trust than a missing one, and the result stands first anyway. Nothing is generated:
what is shown is a section as it was written. The thresholds are in `data/weights.toml`, under `answer`.

The rule:

1. The query says enough: a few words that are no stop words. One word names a subject and asks nothing.
2. The best section was found by its words, does not stand above the first heading (such a lead speaks of the whole
   article), and is short enough to be read above a list.
3. It stands clearly above its article's next section, and above the best one of any other article.
4. It holds next to all of the query's words, weighed by how rare each is, and most of them itself: a title says the
   same for every section.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from index.search.contracts import Lexicon
from index.search.queries import Query
from index.search.searching import Ranking
from index.store.keys import FIELD_BREAK, FIELDS


class Answerer:
    """The rule over one snapshot. `record`: all that is searched of a section; `idf`: how rare a frequency is."""

    def __init__(
        self,
        thresholds: Mapping[str, float],
        lexicon: Lexicon,
        record: Callable[[int], str],
        idf: Callable[[int], float],
    ) -> None:
        self._thresholds = thresholds
        self._lexicon = lexicon
        self._record = record
        self._idf = idf

    def answer(self, query: Query, ranking: Ranking, article_of: Any, first_of: list[int]) -> int | None:
        """The section that answers `query`, or None. Whether its words found it, the caller knows.

        `article_of`: the article number of each section; `first_of`: the first section of each article.
        """
        least = self._thresholds
        if not len(ranking.order):
            return None
        best = int(ranking.order[0])
        article = int(article_of[best])
        if not self._clear(ranking, best, article_of):
            return None
        fields = dict(zip(FIELDS, self._record(best).split(FIELD_BREAK), strict=True))
        if (best == first_of[article] and not fields["heading"]) or len(fields["body"]) > least["longest"]:
            return None
        asked = [one for one in query.terms if one.kind == "words" and one.content and one.origin == "query"]
        if len(asked) < least["words"]:
            return None
        known = self._lexicon.frequencies([term.key for term in asked])
        weights = {term.text: self._idf(known.get(term.key, 0)) for term in asked}
        title = fields.pop("title")
        own = "\n".join(fields.values())
        held = sum(weight for word, weight in weights.items() if word in own or word in title)
        held_itself = sum(weight for word, weight in weights.items() if word in own)
        whole = sum(weights.values())
        return best if held >= least["held"] * whole and held_itself >= least["held_itself"] * whole else None

    def _clear(self, ranking: Ranking, best: int, article_of: Any) -> bool:
        """Whether the best section stands clearly above all others."""
        order, scores = ranking.order, ranking.scores
        if len(order) < 2:
            return True
        others = order[article_of[order] != article_of[best]]
        rival = float(scores[others[0]]) if len(others) else 0.0
        top = float(scores[best])
        least = self._thresholds
        return rival <= least["rival"] * top and float(scores[order[1]]) <= least["next"] * top
