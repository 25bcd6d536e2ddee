"""The dictionary: jieba's half million words, loaded only as far as they are needed.

In: jieba's own dictionary file. Out: what jieba's tokenizer takes for its word table.
Why pages, one for each first character: loading everything takes 0.5 s and 65 MB, which a server pays once before it
forks, but not a search on the terminal nor a build of one changed file. The pages lie in the user's own cache folder,
mode 0700: jieba's own cache is a marshal file with a guessable name in the shared temporary folder, where others can
plant one.
"""

from __future__ import annotations

import gc
import marshal
import os
from pathlib import Path
from typing import Any


class Dictionary(dict[str, int]):
    """Word → frequency; 0 for the beginnings of words. A page joins when its first character is asked for."""

    def __init__(self, pages: dict[str, bytes]) -> None:
        super().__init__()
        self._pages = pages

    def _turn(self, word: str) -> None:
        page = self._pages.pop(word[:1], None)
        if page is not None:
            super().update(marshal.loads(page))  # noqa: S302 - written by us, into a folder only we can write

    def __contains__(self, word: object) -> bool:
        if isinstance(word, str) and word[:1] in self._pages:
            self._turn(word)
        return super().__contains__(word)

    def __getitem__(self, word: str) -> int:
        if word[:1] in self._pages:
            self._turn(word)
        return super().__getitem__(word)

    def get(self, word: str, default: Any = None) -> Any:
        """As dict.get."""
        if word[:1] in self._pages:
            self._turn(word)
        return super().get(word, default)

    def whole(self) -> dict[str, int]:
        """Everything, as a plain dictionary: each look-up is then three times as fast."""
        enabled = gc.isenabled()
        gc.disable()  # half a million new objects set it off 700 times, for nothing
        try:
            for first in list(self._pages):
                self._turn(first)
            return dict(self)
        finally:
            if enabled:
                gc.enable()


def open_dictionary(tokenizer: Any, version: str) -> tuple[Dictionary, int]:
    """Return the dictionary of a jieba tokenizer and the sum of its frequencies."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "helpcenter"
    file = folder / f"jieba-{version}.pages"
    try:
        total, pages = marshal.loads(file.read_bytes())  # noqa: S302 - see above
        return Dictionary(pages), total
    except (OSError, EOFError, ValueError, TypeError):
        pass  # the first time, or damaged
    words, total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    sorted_out: dict[str, dict[str, int]] = {}
    for word, frequency in words.items():
        sorted_out.setdefault(word[:1], {})[word] = frequency
    pages = {first: marshal.dumps(page) for first, page in sorted_out.items()}
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = file.with_suffix(f".{os.getpid()}")
        temporary.write_bytes(marshal.dumps((total, pages)))
        temporary.replace(file)
    except OSError:
        pass  # a home that cannot be written only costs the second at the next start
    return Dictionary(pages), total
