"""Segmenting: folded text becomes words, the same way for indexing and for asking.

In: folded text. Out: runs (what kind of writing stands where) and, for each run, the terms it is found by. Why this
way: jieba is given Han runs only. It cuts mixed text such as `更新app包` by what its dictionary happens to hold and
loses single letters; Latin words have clear borders of their own. One `Segmenter` is one dictionary and one HMM
setting, and queries must be cut as the index was: what shapes the cut forces a full build (`building/shape.py`).
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from index.text.dictionary import Dictionary, open_dictionary
from index.text.folding import HAN, fold

_RUNS = re.compile(
    rf"(?P<han>[{HAN}]+)"
    r"|(?P<latin>[a-z0-9]+(?:[-_.'’/+&@:]+[a-z0-9]+)*[+#]*)"
    rf"|(?P<other>(?:(?![{HAN}a-z0-9_])\w)+)"
)
_PARTS = re.compile(r"[a-z]+|[0-9]+")
_PIECES = re.compile(r"[a-z0-9]+")
_JOINTS = re.compile(r"[-_.'’/&@:]+")
_PARTICLES = frozenset("的了着过吗呢吧们时前后里上下中")
"""Single characters that belong to the word before them."""
_LONGEST_JOINED = 40  # characters; a longer joined form is a path or an address, and is found by its parts


class Run(NamedTuple):
    """A stretch of one kind of writing: `han`, `latin` (with digits and inner hyphens) or `other` letters."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def runs(folded: str) -> Iterator[Run]:
    """Yield the runs of `folded` in order; what lies between them is punctuation and space."""
    for match in _RUNS.finditer(folded):
        yield Run(match.lastgroup or "other", match.group(), match.start())


def latin_terms(run: str) -> list[str]:
    """Return the terms of a Latin run, the whole first: `a-b+` → ab, ab+, a, b; `cp3` → cp3, cp, 3."""
    joined = _JOINTS.sub("", run)
    bare = joined.rstrip("+#")
    terms = [bare] if len(bare) <= _LONGEST_JOINED else []
    if joined != bare and len(joined) <= _LONGEST_JOINED:
        terms.append(joined)
    for piece in _PIECES.findall(run):
        terms.append(piece)
        parts = _PARTS.findall(piece)
        if 1 < len(parts) < 4:  # more parts are an identifier (a hash, a key), and nobody searches for a part of one
            terms.extend(parts)
    return list(dict.fromkeys(terms))


@lru_cache(maxsize=1)
def segmenter_for(words: tuple[str, ...]) -> Segmenter:
    """Return the segmenter with `words`, loaded once in a process however many snapshots use it."""
    return Segmenter(words)


class Segmenter:
    """jieba with its dictionary and the operators' words, as one fixed thing.

    Nothing may change a segmenter once it is made: jieba's `add_word` is not thread-safe, and the index would no
    longer fit.
    """

    def __init__(self, words: Iterable[str] = ()) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # jieba 0.42.1 imports pkg_resources and has invalid escapes
            import jieba
        jieba.setLogLevel(logging.ERROR)
        self.words = tuple(sorted({fold(word.strip()) for word in words} - {""}))
        self._tokenizer: Any = jieba.Tokenizer()
        self._tokenizer.FREQ, self._tokenizer.total = open_dictionary(self._tokenizer, jieba.__version__)
        self._tokenizer.initialized = True
        for word in self.words:
            if (run := _RUNS.fullmatch(word)) and run.lastgroup == "han":
                self._tokenizer.add_word(word)

    def load(self) -> None:
        """Load the whole dictionary now, for whoever will cut much: a server before it forks, a build of many files."""
        if isinstance(self._tokenizer.FREQ, Dictionary):
            self._tokenizer.FREQ = self._tokenizer.FREQ.whole()

    def cut(self, han: str) -> list[str]:
        """Return the words of a Han run; joined they are the run."""
        return list(self._tokenizer.cut(han))

    def phrases(self, text: str) -> list[str]:
        """Return `text` in pieces between which a line may end.

        No Han word is divided. A single character joins the word after it; a particle (丢了, 手机的), and the last
        character, the word before it.
        """
        cuts: list[int] = []
        for run in runs(fold(text)):
            words = self.cut(run.text) if run.kind == "han" else [run.text]
            at = run.start
            for number, word in enumerate(words[:-1]):
                at += len(word)
                following = words[number + 1]
                is_last = number + 2 == len(words) and len(following) == 1
                if following not in _PARTICLES and not is_last and (len(word) > 1 or word in _PARTICLES):
                    cuts.append(at)
        return [text[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]

    def knows(self, word: str) -> bool:
        """Whether the dictionary has `word`."""
        return bool(self._tokenizer.FREQ.get(word))

    def commonness(self, word: str) -> int:
        """How often the dictionary's own corpus has `word`; 0 for what it does not know."""
        return int(self._tokenizer.FREQ.get(word) or 0)

    def terms(self, folded: str) -> list[str]:
        """Return the word terms of a text as indexed: Han words with the shorter words inside them, Latin forms."""
        found: list[str] = []
        frequency = self._tokenizer.FREQ
        for match in _RUNS.finditer(folded):
            if match.lastgroup == "han":
                for word in self._tokenizer.cut(match.group()):
                    found.append(word)
                    if len(word) > 2:
                        found.extend(
                            part
                            for size in (2, 3)
                            if size < len(word)
                            for part in (word[i : i + size] for i in range(len(word) - size + 1))
                            if frequency.get(part)
                        )
            elif match.lastgroup == "latin":
                found.extend(latin_terms(match.group()))
            else:
                found.append(match.group())
        return found
