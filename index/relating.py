"""Relating: which articles are near an article, found once at build time.

In: the inverted index and which section belongs to which article. Out: per article up to four others, nearest first.
Why words and cosine: an article's twenty most telling words (TF-IDF) name its subject, and a look through their posting
lists finds who shares them. 64 articles at once: one by one takes twice as long, a matrix of all pairs too much room.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from index.inverting import U32, Inverted
from index.weights import Weights

_NEAREST, _TELLING = 4, 20
_AT_ONCE = 64  # articles
_LEAST = 0.05  # cosine; below, two articles share a word and no subject
_WORD_TAG = np.uint64(2 << 62)


def related(inverted: Inverted, article_of: U32, count: int, weights: Weights) -> list[list[int]]:
    """Return for each of `count` articles the numbers of its nearest others."""
    first = int(np.searchsorted(inverted.keys, _WORD_TAG))
    begin = int(inverted.starts[first]) if len(inverted.keys) else 0
    sizes = np.diff(inverted.starts[first:]).astype(np.int64)
    term = np.repeat(np.arange(len(sizes), dtype=np.uint32), sizes)
    article = article_of[inverted.sections[begin:]]
    # Sections ascend within a term and articles ascend with sections, so equal pairs stand side by side.
    first_of_pair = np.ones(len(term), bool)
    first_of_pair[1:] = (article[1:] != article[:-1]) | (term[1:] != term[:-1])
    head = np.flatnonzero(first_of_pair)
    if not len(head):
        return [[] for _ in range(count)]
    weight = np.add.reduceat(inverted.weights[begin:], head)
    term, article = term[head], article[head]
    frequency = np.bincount(term, minlength=len(sizes))
    telling = (frequency[term] > 1) & (frequency[term] <= max(count // 5, 4))
    term, article, weight = term[telling], article[telling], weight[telling]
    value = (weight / (weight + weights.k1["words"]) * np.log(count / frequency[term] + 1)).astype(np.float32)
    norm = np.sqrt(np.bincount(article, value * value, count)) + 1e-9
    value = (value / norm[article]).astype(np.float32)
    starts = np.searchsorted(term, np.arange(len(sizes) + 1))
    sizes_of = np.diff(starts)

    # By article, and in it by falling value: the bits of a positive float32 are ordered as the float is.
    order = np.argsort(article.astype(np.uint64) << np.uint64(32) | ~value.view(np.uint32), kind="stable")
    own_starts = np.searchsorted(article[order], np.arange(count + 1))
    top = order[np.arange(len(order)) - own_starts[article[order]] < _TELLING]
    top_starts = np.searchsorted(article[top], np.arange(count + 1))
    found: list[list[int]] = []
    for first in range(0, count, _AT_ONCE):
        last = min(first + _AT_ONCE, count)
        own = top[top_starts[first] : top_starts[last]]
        at, size = starts[term[own]], sizes_of[term[own]]
        # Each telling word's whole posting list, one behind the other.
        lists = np.arange(size.sum()) + np.repeat(at - np.cumsum(size) + size, size)
        cell = np.repeat((article[own] - first) * count, size) + article[lists]
        total = np.bincount(cell, value[lists] * np.repeat(value[own], size), (last - first) * count)
        found.extend(_nearest(total.reshape(-1, count), first))
    return found


def _nearest(total: Any, first: int) -> list[list[int]]:
    """Of each row, the columns of the highest numbers; row 0 is article `first`, which is not near itself."""
    rows = np.arange(len(total))
    total[rows, rows + first] = 0
    best = []
    for _ in range(min(_NEAREST, total.shape[1])):
        column = total.argmax(axis=1)
        best.append(np.where(total[rows, column] > _LEAST, column, -1))
        total[rows, column] = 0
    return [[number for number in row if number >= 0] for row in np.stack(best, axis=1).tolist()]
