"""Tuning: what operators teach the search in `content/_search/`.

In: the content folder. Out: one frozen record of words for the segmenter, stop words, synonyms and the lexicon, with
defaults for a folder that has none. Only the words touch the index (they change how text is cut, and so force a full
build); all others act on queries and take effect with any build.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from index.text.folding import clean, fold

_DEFAULTS = Path(__file__).parent.parent / "data"


@dataclass(frozen=True, slots=True)
class Tuning:
    """Folded, sorted, without duplicates."""

    words: tuple[str, ...]
    stop_words: tuple[str, ...]
    synonyms: tuple[tuple[str, ...], ...]
    """Groups; every member finds every other."""
    lexicon: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Words of other regions and languages, and the standard words that articles use for each. They work one
    way, unlike synonyms: no article uses these words, so a search for the standard word need not look for them."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def tuning_from_json(record: dict[str, Any]) -> Tuning:
    """The inverse of `Tuning.as_json`."""
    return Tuning(
        words=tuple(record["words"]),
        stop_words=tuple(record["stop_words"]),
        synonyms=tuple(tuple(group) for group in record["synonyms"]),
        lexicon=tuple((word, tuple(meanings)) for word, meanings in record.get("lexicon", ())),
    )


def _lines(*files: Path) -> list[str]:
    found: list[str] = []
    for file in files:
        if file.is_file():
            text = fold(clean(file.read_text("utf-8-sig", errors="replace")))
            found.extend(
                line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")
            )
    return found


def _members(line: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in line.replace("，", ",").split(",") if part.strip()))


def read_tuning(content: Path) -> Tuning:
    """Read `content/_search/{words,stop_words,synonyms,lexicon}.txt` on top of the defaults. # begins a comment."""
    own = content / "_search"
    groups = []
    for line in _lines(_DEFAULTS / "synonyms.txt", own / "synonyms.txt"):
        members = _members(line)
        if len(members) > 1:
            groups.append(members)
    lexicon: dict[str, tuple[str, ...]] = {}
    for line in _lines(_DEFAULTS / "lexicon.txt", own / "lexicon.txt"):
        word, _, meanings = line.partition("=")
        if word.strip() and _members(meanings):
            known = lexicon.get(word.strip(), ())
            lexicon[word.strip()] = tuple(dict.fromkeys((*known, *_members(meanings))))
    stop = own / "stop_words.txt"
    return Tuning(
        words=tuple(sorted(set(_lines(_DEFAULTS / "words.txt", own / "words.txt")))),
        stop_words=tuple(sorted(set(_lines(stop if stop.is_file() else _DEFAULTS / "stop_words.txt")))),
        synonyms=tuple(sorted(set(groups))),
        lexicon=tuple(lexicon.items()),
    )
