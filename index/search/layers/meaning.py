"""The layer of meaning: sections that say the same in other words.

In: the ranking, and how near the query is in meaning to each section (`index/meaning/`). Out: those nearest to it, and
what words found, at scores made of both. Why guarded so: vectors alone, or ranks added up, cost 8 to 12 points of nDCG
where words are right. So words keep the more of their say, the more of the query the best section holds; a single word,
or writing that the model does not read, leaves it all to them; and where some section holds the query as it was typed,
or one stands far above the rest, nothing is encoded at all. Where no word is found, meaning alone offers a few. The
numbers are in `data/weights.toml`, under `meaning`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from index.arrays import Numbers, Scores
from index.meaning.vectors import Near
from index.search.containing import among
from index.search.layers.contract import Asked, Finding
from index.search.queries import Query
from index.text.folding import HAN

_HAN = re.compile(f"[{HAN}]")
_KINDS = {"words": 1, "characters": 2}
"""How much words and single characters count in what of a query is held, as in `coverage.py`."""


class Meaning:
    """Sections near to the query in meaning."""

    name, label, guesses = "meaning", "意思相近", True

    def find(self, asked: Asked) -> Iterator[Finding]:
        """The nearest, and all that words found, which give way to them."""
        if asked.near is None:
            return
        query = meant(asked)
        if not asked.ranking.total and query is asked.query:
            yield from alone(asked)
            return
        weight = say(asked, query)
        near = asked.near(query) if weight else None
        if near is None:
            return
        ranking, top, power = asked.ranking, asked.ranking.top(), asked.weights.meaning["power"]
        sections, share = nearest(asked, near)
        found = ranking.sections()
        new = sections[~among(sections, found)]
        everything = np.insert(found, found.searchsorted(new), new)  # np.union1d takes ten times as long
        shares = np.zeros(len(everything))
        shares[everything.searchsorted(sections)] = share
        words = ranking.scores_of(everything) / top
        # Back on the ranking's own scale: whatever was found otherwise stands where it stood against it.
        yield Finding(everything, top * ((1 - weight) * words**power + weight * shares) ** (1 / power))


def alone(asked: Asked) -> Iterator[Finding]:
    """The few sections that a query is near to which shares no word with any; only where the model itself read it."""
    limits, query = asked.weights.meaning, asked.query
    near = asked.near(query) if asked.near and len(_HAN.findall(query.folded)) > limits["short"] else None
    if near is None or not near.by_model or near.highest < limits["alone"]:
        return
    sections, _ = nearest(asked, near)
    best = np.sort(sections[np.argsort(-near.cosines[sections], kind="stable")[: int(limits["few"])]])
    yield Finding(best, near.cosines[best])


def meant(asked: Asked) -> Query:
    """The query, or what was meant by its slip: the surest guess."""
    if len(asked.ranking.verbatim):
        return asked.query
    text = asked.query.text
    guesses = [*asked.guesses.spelled(text), *asked.guesses.corrected(text)]
    return asked.parse(max(guesses, key=lambda guess: guess.certainty).text) if guesses else asked.query


def say(asked: Asked, query: Query) -> float:
    """How much meaning has to say against words, 0 to `weight`; `query`: what is meant."""
    limits, ranking = asked.weights.meaning, asked.ranking
    if ranking.total < 2 or len(ranking.verbatim):
        return 0.0
    first, second = ranking.scores_of(ranking.order[:2]).tolist()
    if second < limits["rival"] * first:
        return 0.0
    han = len(_HAN.findall(query.folded))
    length = han + limits["other"] * (len("".join(query.folded.split())) - han)
    long = min(max((length - limits["short"]) / (limits["long"] - limits["short"]), 0.0), 1.0)
    if not han or not long:
        return 0.0
    open_share = min((1.0 - _held(asked, query, int(ranking.order[0]))) / limits["open"], 1.0)
    return limits["weight"] * long * han / length * open_share


def nearest(asked: Asked, near: Near) -> tuple[Numbers, Scores]:
    """The sections nearest in meaning, ascending, and how near each is: 1 the nearest, 0 the last that is looked at."""
    sections, cosines = np.arange(len(near.cosines)), near.cosines
    if asked.allowed is not None:
        sections = asked.index.fitting(sections, asked.allowed)
        cosines = cosines[sections]
    count = min(int(asked.weights.meaning["nearest"]), len(sections))
    if not count:
        return sections, cosines
    best = np.sort(cosines.argpartition(-count)[-count:])
    cosines = cosines[best]
    last = cosines.min()
    return sections[best], (cosines - last) / max(float(cosines.max() - last), 1e-6)


def _held(asked: Asked, query: Query, section: int) -> float:
    """How much of the query's rarity a section holds, 0 to 1."""
    held, whole = dict.fromkeys(_KINDS, 0.0), dict.fromkeys(_KINDS, 0.0)
    for term, share, frequency in asked.index.shares(query, section):
        if term.kind == "characters" or (term.kind == "words" and term.content):
            rarity = term.weight * asked.index.idf(frequency)
            held[term.kind] += rarity if share else 0.0
            whole[term.kind] += rarity if term.origin == "query" else 0.0
    kinds = [kind for kind in _KINDS if whole[kind]]
    found = sum(_KINDS[kind] * min(1.0, held[kind] / whole[kind]) for kind in kinds)
    return found / (sum(_KINDS[kind] for kind in kinds) or 1)
