"""Relating: which articles are near an article, found once at build time.

In: the inverted index and which section belongs to which article. Out: per article up to four others, nearest first.
Why words and cosine: an article's twenty most telling words (TF-IDF) name its subject; each article then costs one look
through their posting lists, 60 µs, and no matrix of all pairs is ever held.
"""

from __future__ import annotations

import numpy as np

from index.inverting import U32, Inverted
from index.weights import Weights

_NEAREST, _TELLING = 4, 20
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

    # By article, and in it by falling value: the bits of a positive float32 are ordered as the float is.
    order = np.argsort(article.astype(np.uint64) << np.uint64(32) | ~value.view(np.uint32), kind="stable")
    article_starts = np.searchsorted(article[order], np.arange(count + 1))
    found: list[list[int]] = []
    for number in range(count):
        own = order[article_starts[number] : article_starts[number + 1]][:_TELLING]
        if not len(own):
            found.append([])
            continue
        spans = [(int(starts[t]), int(starts[t + 1])) for t in term[own]]
        near = np.concatenate([article[a:b] for a, b in spans])
        score = np.concatenate([value[a:b] * value[i] for (a, b), i in zip(spans, own, strict=True)])
        total = np.bincount(near, score, count)
        total[number] = 0
        near = np.flatnonzero(total > _LEAST)
        found.append(near[np.argsort(-total[near], kind="stable")[:_NEAREST]].tolist())
    return found
