"""Parts: what a snapshot is put together from, an article prepared anew or a stretch of the previous snapshot.

In: the articles' ids in order, what was prepared anew, the previous snapshot. Out: `Part` after `Part`, each ready to
be written as it is, and their postings. Why stretches: with one changed file of 1,270 everything else is two of them,
copied by the megabyte; section by section it took 0.3 s.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from index.arrays import F64, U32, U64
from index.building.inverting import average_lengths, invert
from index.building.merging import merge
from index.building.preparing import Prepared
from index.store.blobs import Packed, Texts
from index.store.keys import FIELDS, word_key
from index.store.posting_files import Inverted, Merged, read_inverted
from index.weights import Weights

_MERGED = 5  # merging is quicker while at most one section in so many was changed or removed


@dataclass(frozen=True, slots=True)
class Previous:
    """The last snapshot, for what has not changed."""

    place: Path
    stamp: dict[str, Any]
    digests: dict[str, str]
    articles: dict[str, tuple[int, int, int]]
    """Article id → its number, its first section, one past its last."""


def open_previous(place: Path, stamp: dict[str, Any]) -> Previous:
    """Open the snapshot in `place` for reuse."""
    articles = json.loads((place / "articles.json").read_text("utf-8"))
    at, spans, digests = 0, {}, {}
    for number, article in enumerate(articles):
        spans[article["id"]] = (number, at, at + article["sections"])
        digests[article["id"]] = article["digest"]
        at += article["sections"]
    return Previous(place, stamp, digests, spans)


@dataclass(frozen=True, slots=True)
class Part:
    """Neighbouring articles. `words` holds word numbers, section after section; see `preparing.py` for the rest."""

    pages: Packed
    outlines: Packed
    text: Packed
    lines: Packed
    folded: Packed
    visible: U32
    lengths: U32
    words: U32
    counts: U32
    kept: int | None = None
    """The number of its first section in the previous snapshot; None where it was prepared anew."""


def parts_of(
    ids: Sequence[str], fresh: dict[str, Prepared], kept: Kept | None, vocabulary: dict[str, int]
) -> Iterator[Part]:
    """Yield the parts of all articles in order; words of fresh ones join `vocabulary`."""
    at = 0
    while at < len(ids):
        end = at + 1
        if ids[at] in fresh:
            yield _prepared_part(fresh[ids[at]], vocabulary)
        else:
            assert kept is not None
            number = kept.number(ids[at])
            while end < len(ids) and ids[end] not in fresh and kept.number(ids[end]) == number + end - at:
                end += 1
            yield kept.stretch(ids[at], ids[end - 1])
        at = end


def _prepared_part(item: Prepared, vocabulary: dict[str, int]) -> Part:
    numbers = np.array([vocabulary.setdefault(word, len(vocabulary)) for word in item.vocabulary], np.uint32)
    return Part(
        pages=Packed.of([item.page]),
        outlines=Packed.of([item.outline]),
        text=item.text,
        lines=item.lines,
        folded=item.folded,
        visible=np.array(item.visible, np.uint32),
        lengths=np.array(item.lengths, np.uint32),
        words=numbers[np.array(item.words, np.uint32)],
        counts=np.array(item.word_counts, np.uint32),
    )


def invert_parts(
    parts: Sequence[Part], words: U32, keys: U64, weights: Weights, averages: F64 | None = None
) -> Inverted:
    """Invert `parts`, whose word numbers are `words` and point into `keys`."""
    records = [text.decode() for part in parts for text in part.folded.texts()]
    return invert(records, words, join(parts, "counts"), keys, weights, averages)


def join(parts: Sequence[Part], name: str) -> U32:
    """One array of all parts, end to end."""
    return np.concatenate([np.empty(0, np.uint32), *(getattr(part, name) for part in parts)])


class Kept:
    """The previous snapshot, to take unchanged articles from. `vocabulary`: its words and their numbers."""

    def __init__(self, previous: Previous) -> None:
        self._place = place = previous.place
        self._spans = previous.articles
        self._blobs = {name: Texts(place / name) for name in ("pages", "outlines", "text", "lines", "folded")}
        self._arrays = {
            name: np.load(place / f"tokens.{name}.npy", mmap_mode="r", allow_pickle=False)
            for name in ("words", "counts", "keys")
        }
        self._sections = np.load(place / "sections.npy", allow_pickle=False)
        self._starts = np.concatenate((np.zeros(1, np.int64), np.cumsum(self._arrays["counts"], dtype=np.int64)))
        old = (place / "tokens.txt").read_text("utf-8")
        words = old.split("\n") if old else []
        self.vocabulary = dict(zip(words, range(len(words)), strict=True))

    def number(self, article_id: str) -> int:
        """Where an article stood."""
        return self._spans[article_id][0]

    def stretch(self, first_id: str, last_id: str) -> Part:
        """The articles from one to the other, as they stand in the files."""
        (number, first, _), (last_number, _, last) = self._spans[first_id], self._spans[last_id]
        blobs = {name: blob.stretch(number, last_number + 1) for name, blob in self._blobs.items()}
        for name in ("text", "lines", "folded"):
            blobs[name] = self._blobs[name].stretch(first, last)
        fields = slice(first * len(FIELDS), last * len(FIELDS))
        span = slice(self._starts[fields.start], self._starts[fields.stop])
        return Part(
            **blobs,
            visible=self._sections[1, first:last],
            lengths=self._sections[2, first:last],
            words=self._arrays["words"][span],
            counts=self._arrays["counts"][fields],
            kept=first,
        )

    def keys(self, texts: list[str]) -> U64:
        """The keys of all words, of which the first are those of `vocabulary`."""
        old = self._arrays["keys"]
        new = np.fromiter(map(word_key, texts[len(old) :]), np.uint64, len(texts) - len(old))
        return np.concatenate((old, new))

    def merged(self, parts: Sequence[Part], keys: U64, weights: Weights) -> Merged | None:
        """Merge the fresh sections into the previous index; None where it is better inverted anew."""
        old = read_inverted(self._place)
        moved = np.full(old.lengths.shape[1], -1, np.int64)
        places: list[int] = []
        at = 0
        for part in parts:
            numbers = range(at, at := at + len(part.lengths))
            if part.kept is None:
                places.extend(numbers)
            else:
                moved[part.kept : part.kept + len(numbers)] = numbers
        if (moved < 0).sum() + len(places) > at // _MERGED:
            return None
        averages = average_lengths(old.lengths)
        fresh = [part for part in parts if part.kept is None]
        changed = invert_parts(fresh, join(fresh, "words"), keys, weights, averages)
        whole = merge(old, moved, changed, np.array(places, np.int64))
        return whole if (average_lengths(whole.lengths) == averages).all() else None
