"""The lexicon: words of other regions and languages, and the standard words that articles use.

In: `data/lexicon.toml`. Out: typed word → standard words, folded. Why one way, unlike synonyms: nobody writes articles
in these words, so the standard word need not look for them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from index.text.folding import clean, fold

_FILE = Path(__file__).parent.parent / "data" / "lexicon.toml"


@cache
def load_lexicon() -> Mapping[str, tuple[str, ...]]:
    """Every word of the lexicon with the words it stands for."""
    groups = tomllib.loads(_FILE.read_text("utf-8"))["groups"]
    pairs = ((word, meanings) for group in groups for word, meanings in group["words"].items())
    return {fold(clean(word)): tuple(fold(clean(meaning)) for meaning in meanings) for word, meanings in pairs}
