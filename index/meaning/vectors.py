"""Vectors: what a snapshot holds of its sections' meaning, and how near a query is to each.

In: a snapshot's folder, and the model where this machine has it; queries. Out: cosines, and which ask or sentence was
near. A section has a row for its body and one for each of its asks; the nearest of them counts for it.

    meaning.json             by which model, how many rows, how many of them are newer than what was fitted
    meaning.vectors.npy      int8, a row a text: 128 numbers instead of 512
    meaning.firsts.npy       the row of each section's body; its asks follow
    meaning.hashes.npy       of each row's text, for the next build (encoding.py)
    meaning.basis.npy        from the model's numbers to those 128
    meaning.bag.*.npy        the words' own vectors (bags.py)

Why all rows are looked at: 12,700 take 0.3 ms, and an index of neighbours pays from some 200,000 on. Why cosines of
the model's own space: the basis is not centred, so that .7 means the same in every snapshot.
"""

from __future__ import annotations

import json
import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from index.arrays import F32
from index.meaning.bags import Bag
from index.meaning.encoder import Encoder
from index.model import ModelUnavailable
from index.store.keys import character_key

log = logging.getLogger(__name__)

SENTENCE = re.compile("[^。！？；!?…\n]+[。！？；!?…]*")
_CHUNK = 1024  # rows made floating at a time: they stay in the processor's cache, and no second thread is woken


@dataclass(frozen=True)
class Near:
    """How near one text is to every section."""

    vector: F32
    """The model's where it read the text, else its words summed up."""
    cosines: F32
    """One a section: the highest of its body and its asks; where the model read, the mean of its and the words'."""
    highest: float
    """Of any section, by `vector` alone."""
    by_model: bool
    """Whether the model read the text; its cosines and those of summed words do not compare."""


class Meanings:
    """The vectors of one snapshot. `encoder`: the model of this machine; asked only if it made these vectors."""

    def __init__(self, place: Path, encoder: Encoder | None) -> None:
        about = json.loads((place / "meaning.json").read_text("utf-8"))
        self._vectors, self._firsts, self._basis = (_array(place, name) for name in ("vectors", "firsts", "basis"))
        self._scale: float = about["scale"]
        self._bag = Bag(**{name: _array(place, f"bag.{name}") for name in ("keys", "table", "weights")})
        self._encoder = encoder
        if encoder and encoder.digest != about["model"]:
            log.warning("HELPCENTER_MEANING 的模型不是建索引时用的那个：只用词袋表。重新运行 helpcenter index 即可。")
            self._encoder = None

    def load(self) -> None:
        """Load the model, where this machine has it."""
        self._read("")

    def near(self, folded: str, keys: tuple[int, ...], typing: bool = False) -> Near | None:
        """How near `folded` is to each section; None where nothing of it is known. `keys`: its words and characters.

        By its words summed up; where this machine has the model, and nobody is `typing`, half by what that reads. Both
        together do better than the model alone (section nDCG of set A .622 for .613), and Enter changes less.
        """
        said = self._bag.vector(keys)
        read = None if typing else self._read(folded)
        vector = said if read is None else read
        if vector is None or not len(self._firsts):
            return None
        cosines = self._cosines(vector)
        highest = float(cosines.max())
        if read is not None and said is not None:
            cosines = (cosines + self._cosines(said)) / np.float32(2)
        return Near(vector, cosines, highest, read is not None)

    def nearest(self, near: Near, section: int) -> tuple[int, float]:
        """What of a section was near: 0 for its body, else the number of the ask from 1; and its cosine."""
        first = int(self._firsts[section])
        last = int(self._firsts[section + 1]) if section + 1 < len(self._firsts) else len(self._vectors)
        cosines = self._products(near.vector, first, last)
        best = int(cosines.argmax())
        return best, float(cosines[best])

    def sentence(self, near: Near, folded: str) -> int:
        """Where in a body (folded) the sentence begins that is nearest to the query; 0 where none is known."""
        found, best = 0, -1.0
        for match in SENTENCE.finditer(folded):
            vector = self._bag.vector([*map(character_key, match.group())])  # cutting it takes ten times as long
            if vector is not None and (cosine := float(vector @ near.vector)) > best:
                found, best = match.start(), cosine
        return found

    def _read(self, folded: str) -> F32 | None:
        encoder = self._encoder  # once: another thread may give it up meanwhile
        if encoder is None:
            return None
        try:
            return np.asarray(encoder.encode(folded) @ self._basis, np.float32)
        except ModelUnavailable as error:
            log.error("%s现在只用词袋表。", error)
            self._encoder = None
            return None

    def _cosines(self, vector: F32) -> F32:
        found: F32 = np.maximum.reduceat(self._products(vector, 0, len(self._vectors)), self._firsts)
        return found

    def _products(self, vector: F32, first: int, last: int) -> F32:
        found = np.empty(last - first, np.float32)
        for at in range(first, last, _CHUNK):
            rows = self._vectors[at : min(at + _CHUNK, last)]
            np.dot(rows.astype(np.float32), vector, out=found[at - first : at - first + len(rows)])
        found *= self._scale
        return found


def open_meanings(place: Path, encoder: Encoder | None) -> Meanings | None:
    """The vectors of the snapshot in `place`; None where it was built without."""
    return Meanings(place, encoder) if (place / "meaning.json").exists() else None


def _array(place: Path, name: str) -> Any:
    return np.asarray(np.load(place / f"meaning.{name}.npy", mmap_mode="r", allow_pickle=False))
