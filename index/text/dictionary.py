"""The dictionary: jieba's half million words, loaded only as far as they are needed.

In: jieba's own dictionary file. Out: what jieba's tokenizer takes for its word table.
Why pages, each with the words of some pairs of first characters: to load everything takes 0.5 s and 65 MB. A server
does so once, before it forks; a search on the terminal, or a build of one changed file, loads the few pages it needs.
With pages by the first character alone such a build loaded two thirds of all words. The pages lie in the user's own
cache folder, mode 0700: jieba's own cache is a marshal file with a guessable name in the shared temporary folder, where
others can plant one.
"""

from __future__ import annotations

import gc
import marshal
import os
from array import array
from collections.abc import Iterable, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

_PAGES = 1 << 16
"""Eight words each, on average."""


def _page_of(word: str) -> int:
    return (ord(word[0]) * 31 + (ord(word[1]) if len(word) > 1 else 0)) % _PAGES if word else 0


class Pages(NamedTuple):
    """All words in the order of their pages. Loading them all is then one split; 65,536 parts took twice as long."""

    text: bytes
    """The words, each with a line break."""
    starts: Sequence[int]
    """Where each page begins in `text`, and last where all end."""
    numbers: Sequence[int]
    """The number of each page's first word, and last how many there are."""
    frequencies: Sequence[int]

    def all(self) -> Iterable[tuple[str, int]]:
        """Every word with its frequency."""
        return zip(self.text.decode().splitlines(), self.frequencies, strict=True)

    def page(self, number: int) -> Iterable[tuple[str, int]]:
        """The words of one page with their frequencies."""
        words = self.text[self.starts[number] : self.starts[number + 1]].decode().splitlines()
        return zip(words, self.frequencies[self.numbers[number] : self.numbers[number + 1]], strict=True)


class Dictionary(dict[str, int]):
    """Word → frequency; 0 for the beginnings of words. A page joins when one of its words is asked for."""

    def __init__(self, pages: Pages) -> None:
        super().__init__()
        self._pages = pages
        self._turned: set[int] = set()
        self._begun: set[str] = set()
        """Pairs of first characters whose page is loaded; saves computing the number of the page again."""

    def _turn(self, word: str) -> None:
        number = _page_of(word)
        if number not in self._turned:
            super().update(self._pages.page(number))
            self._turned.add(number)
        self._begun.add(word[:2])  # last, since other threads ask it first

    def __contains__(self, word: object) -> bool:
        if isinstance(word, str) and word[:2] not in self._begun:
            self._turn(word)
        return super().__contains__(word)

    def __getitem__(self, word: str) -> int:
        if word[:2] not in self._begun:
            self._turn(word)
        return super().__getitem__(word)

    def get(self, word: str, default: Any = None) -> Any:
        """As dict.get."""
        if word[:2] not in self._begun:
            self._turn(word)
        return super().get(word, default)

    def whole(self) -> dict[str, int]:
        """Everything, as a plain dictionary: each look-up is then three times as fast."""
        enabled = gc.isenabled()
        gc.disable()  # for half a million new objects it would run 700 times and free nothing
        try:
            words = dict(self._pages.all())
            words.update(self)
            return words
        finally:
            if enabled:
                gc.enable()


def open_dictionary(tokenizer: Any, version: str) -> tuple[Dictionary, int]:
    """Return the dictionary of a jieba tokenizer and the sum of its frequencies."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "helpcenter"
    file = folder / f"jieba-{version}.words"
    try:
        total, text, *arrays = marshal.loads(file.read_bytes())  # noqa: S302 written by us, where only we can write
        return Dictionary(Pages(text, *(array("I", each) for each in arrays))), total
    except (OSError, EOFError, ValueError, TypeError):
        pass  # the first time, or damaged
    words, total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    sorted_out: list[list[str]] = [[] for _ in range(_PAGES)]
    for word in words:
        sorted_out[_page_of(word)].append(f"{word}\n")
    texts = ["".join(page).encode() for page in sorted_out]
    pages = Pages(
        text=b"".join(texts),
        starts=array("I", (0, *accumulate(map(len, texts)))),
        numbers=array("I", (0, *accumulate(map(len, sorted_out)))),
        frequencies=array("I", (words[word[:-1]] for page in sorted_out for word in page)),
    )
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = file.with_suffix(f".{os.getpid()}")
        temporary.write_bytes(marshal.dumps((total, pages.text, *(bytes(each) for each in pages[1:]))))
        temporary.replace(file)
    except OSError:
        pass  # a home that cannot be written only costs the second at the next start
    return Dictionary(pages), total
