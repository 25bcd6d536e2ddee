"""Folding: one text, however it was typed, becomes one form; every character stays one character.

In: any text. Out: text of the same length, so an offset found in the folded text is true in the original.
Why a character table and not whole-string NFKC or OpenCC phrases: those change lengths, and a phrase-aware 繁→简 folds
the same character differently beside different characters (乾 in 乾隆, 乾 alone), which would hide a substring.
The steps for one character, in order: width and compatibility (NFKC), accents off Latin letters, lower case, 繁→简
with the variants of Taiwan and Hong Kong, kinds of hyphen, kinds of space. A step whose result is longer than one
character is skipped. Regional words (簡訊/短信) are other words, not other characters: `search/expanding.py` adds
them as synonyms.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from opencc import OpenCC

HAN = "㐀-䶿一-鿿豈-﫿〇々\U00020000-\U0003134f"
"""Han characters, for use inside a regular expression's brackets. jieba alone knows U+4E00–9FD5 only."""

_HYPHENS = frozenset("‐‑‒–—―−﹣")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff\ud800-\udfff]")


# Variants of Taiwan and Hong Kong that OpenCC's t2s does not convert. Its tw2s and hk2s do, but they also turn the
# Simplified 么 into 幺, and 怎幺 is in no dictionary; and 著 into 着, which would split 著名.
# t2s turns 薴 into 苧, and 苧 into 苎: folded twice, the text would change again.
_VARIANTS = dict(zip("敍枱痺睪簷粧糭衞衹苧", "叙台痹睾檐妆粽卫只苎", strict=True))


@cache
def _to_simplified() -> OpenCC:
    return OpenCC("t2s")


def _fold_character(character: str) -> str:
    if character in "\n\t":
        return character
    for form in ("NFKC", "NFKD"):
        changed = unicodedata.normalize(form, character)
        if form == "NFKD" and not ("a" <= changed[:1].lower() <= "z"):
            continue  # only Latin letters lose their accents; か and が are different letters
        if form == "NFKD" and not all(unicodedata.combining(mark) for mark in changed[1:]):
            continue  # a ligature or a fraction, not an accented letter
        changed = changed[:1] if form == "NFKD" else changed
        character = changed if len(changed) == 1 else character
    lower = character.lower()
    character = lower if len(lower) == 1 else character
    if character > "\u2e7f":
        simplified = _to_simplified().convert(character)
        character = simplified if len(simplified) == 1 else character
        character = _VARIANTS.get(character, character)
    if character in _HYPHENS:
        return "-"
    return " " if character.isspace() else character


_REMEMBERED = 1 << 16  # characters kept in the table; all 1.1 million of Unicode would cost every worker 100 MB


class _Table(dict[int, str]):
    """A translation table that is filled as characters are met, so that start-up costs nothing."""

    def __missing__(self, code: int) -> str:
        folded = _fold_character(chr(code))
        if len(self) < _REMEMBERED:
            self[code] = folded
        return folded


_TABLE = _Table()


def fold(text: str) -> str:
    """Return `text` folded. Same length, idempotent, and `fold(a + b) == fold(a) + fold(b)`."""
    return text.translate(_TABLE)


def clean(text: str) -> str:
    """Return `text` without the characters nobody sees (soft hyphens, zero-width spaces, lone surrogates).

    They would split a word that looks whole. Done once, before offsets exist: on a section when it is built, on a
    query when it arrives.
    """
    return _INVISIBLE.sub("", text)
