"""Merging: an inverted index with some sections taken out and others put in.

In: the last snapshot's inverted index, where its sections stand now, and the inverted index of the changed sections.
Out: the inverted index of the whole, equal to the last bit to one made from scratch as long as the average lengths are
the same (`inverting.average_lengths` rounds them; the caller compares).
Why: inverting 12,700 sections anew takes a second, taking out ten and putting in ten a tenth of that.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import repeat

import numpy as np

from index.arrays import F32, Numbers, Unsigned
from index.building.inverting import narrow, starts_of
from index.store.posting_files import Inverted, Merged, Pieces


def merge(old: Inverted, moved: Numbers, fresh: Inverted, places: Numbers) -> Merged:
    """Return the whole. `moved`: per old section its new number, or -1 if it is gone; `places`: those of fresh ones.

    Both ascend, as sections do. The weights of `fresh` must stem from the average lengths of `old`.
    """
    # No second array of all postings is made: to allocate it takes 25 ms at 12,700 sections (30 MB).
    kept = moved >= 0
    count = int(kept.sum()) + len(places)
    gone = _postings_of(np.flatnonzero(~kept), old.sections)
    lost = np.bincount(np.searchsorted(old.starts, gone, side="right") - 1, minlength=len(old.keys))
    kind = narrow(count)
    sections = old.sections.astype(kind, copy=False)
    if (moved[kept] != np.flatnonzero(kept)).any():
        # A section that is gone gets the number of the one before it, so that each list still ascends.
        sections = np.maximum.accumulate(np.maximum(moved, 0)).astype(kind)[old.sections]

    starts = old.starts.astype(np.int64)
    new = places[fresh.sections].astype(kind)
    term = np.searchsorted(old.keys, fresh.keys)
    known = old.keys[np.minimum(term, len(old.keys) - 1)] == fresh.keys if len(old.keys) else np.zeros(len(term), bool)
    view = sections.data  # as a memoryview: numpy takes five times as long to look for one number
    sizes = np.diff(fresh.starts).astype(np.int64)
    begin, end = (starts[some].repeat(sizes).tolist() for some in (term, np.minimum(term + known, len(old.keys))))
    at = np.array(list(map(bisect_left, repeat(view), new.tolist(), begin, end)), np.int64)
    keys = np.insert(old.keys, term[~known], fresh.keys[~known])
    total = np.insert(np.diff(starts) - lost, term[~known], 0)
    total[np.searchsorted(keys, fresh.keys)] += sizes
    lengths = np.zeros((3, count, old.lengths.shape[2]), np.uint32)
    lengths[:, moved[kept]] = old.lengths[:, kept]
    lengths[:, places] = fresh.lengths
    stretches = _splice(len(sections), gone, at)
    return Merged(
        keys=keys[total > 0],
        starts=starts_of(total[total > 0].astype(np.uint64)),
        sections=_spliced(sections, new, stretches),
        weights=_spliced(old.weights, fresh.weights, stretches),
        lengths=lengths,
    )


def _postings_of(gone: Numbers, sections: Unsigned) -> Numbers:
    """Where the postings of the sections `gone` (ascending) lie."""
    if not len(gone):
        return gone
    # Sections of one article are neighbours: comparing takes a tenth of looking each posting up.
    first, last = gone[[0, -1]].tolist()
    near = np.flatnonzero((sections >= first) & (sections <= last))
    return near if last - first == len(gone) - 1 else near[np.isin(sections[near], gone)]


def _splice(count: int, gone: Numbers, at: Numbers) -> list[tuple[int, int, int]]:
    """Say how to cut an array of `count` numbers, to leave out those at `gone` and put new ones before those at `at`.

    Both ascend. Returns for each stretch that is kept where it begins and ends, and which new one follows it, or -1.
    """
    cuts = np.concatenate((at, gone))
    order = np.argsort(cuts, kind="stable")
    cuts, follows = cuts[order], np.where(order < len(at), order, -1)
    begins = np.concatenate((np.zeros(1, np.int64), cuts + (follows < 0)))
    return list(zip(begins.tolist(), [*cuts.tolist(), count], [*follows.tolist(), -1], strict=True))


def _spliced(old: Unsigned | F32, new: Unsigned | F32, stretches: list[tuple[int, int, int]]) -> Pieces:
    size, whole, fresh = old.itemsize, old.view(np.uint8).data, new.view(np.uint8).data
    parts = []
    for begin, end, follows in stretches:
        if begin < end:
            parts.append(whole[begin * size : end * size])
        if follows >= 0:
            parts.append(fresh[follows * size : (follows + 1) * size])
    return Pieces(old.dtype, parts)
