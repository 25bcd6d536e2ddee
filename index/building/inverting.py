"""Inverting: which section has which term becomes, for each term, the sections that have it.

In: per section its FIELDS (asks, title, aliases, heading, body) as folded text and as word numbers. Out: sorted term
keys, and for each term its sections (ascending) with one weight each: the term's BM25F pseudo-frequency.
Why numpy: a posting is packed into one 64-bit number (term, section, field), and one sort of these numbers *is* the
inverted index; 5 million take 0.1 s, where a dictionary of lists takes 10. An incremental build inverts the changed
sections alone and merges them in (`merging.py`).

BM25F after Robertson, Zaragoza: The Probabilistic Relevance Framework (2009), 3.4: with field boost v_f, frequency
tf_f and length normalisation B_f = 1 - b + b * len_f / avg len_f, the pseudo-frequency is sum over f of v_f * tf_f /
B_f; saturation, w / (k1 + w), comes once, at query time. So Whoosh's own BM25F with B=0 scores these weights exactly
as `searching.py` does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from index.arrays import F32, F64, U32, U64, Mask, Numbers
from index.store.keys import (
    CHARACTER_BITS,
    FIELD_BREAK,
    FIELDS,
    GRAM_TAG,
    HAN_BITS,
    SECTION_BREAK,
)
from index.store.posting_files import Inverted
from index.weights import Weights

_SECTION_BITS = 20
MAX_SECTIONS = 1 << _SECTION_BITS
_PLACE_BITS = 23
"""For a section and its field as one number, `section * len(FIELDS) + field`; 59 bits with two Han characters."""
_NARROW = 1 << 16  # numbers that two bytes hold


def narrow(count: int) -> type[np.unsignedinteger[Any]]:
    """The type of section numbers, and of word numbers on disk, where there are `count`: 20 of 130 MB less to write."""
    return np.uint16 if count <= _NARROW else np.uint32


def han_mask(codes: U32) -> Mask:
    """True where a code point is a Han character; the same set as `folding.HAN`."""
    mask: Mask = (
        ((codes >= 0x4E00) & (codes <= 0x9FFF))
        | ((codes >= 0x3400) & (codes <= 0x4DBF))
        | ((codes >= 0xF900) & (codes <= 0xFAFF))
        | ((codes >= 0x20000) & (codes <= 0x3134F))
        | (codes == 0x3007)
        | (codes == 0x3005)
    )
    return mask


def invert(
    records: Sequence[str],
    words: U32,
    word_counts: U32,
    word_keys: U64,
    weights: Weights,
    averages: F64 | None = None,
) -> Inverted:
    """Invert `records` (folded fields of each section joined by FIELD_BREAK) and their words.

    `words` holds word numbers, section after section and within it field after field, `word_counts` how many belong to
    each, `len(FIELDS)` numbers a section; `word_keys` is the key of each word number. `averages` are the average
    lengths of the index that these sections will be merged into, used instead of their own. Raises ValueError beyond
    MAX_SECTIONS.
    """
    count = len(records)
    if count >= MAX_SECTIONS:
        raise ValueError(f"{count} 个小节超出上限 {MAX_SECTIONS - 1}：请把内容分成几个帮助中心")
    codes = np.frombuffer(SECTION_BREAK.join(records).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    order = np.argsort(word_keys, kind="stable")
    made, all_lengths = [], []
    # One kind of term at a time: each takes 2 GB while it is sorted, for 100,000 sections.
    for number, packed in enumerate(_packed(codes, words, word_counts, order)):
        lengths = _field_lengths(packed, count)
        average = average_lengths(lengths[np.newaxis])[0] if averages is None else averages[number]
        made.append(_lists(packed, lengths, average, weights))
        all_lengths.append(lengths)
    of_words, of_pairs, of_characters = made
    lists = (of_characters, of_pairs, of_words)
    second = of_pairs.terms & np.uint64((1 << HAN_BITS) - 1)
    pairs = of_pairs.terms >> np.uint64(HAN_BITS) << np.uint64(CHARACTER_BITS) | second
    keys = np.concatenate((of_characters.terms, pairs | np.uint64(GRAM_TAG), word_keys[order][of_words.terms]))
    return Inverted(
        keys=keys,
        starts=starts_of(np.concatenate([part.sizes for part in lists])),
        sections=np.concatenate([part.sections for part in lists]).astype(narrow(count), copy=False),
        weights=np.concatenate([part.weights for part in lists]),
        lengths=np.stack(all_lengths),
    )


def _packed(codes: U32, words: U32, word_counts: U32, order: Numbers) -> Iterator[U64]:
    """Yield words, pairs and single characters as (term, section, field) in one number each; a word's term is its place
    in `order`."""
    shift = np.uint64(_PLACE_BITS)
    rank = np.empty(len(order), dtype=np.uint64)
    rank[order] = np.arange(len(order), dtype=np.uint64)
    yield rank[words] << shift | np.repeat(np.arange(len(word_counts), dtype=np.uint64), word_counts)
    # A break follows each field, so the number of breaks before a character is its place.
    place = np.cumsum((codes == ord(FIELD_BREAK)) | (codes == ord(SECTION_BREAK)), dtype=np.uint32)
    han = han_mask(codes)
    at = np.flatnonzero(han[:-1] & han[1:])
    yield (codes[at].astype(np.uint64) << np.uint64(HAN_BITS) | codes[at + 1]) << shift | place[at]
    yield codes[han].astype(np.uint64) << shift | place[han]


def starts_of(sizes: U64) -> U64:
    """Where each list begins, and last where all end."""
    return np.concatenate((np.zeros(1, np.uint64), np.cumsum(sizes, dtype=np.uint64)))


def average_lengths(lengths: U32) -> F64:
    """Return the average length of each kind's fields, over the sections that have the field; shape (3, fields).

    Rounded to two digits, which is exact enough to compare lengths by. A changed article rarely changes it then, so the
    weights of all other sections stay as they are, and an incremental build need not touch them (`merging.py`).
    """
    filled = np.maximum((lengths > 0).sum(axis=1), 1)
    exact = np.maximum(lengths.sum(axis=1) / filled, 1)
    digit = 10.0 ** (np.floor(np.log10(exact)) - 1)
    rounded: F64 = np.round(exact / digit) * digit
    return rounded


@dataclass(frozen=True, slots=True)
class _Lists:
    terms: U64
    sizes: U64
    sections: U32
    weights: F32


def _place(packed: U64) -> Numbers:
    return (packed & np.uint64((1 << _PLACE_BITS) - 1)).astype(np.int64)


def _field_lengths(packed: U64, count: int) -> U32:
    lengths = np.bincount(_place(packed), minlength=count * len(FIELDS))
    return lengths.reshape(count, len(FIELDS)).astype(np.uint32)


def _heads(ordered: U64) -> Numbers:
    """Where runs of equal numbers begin."""
    return np.flatnonzero(np.concatenate((np.ones(min(len(ordered), 1), bool), ordered[1:] != ordered[:-1])))


def _lists(packed: U64, lengths: U32, averages: F64, weights: Weights) -> _Lists:
    """Sort packed (term, section, field) numbers, in place, into posting lists, weighted by BM25F."""
    if not len(packed):
        empty = np.empty(0, np.uint64)
        return _Lists(empty, empty, np.empty(0, np.uint32), np.empty(0, np.float32))
    boosts = np.array([weights.boosts[name] for name in FIELDS])
    norm = (boosts / (1 - weights.b + weights.b * lengths / averages)).astype(np.float32).ravel()
    packed.sort()
    first = _heads(packed)
    frequency = np.diff(np.append(first, len(packed))).astype(np.float32)
    packed = packed[first]
    place = _place(packed)
    part = frequency * norm[place]
    section = (place // len(FIELDS)).astype(np.uint64)
    term_section = packed >> np.uint64(_PLACE_BITS) << np.uint64(_SECTION_BITS) | section
    posting = _heads(term_section)
    term_section = term_section[posting]
    term = term_section >> np.uint64(_SECTION_BITS)
    head = _heads(term)
    return _Lists(
        terms=term[head],
        sizes=np.diff(np.append(head, len(term))).astype(np.uint64),
        sections=(term_section & np.uint64(MAX_SECTIONS - 1)).astype(np.uint32),
        weights=np.add.reduceat(part, posting).astype(np.float32),
    )
