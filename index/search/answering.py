"""Answering: whether one section answers the query, so that the page may show it whole above all results.

In: a query, its ranking, the sections' texts, how near each is in meaning. Out: the number of one section, or None. Why
so timid: a wrong answer above the right result costs more trust than a missing one, and the result stands first anyway.
Nothing is generated: what is shown is a section as it was written. The thresholds are in `data/weights.toml`, under
`answer`.

The rule:

1. The query says enough: a few words that are no stop words. One word names a subject and asks nothing.
2. The best section was found by its words, does not stand above the first heading (such a lead speaks of the whole
   article), and is short enough to be read above a list.
3. It stands above its article's next section, and above the best one of any other article.
4. One line - its heading, or one way of asking for it - holds with the title most of the query's words, weighed by how
   rare each is; all of them, where the text is without any. Or else the section holds next to all of them, most of them
   beside the title, which is the same for every section; then it must stand above the others by far.
5. Or else words and meaning agree: the best section is also the nearest in meaning, stands above the next, and is surer
   to answer at all than a list of results need be (`coverage.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from index.arrays import U32
from index.meaning.vectors import Near
from index.search.contracts import Lexicon, Ranked
from index.search.queries import Query
from index.store.blobs import Texts
from index.store.keys import FIELD_BREAK, FIELDS


class Answerer:
    """The rule over one snapshot. `folded`: all that is searched of each section; `idf`: how rare a frequency is."""

    def __init__(
        self,
        thresholds: Mapping[str, float],
        lexicon: Lexicon,
        folded: Texts,
        idf: Callable[[int], float],
    ) -> None:
        self._thresholds = thresholds
        self._lexicon = lexicon
        self._folded = folded
        self._idf = idf

    def answer(self, query: Query, ranking: Ranked, article_of: U32, first_of: list[int]) -> int | None:
        """The section that answers `query`, or None. Whether its words found it, the caller knows.

        `article_of`: the article number of each section; `first_of`: the first section of each article.
        """
        limits = self._thresholds
        rival, following = _shares(ranking, article_of)
        if rival > limits["line_rival"] or following > limits["line_next"]:
            return None
        best, weights, fields = self._readable(query, ranking, article_of, first_of)
        if not weights:
            return None
        title = fields.pop("title")
        lines = [fields["heading"], *fields.get("asks", "").split("\n")]
        most = max((_held(weights, line, title) for line in lines if line), default=0.0)
        if most >= limits["line"]:
            text = _held(weights, fields["heading"], fields["body"], title)
            return best if most >= limits["held"] or text >= limits["text"] else None
        own = "\n".join(fields.values())
        clear = rival <= limits["rival"] and following <= limits["next"]
        whole = _held(weights, own, title) >= limits["held"] and _held(weights, own) >= limits["held_itself"]
        return best if clear and whole else None

    def agreed(
        self,
        query: Query,
        ranking: Ranked,
        article_of: U32,
        first_of: list[int],
        near: Callable[[], Near | None],
    ) -> int | None:
        """The section that is best by words and nearest in meaning, or None. `near` is asked only if the rest fits."""
        limits = self._thresholds
        _, following = _shares(ranking, article_of)
        best, weights, _ = self._readable(query, ranking, article_of, first_of)
        if following > limits["agreed_next"] or not weights or (meant := near()) is None:
            return None
        cosines = meant.cosines
        elsewhere = cosines[article_of != article_of[best]].max(initial=-1.0)
        agreed = int(cosines.argmax()) == best and cosines[best] >= elsewhere + limits["agreed_gap"]
        return best if agreed else None

    def _readable(
        self, query: Query, ranking: Ranked, article_of: U32, first_of: list[int]
    ) -> tuple[int, dict[str, float], dict[str, str]]:
        """The best section, what each word of the query weighs, and the section's fields.

        Nothing weighs anything where the query says too little, or the section is no answer to be read above a list.
        """
        best = int(ranking.order[0])
        asked = [one for one in query.terms if one.kind == "words" and one.content and one.origin == "query"]
        fields = dict(zip(FIELDS, self._folded[best].decode().split(FIELD_BREAK), strict=True))
        lead = best == first_of[int(article_of[best])] and not fields["heading"]
        if len(asked) < self._thresholds["words"] or len(fields["body"]) > self._thresholds["longest"] or lead:
            return best, {}, fields
        known = self._lexicon.frequencies([term.key for term in asked])
        return best, {term.text: self._idf(known.get(term.key, 0)) for term in asked}, fields


def _shares(ranking: Ranked, article_of: U32) -> tuple[float, float]:
    """The scores of the best section of any other article, and of the next section, as shares of the best one's."""
    order, best = ranking.order, int(ranking.order[0])
    others = order[article_of[order] != article_of[best]]
    shares = ranking.scores_of(np.array([best, *others[:1], *order[1:2]])).astype(float)
    shares /= shares[0]
    return float(shares[1]) if len(others) else 0.0, float(shares[-1]) if len(order) > 1 else 0.0


def _held(weights: Mapping[str, float], *texts: str) -> float:
    """The share of the weighed words that stand in any of the texts."""
    found = sum(weight for word, weight in weights.items() if any(word in text for text in texts))
    return found / sum(weights.values())
