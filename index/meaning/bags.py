"""Bags of words: a query's vector without a model, as the sum of its words' and characters' own vectors.

In: texts of the content with the vectors that the model gave them. Out: a vector for every word and character of those
texts, fitted so that their weighted sum comes as near to the text's own as it can; then for any text that sum. Why:
asking needs no model, takes microseconds, and reaches half to four fifths of what the model itself gains. A sum knows
no order and no word that the content lacks, which is what the model on the server still adds.
Why ridge regression by conjugate gradients, in numpy: 700,000 numbers that are not 0, in a table that would have 10⁸;
ten steps are as good as thirty.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from index.arrays import F32, I8, U64, Numbers
from index.store.keys import character_key, word_key
from index.text.segmenting import latin_terms, runs

RIDGE = 0.1
"""How much large numbers cost. .005 to .5 differ by .003 nDCG on set A."""
STEPS = 12
"""Of conjugate gradients; 5 and 30 differ by .001."""
MOST = 16_000
"""Words and characters kept, the most frequent: 2 MB."""
_TINY = np.float32(1e-20)
_ROWS = 2048  # rows multiplied at a time: 60 MB of numbers in between

Cut = Callable[[str], Sequence[str]]
"""Cuts a run of Han characters into words."""


def keys_of(folded: str, cut: Cut) -> list[int]:
    """The words and characters of a text, each once, as keys."""
    found: dict[int, None] = {}
    for run in runs(folded):
        if run.kind == "han":
            found.update((word_key(word), None) for word in cut(run.text) if len(word) > 1)
            found.update((character_key(character), None) for character in run.text)
        else:
            found.update((word_key(term), None) for term in latin_terms(run.text)[:1] or [run.text])
    return list(found)


@dataclass(frozen=True, slots=True)
class Bag:
    """The fitted vectors, a row for each key; memory-mapped in a snapshot."""

    keys: U64
    """Ascending."""
    table: I8
    """Shape (keys, dimensions)."""
    weights: F32
    """Of each key: how rare it is, times what brings its row back to scale."""

    def vector(self, keys: Sequence[int]) -> F32 | None:
        """The unit vector of a text with these keys; None where none of them is known."""
        wanted = np.array(keys, np.uint64)
        if not len(wanted) or not len(self.keys):
            return None
        at = np.minimum(self.keys.searchsorted(wanted), len(self.keys) - 1)
        at = at[self.keys[at] == wanted]
        total = self.weights[at] @ self.table[at].astype(np.float32)
        size = float(np.linalg.norm(total))
        return (total / size).astype(np.float32) if size else None


def fit(texts: Sequence[Sequence[int]], vectors: F32) -> Bag:
    """Fit a vector to every key, so that the sum over a text's keys, weighed by idf^½, is near its row of `vectors`."""
    counts = Counter(chain.from_iterable(texts))
    kept = sorted(sorted(counts, key=lambda key: (-counts[key], key))[:MOST])
    keys = np.array(kept, np.uint64)
    frequencies = np.array([counts[key] for key in kept], np.float32)
    weights = np.sqrt(np.log(len(texts) / (frequencies + 1.0)).clip(-0.9) + 1.0).astype(np.float32)
    column = {key: number for number, key in enumerate(kept)}
    rows = [[column[key] for key in text if key in column] for text in texts]
    used = [number for number, row in enumerate(rows) if row]
    if not used:
        return Bag(keys[:0], np.zeros((0, vectors.shape[1]), np.int8), weights[:0])
    fitted = _solve(_Sparse.of([rows[number] for number in used], weights), vectors[used])
    scale = np.abs(fitted).max(axis=1) / 127 + np.float32(1e-12)
    return Bag(
        keys, np.rint(fitted / scale[:, np.newaxis]).astype(np.int8), (weights * scale).astype(np.float32, copy=False)
    )


@dataclass(frozen=True, slots=True)
class _Sparse:
    """Rows of few numbers. Row i owns `columns[starts[i]:starts[i + 1]]`; none is empty."""

    columns: Numbers
    values: F32
    starts: Numbers

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]], weights: F32) -> _Sparse:
        """Each row the weights of its columns, made a unit vector."""
        sizes = np.fromiter(map(len, rows), np.int64, len(rows))
        columns = np.fromiter(chain.from_iterable(rows), np.int64, int(sizes.sum()))
        starts = np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes)))
        values = weights[columns]
        long = np.sqrt(np.add.reduceat(values**2, starts[:-1])).repeat(sizes)
        return cls(columns, (values / long).astype(np.float32), starts)

    def turned(self) -> _Sparse:
        """Rows for columns; every column must be in use."""
        order = np.argsort(self.columns, kind="stable")
        rows = np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))[order]
        sizes = np.bincount(self.columns)
        return _Sparse(rows, self.values[order], np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes))))

    def times(self, dense: F32) -> F32:
        """The product with a dense matrix."""
        parts = []
        for first in range(0, len(self.starts) - 1, _ROWS):
            starts = self.starts[first : first + _ROWS + 1]
            some = slice(starts[0], starts[-1])
            scaled = dense[self.columns[some]] * self.values[some, np.newaxis]
            parts.append(np.add.reduceat(scaled, starts[:-1] - starts[0]))
        return np.concatenate(parts)


def _solve(rows: _Sparse, wanted: F32) -> F32:
    """Minimise |rows · x - wanted|² + RIDGE · |x|², each column of `wanted` by itself (Hestenes, Stiefel 1952)."""
    columns = rows.turned()
    diagonal: F32 = (np.add.reduceat(columns.values**2, columns.starts[:-1]) + np.float32(RIDGE))[:, np.newaxis]
    rest: F32 = columns.times(wanted.astype(np.float32))
    found = np.zeros_like(rest)
    eased: F32 = rest / diagonal
    way = eased.copy()
    before = (rest * eased).sum(axis=0)
    for _ in range(STEPS):
        pushed = columns.times(rows.times(way)) + np.float32(RIDGE) * way
        step = before / np.maximum((way * pushed).sum(axis=0), _TINY)
        found += step * way
        rest -= step * pushed
        eased = rest / diagonal
        after = (rest * eased).sum(axis=0)
        way = eased + after / np.maximum(before, _TINY) * way
        before = after
    return found
