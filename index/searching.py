"""Searching: terms become ranked sections. The layers, best first: what the section truly contains, then all words,
then a part.

In: a parsed query, the posting arrays, and which sections a filter allows. Out: section numbers in order, with
scores, and which of them hold all that was asked for. Scores are BM25F with Whoosh's own idf, log(N / (df + 1)) + 1,
over the weights that `inverting.py` stored: for plain words they equal Whoosh's BM25F(B=0), and a test says so.
Why numpy and no loop over postings: all lists of a query are laid end to end and added up by one `bincount`; 11,000
postings take 80 µs. A heap of per-document objects, Whoosh's own way, takes 9 ms for the same.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from index.blobs import Texts
from index.codec import ArrayTerms
from index.inverting import gram_key, word_key
from index.queries import Choice, Query, Term, Unit
from index.weights import Weights

REFINED = 24
"""How many of the best are looked at closely (adjacency); what comes after keeps its plain score's order."""

_VERIFIED = 1500  # sections searched for the exact run; more than that hold its every pair, and differ little
_PREFIX_WORDS, _PREFIX_SEEN = 24, 400
_LONG_TEXT = 60  # characters from which a long run found word for word says something


@dataclass(slots=True)
class Ranking:
    """Found sections. `scores` is dense, one a section; 0 where nothing was found."""

    scores: Any
    order: Any
    """The best sections, best first, at least as many as asked for if there are so many."""
    total: int
    complete: Any
    """Sections that hold all that was asked for, ascending."""
    contained: Any
    """Sections in which every unit stands word for word, ascending."""
    found: Any
    """Boolean, one a section."""


class Scorer:
    """Scores queries over one snapshot's postings."""

    def __init__(self, terms: ArrayTerms, folded: Texts, sections: Any, weights: Weights) -> None:
        self.terms = terms
        self.count = int(sections.shape[1])
        self._folded = folded
        self._visible = memoryview(np.ascontiguousarray(sections[1]).data)
        self._lengths = sections[2]
        self._weights = weights
        self._k1 = np.float32(weights.k1)

    def look_up(self, keys: Sequence[int]) -> tuple[list[bool], list[int], list[int]]:
        """Return per key whether the index has it, and where its postings begin and end."""
        found, begin, end = self.terms.find(np.array(keys, np.uint64))
        return found.tolist(), begin.tolist(), end.tolist()

    def idf(self, frequency: Any) -> Any:
        """Whoosh's inverse document frequency, raised to `rarity` as a weight of the query's term."""
        return (np.log(self.count / (frequency + 1.0)) + 1.0) ** self._weights.rarity

    def rank(self, query: Query, allowed: Any, wanted: int) -> Ranking:
        """Rank the sections for `query`; `allowed` is None or one boolean a section, `wanted` how many to order."""
        found, begins, ends = self.look_up([term.key for term in query.terms])
        live = [(term, b, e) for term, known, b, e in zip(query.terms, found, begins, ends, strict=True) if known]
        content = [one for one in live if one[0].content]
        scores, matched = self._add_up(live, len(content))
        if allowed is not None:
            scores *= allowed
            matched = matched & allowed
        complete = self.holding(query.needed, allowed)
        contained = self.containing(query.units, scores, allowed) if len(query.units) else complete
        best = float(scores.max()) if self.count else 0.0
        if len(contained):
            scores[contained] += best
            matched[contained] = True
        if len(contained) and any(unit.quoted for unit in query.units):
            # A quoted phrase is asked for as it stands. Where it stands nowhere, its words are better than nothing.
            exact = np.zeros(self.count, bool)
            exact[contained] = True
            matched &= exact
            complete = contained
        scores *= matched
        total = int(np.count_nonzero(matched))
        order = self.best(scores, max(wanted, REFINED), total)
        order = self._refine(query, scores, order, len(contained))
        return Ranking(scores, order, total, complete, contained, matched)

    def _add_up(self, live: list[tuple[Term, int, int]], content: int) -> tuple[Any, Any]:
        if not live:
            return np.zeros(self.count), np.zeros(self.count, bool)
        sections, weights = self.terms.sections, self.terms.weights
        sizes = np.array([e - b for _, b, e in live])
        factor = (self.idf(sizes) * [term.weight * (1.0 + self._weights.k1) for term, _, _ in live]).astype(np.float32)
        weight = np.concatenate([weights[b:e] for _, b, e in live])
        weight /= weight + self._k1
        weight *= np.repeat(factor, sizes)
        section = np.concatenate([sections[b:e] for _, b, e in live])
        split = int(sizes[:content].sum())
        if not split or split == len(section):
            scores = np.bincount(section, weight, self.count)
            return scores, scores > 0 if split else np.zeros(self.count, bool)
        scores = np.bincount(section[:split], weight[:split], self.count)
        matched = scores > 0
        scores += np.bincount(section[split:], weight[split:], self.count)
        return scores, matched

    def holding(self, choices: Sequence[Choice], allowed: Any = None) -> Any:
        """Return the sections that have one key of every choice, ascending."""
        choices = list(dict.fromkeys(choices))
        found, begins, ends = self.look_up([key for choice in choices for key in choice])
        sections = self.terms.sections
        lists, at = [], 0
        for choice in choices:
            span = range(at, at := at + len(choice))
            live = [sections[begins[i] : ends[i]] for i in span if found[i]]
            if not live:
                return np.empty(0, np.int64)
            lists.append(live[0] if len(live) == 1 else np.unique(np.concatenate(live)))
        if not lists:
            return np.empty(0, np.int64)
        if len(lists) == 1:
            held = lists[0].astype(np.int64)
        else:
            held = np.flatnonzero(np.bincount(np.concatenate(lists), minlength=self.count) == len(lists))
        return held if allowed is None else held[allowed[held]]

    def expand(self, query: Query) -> None:
        """Let Latin words that are half-typed, or the query's last, stand for the words that begin with them."""
        for unit in query.units:
            if unit.kind != "latin":
                continue
            (whole,) = unit.needed[0]
            known = self.look_up([whole])[0][0]
            if known and unit is not query.units[-1]:
                continue
            words = self._starting(unit.text)
            weight = self._weights.query["prefix_known" if known else "prefix"]
            query.terms.extend(Term(word_key(word), "words", word, weight, True, "prefix") for word in words)
            choice = (whole, *(word_key(word) for word in words))
            parts: list[Choice] = [(word_key(part),) for part in unit.parts]
            replacement = parts if not known and not words and parts else [choice]
            at = query.needed.index((whole,)) if (whole,) in query.needed else len(query.needed)
            query.needed[at : at + 1] = replacement
            unit.needed = replacement
            query.marks.append(unit.text)
        query.terms.sort(key=lambda term: not term.content)

    def _starting(self, prefix: str) -> list[str]:
        words = self.terms.vocabulary
        begin = bisect.bisect_right(words, prefix)
        end = bisect.bisect_left(words, prefix + "\U0010ffff", begin, min(len(words), begin + _PREFIX_SEEN))
        if end - begin <= _PREFIX_WORDS:
            return words[begin:end]
        seen = words[begin:end]
        _, begins, ends = self.look_up([word_key(word) for word in seen])
        common = sorted(range(len(seen)), key=lambda i: begins[i] - ends[i])[:_PREFIX_WORDS]
        return [seen[i] for i in common]

    def find(self, han: str) -> Any:
        """Return the sections in which a Han text of two or more characters stands, ascending."""
        pairs: list[Choice] = [(gram_key(han[i : i + 2]),) for i in range(len(han) - 1)]
        return self.containing([Unit(han, "han", needed=pairs)], None, None)

    def containing(self, units: Sequence[Unit], scores: Any, allowed: Any) -> Any:
        """Return the sections in which each unit stands as typed, ascending; of very common text, the best."""
        held = self.holding([choice for unit in units for choice in unit.needed], allowed)
        doubtful = [unit for unit in units if unit.quoted or (unit.kind == "han" and len(unit.text) > 2)]
        if not doubtful:
            return held
        if len(held) > _VERIFIED:
            first = np.argsort(-scores[held], kind="stable") if scores is not None else np.arange(len(held))
            held = np.sort(held[first[:_VERIFIED]])
        for unit in doubtful:
            held = self._verify(unit, held)
        return held

    def _verify(self, unit: Unit, held: Any) -> Any:
        if unit.word:
            found, begin, end = self.look_up([unit.word])
            sure = self.terms.sections[begin[0] : end[0]] if found[0] else ()
            certain = np.isin(held, sure)
            if certain.all():
                return held
        else:
            certain = np.zeros(len(held), bool)
        data, starts, visible = self._folded.data, self._folded.starts, self._visible
        wanted = unit.text.encode()
        keep = [
            sure or data.find(wanted, starts[number] + visible[number], starts[number + 1]) >= 0
            for number, sure in zip(held.tolist(), certain.tolist(), strict=True)
        ]
        return held[np.array(keep, bool)]

    def best(self, scores: Any, wanted: int, total: int) -> Any:
        """Return the numbers of the best `wanted` or more, best first; equal scores keep the articles' own order."""
        if total > wanted:
            threshold = np.partition(scores, self.count - wanted)[self.count - wanted]
            candidates = np.flatnonzero(scores >= max(threshold, 1e-12))
        else:
            candidates = np.flatnonzero(scores)
        return candidates[np.argsort(-scores[candidates], kind="stable")]

    def word_sections(self, query: Query) -> Callable[[int], bool]:
        """Return a test: whether a section has one of the query's words, synonyms or word beginnings as a word."""
        keys = [term.key for term in query.terms if term.kind == "words" and term.content]
        found, begins, ends = self.look_up(keys) if keys else ([], [], [])
        spans = [(b, e) for known, b, e in zip(found, begins, ends, strict=True) if known]

        def has(number: int) -> bool:
            for begin, end in spans:
                at = begin + int(np.searchsorted(self.terms.sections[begin:end], number))
                if at < end and self.terms.sections[at] == number:
                    return True
            return False

        return has

    def shares(self, query: Query, number: int) -> Iterator[tuple[Term, float, int]]:
        """Yield each term with what it adds to the BM25F score of section `number`, and how many sections have it."""
        found, begins, ends = self.look_up([term.key for term in query.terms])
        for term, known, begin, end in zip(query.terms, found, begins, ends, strict=True):
            share = 0.0
            if known:
                at = begin + int(np.searchsorted(self.terms.sections[begin:end], number))
                if at < end and self.terms.sections[at] == number:
                    weight = float(self.terms.weights[at])
                    share = (
                        term.weight
                        * float(self.idf(end - begin))
                        * weight
                        * (self._weights.k1 + 1)
                        / (weight + self._weights.k1)
                    )
            yield term, share, end - begin if known else 0

    def _refine(self, query: Query, scores: Any, order: Any, contained: int) -> Any:
        """Raise, among the best, long texts that hold a longer run of the query word for word."""
        near = order[:REFINED]
        if len(near) < 2 or contained >= len(near) or len(query.folded) < 4:
            return order
        texts = [self._folded[number].decode() for number in near.tolist()]
        longest = np.array([_longest_run(query.folded, text) for text in texts])
        scores[near] += np.where(self._lengths[near] >= _LONG_TEXT, longest, 0) * self._weights.query["adjacency"]
        return np.concatenate((near[np.argsort(-scores[near], kind="stable")], order[REFINED:]))


def _longest_run(query: str, text: str) -> int:
    """The length of the longest piece of `query` that stands in `text`; at most 2 * len(query) searches."""
    longest = begin = 0
    while begin + longest < len(query):
        if query[begin : begin + longest + 1] in text:
            longest += 1
        else:
            begin += 1
    return longest
