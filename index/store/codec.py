"""The codec: how Whoosh keeps this index on disk, as arrays that can be mapped instead of parsed.

In: an inverted index (`inverting.py`) and a folder. Out: a Whoosh index of one segment, whose posting lists are slices
of memory-mapped numpy arrays. Whoosh keeps and opens the index; our scorer ranks it. A Whoosh searcher can search it
too, by terms, prefixes and what is made of them: there are no positions, so no phrases, and no fuzzy terms.
Why a codec of our own, Whoosh's door for this: its default keeps postings as pickled blocks of 128. Reading those for
a common word takes longer than scoring it, every worker would keep decoded copies, and its writer takes 13 s where
this takes one. Writing goes in bulk (`posting_files.py`, `write_segment`); Whoosh's writer, which takes one document
at a time, is not offered, because a snapshot never changes.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from whoosh import fields
from whoosh.codec import base
from whoosh.filedb.filestore import FileStorage
from whoosh.index import TOC
from whoosh.matching import ListMatcher
from whoosh.reading import SegmentReader, TermInfo

from index.arrays import F32, U64, Mask, Unsigned
from index.store.blobs import Packed, Texts
from index.store.keys import character_key, gram_key, gram_text, word_key
from index.store.posting_files import INDEX_NAME, SEGMENT, array_file

KINDS = ("words", "grams", "characters")
"""The Whoosh fields. Each indexes all four parts of a section, weighted: see `inverting.py`."""


def schema() -> fields.Schema:
    """The Whoosh schema: three kinds of terms and the section's card as a stored field."""
    kinds = {kind: fields.KEYWORD(scorable=True) for kind in KINDS}
    return fields.Schema(card=fields.STORED(), **kinds)


def term_key(kind: str, term: str) -> int:
    """Return the 64-bit key of `term` in the Whoosh field `kind`; 0, which no term has, where it cannot be one."""
    if kind == "words":
        return word_key(term)
    if kind == "grams":
        return gram_key(term) if len(term) == 2 else 0
    return character_key(term) if len(term) == 1 else 0


class Opened(NamedTuple):
    """What asking needs of an index."""

    terms: ArrayTerms
    """The posting lists and the vocabulary."""
    cards: Texts
    """What a hit shows of each section: see `serializing.CARD_BREAK`."""


def open_reader(folder: Path) -> SegmentReader:
    """Open the index in `folder` for Whoosh.

    By the schema above, which never changes, and not by Whoosh's table of contents: that is a pickle, and whoever can
    write to the index folder could have a server run code by it.
    """
    count = len(Texts(folder / f"{INDEX_NAME}_{SEGMENT}.cards"))
    return SegmentReader(FileStorage(str(folder)), schema(), ArraySegment(INDEX_NAME, count))


def open_index(folder: Path) -> Opened:
    """Open the index in `folder`. The only place that knows how Whoosh's reader names what it holds."""
    reader = open_reader(folder)
    return Opened(reader._terms, reader._perdoc.cards)


def write_segment(folder: Path, vocabulary: list[str], cards: list[str]) -> None:
    """Write what a segment has besides its postings, and its table of contents, into `folder`.

    `vocabulary` is every word with postings, in code point order; `cards` what a hit shows of each section, as one
    text.
    """
    storage = FileStorage(str(folder))
    segment = ArraySegment(INDEX_NAME, len(cards))
    (folder / segment.make_filename(".vocabulary")).write_text("\n".join(vocabulary), "utf-8")
    Texts.write(folder / segment.make_filename(".cards"), [Packed.of([card.encode() for card in cards])])
    TOC(schema(), [segment], 1).write(storage, INDEX_NAME)


class ArraySegment(base.Segment):  # type: ignore[misc]
    """A segment that never changes: no deletions, no compound file."""

    def __init__(self, indexname: str, count: int) -> None:
        super().__init__(indexname)
        self.segid = SEGMENT  # fixed, so that equal content gives equal files
        self._count = count

    def codec(self) -> ArrayCodec:
        return ArrayCodec()

    def doc_count_all(self) -> int:
        return self._count

    def deleted_count(self) -> int:
        return 0

    def deleted_docs(self) -> tuple[int, ...]:
        return ()

    def is_deleted(self, docnum: int) -> bool:
        return False


class ArrayCodec(base.Codec):  # type: ignore[misc]
    """Reads what `posting_files.py` and `write_segment` wrote."""

    def terms_reader(self, storage: FileStorage, segment: ArraySegment) -> ArrayTerms:
        return ArrayTerms(storage, segment)

    def per_document_reader(self, storage: FileStorage, segment: ArraySegment) -> ArraySections:
        return ArraySections(storage, segment)


def _open(storage: FileStorage, name: str) -> Any:
    return np.asarray(np.load(array_file(Path(storage.folder), name), mmap_mode="r", allow_pickle=False))


def _lines(storage: FileStorage, segment: ArraySegment, name: str) -> list[str]:
    text = (Path(storage.folder) / segment.make_filename(f".{name}")).read_text("utf-8")
    return text.split("\n") if text else []


class ArrayTerms(base.TermsReader):  # type: ignore[misc]
    """The posting lists. `find` serves our own scorer; the rest is Whoosh's interface over the same arrays."""

    def __init__(self, storage: FileStorage, segment: ArraySegment) -> None:
        self.keys: U64 = _open(storage, "keys")
        self.starts: U64 = _open(storage, "starts")
        self.sections: Unsigned = _open(storage, "sections")
        self.weights: F32 = _open(storage, "weights")
        self._storage = storage
        self.vocabulary = _lines(storage, segment, "vocabulary")

    def find(self, keys: U64) -> tuple[Mask, U64, U64]:
        """Return (found, begin, end) for term keys: where each one's postings lie in `sections` and `weights`."""
        if not len(self.keys):
            nowhere = np.zeros(len(keys), np.uint64)
            return nowhere > 0, nowhere, nowhere
        place = self.keys.searchsorted(keys)
        place[place == len(self.keys)] = 0
        found = self.keys[place] == keys
        return found, self.starts[place], self.starts[place + 1]

    def _range(self, fieldname: str, text: bytes) -> tuple[int, int]:
        found, begin, end = self.find(np.array([term_key(fieldname, text.decode())], np.uint64))
        if not found[0]:
            raise KeyError((fieldname, text))
        return int(begin[0]), int(end[0])

    def __contains__(self, term: tuple[str, bytes]) -> bool:
        return bool(self.find(np.array([term_key(term[0], term[1].decode())], np.uint64))[0][0])

    def _texts(self, fieldname: str) -> list[str]:
        if fieldname == "words":
            return self.vocabulary
        gram_tag, word_tag = np.searchsorted(self.keys, np.array([1 << 62, 2 << 62], np.uint64))
        if fieldname == "characters":
            return [chr(int(key)) for key in self.keys[:gram_tag]]
        return list(map(gram_text, self.keys[gram_tag:word_tag].tolist()))

    def terms(self) -> Iterator[tuple[str, bytes]]:
        for fieldname in sorted(KINDS):
            yield from self.terms_from(fieldname, b"")

    def terms_from(self, fieldname: str, prefix: bytes) -> Iterator[tuple[str, bytes]]:
        texts = self._texts(fieldname)
        for text in texts[bisect.bisect_left(texts, prefix.decode()) :]:
            yield fieldname, text.encode()

    def items(self) -> Iterator[tuple[tuple[str, bytes], TermInfo]]:
        return ((term, self.term_info(*term)) for term in self.terms())

    def items_from(self, fieldname: str, prefix: bytes) -> Iterator[tuple[tuple[str, bytes], TermInfo]]:
        return ((term, self.term_info(*term)) for term in self.terms_from(fieldname, prefix))

    def cursor(self, fieldname: str, fieldobj: Any) -> Any:
        raise NotImplementedError("Whoosh's spelling cursor is not offered: see search/misspellings.py")

    def term_info(self, fieldname: str, text: bytes) -> TermInfo:
        begin, end = self._range(fieldname, text)
        weights, sections = self.weights[begin:end], self.sections[begin:end]
        lengths = _open(self._storage, "lengths")[KINDS.index(fieldname)][sections].sum(axis=1)
        return TermInfo(
            weight=float(weights.sum()),
            df=end - begin,
            minlength=int(lengths.min()),
            maxlength=int(lengths.max()),
            maxweight=float(weights.max()),
            minid=int(sections[0]),
            maxid=int(sections[-1]),
        )

    def matcher(self, fieldname: str, text: bytes, format_: Any, scorer: Any = None) -> ListMatcher:
        begin, end = self._range(fieldname, text)
        return ListMatcher(
            self.sections[begin:end].tolist(),
            weights=self.weights[begin:end].tolist(),
            format=format_,
            scorer=scorer,
            term=(fieldname, text),
            terminfo=self.term_info(fieldname, text),
        )

    def indexed_field_names(self) -> tuple[str, ...]:
        return KINDS

    def close(self) -> None:
        """Nothing to close: the maps end with the arrays."""


class ArraySections(base.PerDocumentReader):  # type: ignore[misc]
    """Lengths and stored fields by section number."""

    def __init__(self, storage: FileStorage, segment: ArraySegment) -> None:
        self._count = segment.doc_count_all()
        self._lengths = _open(storage, "lengths").sum(axis=2)
        self.cards = Texts(Path(storage.folder) / segment.make_filename(".cards"))

    def doc_count(self) -> int:
        return self._count

    def doc_count_all(self) -> int:
        return self._count

    def has_deletions(self) -> bool:
        return False

    def is_deleted(self, docnum: int) -> bool:
        return False

    def deleted_docs(self) -> tuple[int, ...]:
        return ()

    def doc_field_length(self, docnum: int, fieldname: str, default: int = 0) -> int:
        return int(self._lengths[KINDS.index(fieldname)][docnum])

    def field_length(self, fieldname: str) -> int:
        return int(self._lengths[KINDS.index(fieldname)].sum())

    def min_field_length(self, fieldname: str) -> int:
        return int(self._lengths[KINDS.index(fieldname)].min())

    def max_field_length(self, fieldname: str) -> int:
        return int(self._lengths[KINDS.index(fieldname)].max())

    def stored_fields(self, docnum: int) -> dict[str, str]:
        return {"card": self.cards[docnum].decode()}
