"""Expanding: other texts that say the same as what was typed.

In: the words of a query; the operators' synonyms, and the standard words for those of other regions. Out: texts, each
with the name of its weight.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from opencc import OpenCC

from index.text.folding import fold
from index.text.segmenting import latin_terms, runs

_LONGEST_SYNONYM = 4  # words


@cache
def _converter(name: str) -> OpenCC:
    return OpenCC(name)


def _elsewhere(word: str) -> tuple[str, ...]:
    """The words used in Taiwan and Hong Kong, folded. Takes 5 µs a word, so nothing is remembered."""
    return tuple(fold(_converter(table).convert(word)) for table in ("s2twp", "s2hkp"))


class Expander:
    """Over one site's synonyms. `regional`: the standard words for those of other regions."""

    def __init__(self, synonyms: Sequence[Sequence[str]], regional: Mapping[str, Sequence[str]]) -> None:
        self._regional = regional
        self._longest: dict[str, int] = {}
        """Of the words that begin with a character, the length of the longest."""
        for word in regional:
            self._longest[word[:1]] = max(self._longest.get(word[:1], 1), len(word))
        self._synonyms: dict[str, list[str]] = {}
        for group in synonyms:
            for member in group:
                others = self._synonyms.setdefault(_compact(member), [])
                others.extend(other for other in group if other != member and other not in others)

    def others(self, words: Sequence[str], folded: str, text: str) -> dict[str, str]:
        """Return other texts for a query, each with its weight's name in `weights.toml`: `lexicon` or `synonyms`.

        `words`: what the query was cut into; `folded`, `text`: all of it, folded and as typed.
        """
        found = dict.fromkeys(self._standard(folded), "lexicon")
        others: list[str] = []
        for size in range(min(_LONGEST_SYNONYM, len(words)), 0, -1):
            for i in range(len(words) - size + 1):
                others.extend(self._synonyms.get("".join(words[i : i + size]), ()))
        others.extend(other for word in words if len(word) > 1 for other in _elsewhere(word) if other != word)
        if not folded.isascii() and fold(text.lower()) != text.lower():  # 繁體: by the whole phrase
            others.extend(fold(_converter(table).convert(text)) for table in ("tw2sp", "hk2sp"))
        for other in others:
            found.setdefault(other, "synonyms")
        return found

    def _standard(self, folded: str) -> dict[str, None]:
        """The standard words for what of the lexicon stands in the query, the longest at each place."""
        found: dict[str, None] = {}
        for run in runs(folded):
            if run.kind != "han":
                found.update(dict.fromkeys(self._regional.get(run.text, ())))
                continue
            at = 0
            while at < len(run.text):
                pieces = (run.text[at : at + size] for size in range(self._longest.get(run.text[at], 0), 0, -1))
                piece = next((piece for piece in pieces if piece in self._regional), "")
                found.update(dict.fromkeys(self._regional.get(piece, ())))
                at += len(piece) or 1
        return found


def _compact(text: str) -> str:
    return "".join(
        latin_terms(run.text)[0] if run.kind == "latin" and latin_terms(run.text) else run.text for run in runs(text)
    )
