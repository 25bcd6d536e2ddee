"""The dictionary: jieba's half million words, loaded only as far as they are needed.

In: jieba's own dictionary file. Out: what jieba's tokenizer takes for its word table.
Why pages, by a word's first two characters: loading everything takes 0.5 s and 65 MB, which a server pays once before
it forks, but not a search on the terminal nor a build of one changed file; with pages by the first character alone
such a build loaded two thirds of all. The pages lie in the user's own cache folder, mode 0700: jieba's own cache is a
marshal file with a guessable name in the shared temporary folder, where others can plant one.
"""

from __future__ import annotations

import gc
import marshal
import os
from array import array
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

_PAGES = 1 << 16
"""Eight words each, on average."""


def _page_of(word: str) -> int:
    return (ord(word[0]) * 31 + (ord(word[1]) if len(word) > 1 else 0)) % _PAGES if word else 0


class Dictionary(dict[str, int]):
    """Word → frequency; 0 for the beginnings of words. A page joins when one of its words is asked for.

    Page i is the marshalled dictionary `pages[starts[i]:starts[i + 1]]`.
    """

    def __init__(self, starts: Sequence[int], pages: bytes) -> None:
        super().__init__()
        self._starts = starts
        self._pages = pages
        self._turned: set[int] = set()
        self._begun: set[str] = set()
        """Beginnings of words whose page was turned to; saves working out its number again."""

    def _turn(self, word: str) -> None:
        number = _page_of(word)
        if number not in self._turned:
            page = self._pages[self._starts[number] : self._starts[number + 1]]
            super().update(marshal.loads(page))  # noqa: S302 - written by us, into a folder only we can write
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
        gc.disable()  # half a million new objects set it off 700 times, for nothing
        try:
            for number in set(range(_PAGES)) - self._turned:
                super().update(marshal.loads(self._pages[self._starts[number] : self._starts[number + 1]]))  # noqa: S302
            return dict(self)
        finally:
            if enabled:
                gc.enable()


def open_dictionary(tokenizer: Any, version: str) -> tuple[Dictionary, int]:
    """Return the dictionary of a jieba tokenizer and the sum of its frequencies."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "helpcenter"
    file = folder / f"jieba-{version}.words"
    try:
        total, starts, pages = marshal.loads(file.read_bytes())  # noqa: S302 - see above
        return Dictionary(array("I", starts), pages), total
    except (OSError, EOFError, ValueError, TypeError):
        pass  # the first time, or damaged
    words, total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    sorted_out: list[dict[str, int]] = [{} for _ in range(_PAGES)]
    for word, frequency in words.items():
        sorted_out[_page_of(word)][word] = frequency
    parts = [marshal.dumps(page) for page in sorted_out]
    starts, pages = array("I", (0, *accumulate(map(len, parts)))), b"".join(parts)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = file.with_suffix(f".{os.getpid()}")
        temporary.write_bytes(marshal.dumps((total, starts.tobytes(), pages)))
        temporary.replace(file)
    except OSError:
        pass  # a home that cannot be written only costs the second at the next start
    return Dictionary(starts, pages), total
