"""Parsing: what a reader typed becomes a query: terms to look up, each with its weight and its reason.

In: the text of a query, the segmenter, stop words and synonyms. Out: a `Query`. Why its own stage: a query is folded
and cut as the sections were, and all that `explain` later names is decided here, before any posting is read. Of the
index only the lexicon is known here: which words begin with what was typed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from index.search.contracts import Lexicon
from index.search.expanding import Expander
from index.search.queries import Choice, Query, Term, Unit
from index.store.keys import character_key, gram_key, word_key
from index.text.folding import clean, fold
from index.text.segmenting import Run, Segmenter, latin_terms, runs
from index.weights import Weights

MAX_LENGTH = 200
"""Characters of a query that are read; the rest is ignored."""

_QUOTED = re.compile(r'"([^"]+)"')
# Only the straight quotes of a search engine ask for a phrase; “” and 「」 stand in ordinary Chinese questions, where
# insisting on the phrase turned 2 % (cmrc-trial) and 5 % (drcd-dev) of them into nothing.
_MAX_SYNONYMS = 12  # terms added to one query
_LONG = 3  # characters of a word that are not looked for apart where nothing of it stands anywhere
_KEYS = {"words": word_key, "grams": gram_key, "characters": character_key}


class Parser:
    """Turns text into queries; holds what that takes."""

    def __init__(
        self,
        segmenter: Segmenter,
        stop_words: Sequence[str],
        synonyms: Sequence[Sequence[str]],
        weights: Weights,
        lexicon: Lexicon | None = None,
        regional: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """`lexicon`: the words of the index; `regional`: the standard words for those of other regions."""
        self._segmenter = segmenter
        self._stop = frozenset(stop_words)
        self._expander = Expander(synonyms, regional or {})
        self._weights = weights
        self._lexicon = lexicon
        # A short beginning is common to many queries, and takes 0.3 ms. Remembered here and not in the lexicon: an
        # object that caches its own method keeps itself, and the maps of a replaced index, until garbage collection.
        self._starting = lru_cache(maxsize=512)(lexicon.starting) if lexicon else None

    def parse(self, text: str) -> Query:
        """Parse `text`; never fails, an empty or meaningless text gives a query without terms."""
        text = " ".join(clean(text).split())[:MAX_LENGTH]
        folded = fold(text)
        query = Query(text, folded, [], [], [], [])
        quoted = [fold(match.group(1)).strip() for match in _QUOTED.finditer(text)]
        collected = _Terms(self._weights)
        words: list[str] = []
        pieces: list[Run] = list(runs(folded))
        han = sum(len(run.text) for run in pieces if run.kind == "han")
        share = min(1.0, han / self._weights.query["characters_from"]) if len(pieces) > 1 else 1.0
        for number, run in enumerate(pieces):
            if run.kind == "han":
                words.extend(self._han(run.text, share, query, collected))
            else:
                before = pieces[number - 1] if number else None
                word = before.text if before and before.kind == "latin" and before.end + 1 == run.start else ""
                words.append(self._latin(run, word, query, collected))
        query.units = [unit for unit in query.units if not unit.only_stop_words] or query.units
        query.needed.extend(choice for unit in query.units if unit.kind == "latin" for choice in unit.needed)
        if not query.needed:  # only stop words: then they are what was asked for
            query.needed = [choice for unit in query.units for choice in unit.needed]
            collected.all_content()
        if not _QUOTED.fullmatch(text):  # in quotes it is meant as it stands
            self._expand(words, folded, query, collected)
        query.units.extend(Unit(phrase, "phrase", quoted=True) for phrase in quoted if phrase)
        self._complete_latin(query, collected)
        query.terms = collected.terms()
        query.marks = sorted(dict.fromkeys(query.marks), key=len, reverse=True)
        return query

    def _han(self, run: str, share: float, query: Query, collected: _Terms) -> list[str]:
        """Add a Han run: terms, unit, marks. Returns its words. `share`: the part of their weight that single
        characters get."""
        words = self._segmenter.cut(run)
        unit = Unit(run, "han", parts=tuple(words), word=word_key(run) if len(words) == 1 else 0)
        stopped: list[bool] = []
        shares: list[float] = []
        for word in words:
            stop = word in self._stop
            stopped.extend([stop] * len(word))
            shares.extend([share * self._weights.query["strange"] if self._strange(word) else share] * len(word))
            collected.add("words", word, stop)
            if not stop:
                query.marks.append(word)
                keys = [gram_key(word[i : i + 2]) for i in range(len(word) - 1)] or [character_key(word)]
                query.needed.extend((key,) for key in keys)
        for i in range(len(run) - 1):
            collected.add("grams", run[i : i + 2], stopped[i] and stopped[i + 1])
            unit.needed.append((gram_key(run[i : i + 2]),))
        for i, character in enumerate(run):
            alone = len(run) == 1
            collected.add("characters", character, stopped[i], factor=1.0 if alone else shares[i], content=alone)
        if len(run) == 1:
            unit.needed.append((character_key(run),))
        unit.only_stop_words = all(stopped)
        query.units.append(unit)
        query.marks.append(run)
        return words

    def _strange(self, word: str) -> bool:
        """Whether a long word stands nowhere, nor does any pair of it: then its characters elsewhere mean another."""
        if len(word) < _LONG or not self._lexicon:
            return False
        return not self._lexicon.frequencies(
            [word_key(word), *(gram_key(word[i : i + 2]) for i in range(len(word) - 1))]
        )

    def _latin(self, run: Run, before: str, query: Query, collected: _Terms) -> str:
        """Add a Latin run. Returns its whole form. `before`: the word one space before: `e car` may be `ecar`."""
        first, *parts = latin_terms(run.text) if run.kind == "latin" else [run.text]
        collected.add("words", first, first in self._stop)
        for part in parts:
            collected.add("words", part, False, factor=0.5)
        if before:
            collected.add("words", before + first, False)
            query.marks.append(before + " " + run.text)
        query.units.append(Unit(first, "latin", needed=[(word_key(first),)], parts=tuple(parts), word=word_key(first)))
        query.marks.extend((run.text, first, *parts))
        return first

    def _complete_latin(self, query: Query, collected: _Terms) -> None:
        """Let Latin words that are half-typed, or the query's last, stand for the words that begin with them."""
        if not self._lexicon or not self._starting:
            return
        for unit in query.units:
            if unit.kind != "latin":
                continue
            (whole,) = unit.needed[0]
            known = bool(self._lexicon.frequencies([whole]))
            if known and unit is not query.units[-1]:
                continue
            words = self._starting(unit.text)
            factor = self._weights.query["prefix_known" if known else "prefix"]
            for word in words:
                collected.add_beginning(word, factor)
            choice = (whole, *(word_key(word) for word in words))
            parts: list[Choice] = [(word_key(part),) for part in unit.parts]
            replacement = parts if not known and not words and parts else [choice]
            at = query.needed.index((whole,)) if (whole,) in query.needed else len(query.needed)
            query.needed[at : at + 1] = replacement
            unit.needed = replacement
            query.marks.append(unit.text)

    def _expand(self, words: list[str], folded: str, query: Query, collected: _Terms) -> None:
        """Add the standard words for those of the lexicon, the operators' synonyms, and other regions' words."""
        known = set(words)
        added = 0
        for other, weight in self._expander.others(words, folded, query.text).items():
            factor = self._weights.query[weight]
            for run in runs(other):
                for word in self._segmenter.cut(run.text) if run.kind == "han" else latin_terms(run.text)[:1]:
                    if word in known or word in self._stop or added >= _MAX_SYNONYMS:
                        continue
                    known.add(word)
                    added += 1
                    collected.add("words", word, False, factor=factor, origin="synonym")
                    if len(word) > 1:
                        query.marks.append(word)


class _Terms:
    """Collects terms, counting a repeated one as often as it was typed."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._found: dict[tuple[str, str], Term] = {}
        self._beginnings: list[Term] = []

    def add(
        self,
        kind: str,
        text: str,
        stop: bool,
        *,
        factor: float = 1.0,
        content: bool | None = None,
        origin: str = "query",
    ) -> None:
        weight = self._weights.kinds[kind] * factor * (self._weights.query["stop_words"] if stop else 1.0)
        if content is None:
            content = not stop and kind != "characters" and not (kind == "words" and len(text) == 1 and text > "\x7f")
        known = self._found.get((kind, text))
        if known:
            weight, content = weight + known.weight, content or known.content
        self._found[kind, text] = Term(_KEYS[kind](text), kind, text, weight, content, origin)

    def add_beginning(self, word: str, weight: float) -> None:
        """Add a word that begins with one that was typed: beside it, where it was typed too."""
        self._beginnings.append(Term(word_key(word), "words", word, weight, True, "prefix"))

    def all_content(self) -> None:
        for place, term in self._found.items():
            if term.kind != "characters":
                self._found[place] = term._replace(content=True)

    def terms(self) -> list[Term]:
        """All terms, in the order of `Term.place`."""
        return sorted((*self._found.values(), *self._beginnings), key=Term.place)
