"""Encoding: the texts of a snapshot's sections become its vectors, those that were there before without the model.

In: each section's body and asks, the model, the last snapshot. Out: the files of `vectors.py`. Why by hash of the text:
a moved, renamed or re-ordered section keeps its vectors, and so does a full build for another reason; with one changed
article only its texts are read. Why what was fitted (basis, bag) is kept until a fifth of the texts is new: both are
means over all of the content, a few new texts change nothing in them, and fitting takes as long as a first build. So an
incremental build may differ here from a full one, and nowhere else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from index.arrays import F32, I8, U32, U64, Numbers
from index.meaning.bags import Bag, Cut, fit, keys_of
from index.meaning.encoder import Encoder
from index.meaning.vectors import SENTENCE

DIMENSIONS = 128
"""Kept of the model's 512. All of them gain .003 nDCG and take four times the room."""
SENTENCES = 10_000
"""Of the content, at most, that the bag is fitted to, besides all asks; at 2.7 ms each."""
SHORTEST = 4
"""Characters of such a sentence."""
OF_SECTION = 0.3
"""How much of a sentence's target is its section's vector: whoever says this sentence means that section."""
DRIFT = 0.2
"""The share of texts newer than what was fitted from which it is fitted again."""
_RECIPE = 1  # raised with any change of what is encoded or fitted

Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Encoded:
    """What is written; see `vectors.py`."""

    about: dict[str, Any]
    vectors: I8
    firsts: U32
    hashes: U64
    basis: F32
    bag: Bag

    def write(self, place: Path) -> None:
        """Write the files into `place`."""
        bag = {f"bag.{name}": getattr(self.bag, name) for name in ("keys", "table", "weights")}
        arrays = {"vectors": self.vectors, "firsts": self.firsts, "hashes": self.hashes, "basis": self.basis, **bag}
        for name, array in arrays.items():
            np.save(place / f"meaning.{name}.npy", array)
        (place / "meaning.json").write_text(json.dumps(self.about), "utf-8")


def encode_sections(
    sections: Sequence[tuple[str, Sequence[str]]], encoder: Encoder, cut: Cut, last: Path | None, tell: Tell
) -> Encoded:
    """Encode each section's body and asks, folded. `last`: the snapshot to take known texts from, if there is one.

    Raises ModelUnavailable.
    """
    texts = [text for body, asks in sections for text in (body, *asks)]
    firsts = np.array([0, *accumulate(1 + len(asks) for _, asks in sections)][:-1], np.uint32)
    hashes = np.frombuffer(b"".join(map(_hash, texts)), np.uint64)
    kept = _kept(last, encoder)
    if kept:
        order = np.argsort(kept.hashes)
        at = np.minimum(kept.hashes.searchsorted(hashes, sorter=order), len(order) - 1)
        known = order[at]
        new = np.flatnonzero(kept.hashes[known] != hashes)
        drift = kept.about["drift"] + len(new)
        if drift <= DRIFT * len(texts):
            vectors = kept.vectors[known]
            if len(new):
                fresh = encoder.encode_all([texts[number] for number in new.tolist()], tell)
                vectors[new] = _rounded(fresh @ kept.basis, kept.about["scale"])
            return Encoded({**kept.about, "drift": drift}, vectors, firsts, hashes, kept.basis, kept.bag)
    return _fitted(sections, texts, firsts, hashes, encoder, cut, tell)


def _fitted(
    sections: Sequence[tuple[str, Sequence[str]]],
    texts: Sequence[str],
    firsts: U32,
    hashes: U64,
    encoder: Encoder,
    cut: Cut,
    tell: Tell,
) -> Encoded:
    """Encode everything, and fit the basis and the bag to it."""
    sentences, homes = _sentences([body for body, _ in sections])
    whole = encoder.encode_all([*texts, *sentences], tell)
    own = whole[: len(texts)]
    _, axes = np.linalg.eigh(own.T @ own)  # ascending; not centred, so that products stay cosines
    basis = np.ascontiguousarray(axes[:, ::-1][:, :DIMENSIONS])
    small = own @ basis
    scale = float(np.abs(small).max(initial=1e-6)) / 127
    is_ask = np.ones(len(texts), bool)
    is_ask[firsts] = False
    asks = np.flatnonzero(is_ask)
    ask_homes = firsts.searchsorted(asks, side="right") - 1
    said = np.concatenate((whole[len(texts) :], own[asks])) * (1 - OF_SECTION)
    said += OF_SECTION * own[firsts[np.concatenate((homes, ask_homes))]]
    size = np.linalg.norm(said, axis=1, keepdims=True)
    keys = [keys_of(text, cut) for text in (*sentences, *(texts[number] for number in asks.tolist()))]
    bag = fit(keys, (said / np.maximum(size, 1e-6)) @ basis)
    about = {"model": encoder.digest, "recipe": _RECIPE, "rows": len(texts), "scale": scale, "drift": 0}
    return Encoded(about, _rounded(small, scale), firsts, hashes, basis, bag)


def _sentences(bodies: Sequence[str]) -> tuple[list[str], Numbers]:
    """Up to SENTENCES of all, evenly spread, and the number of the section that each stands in."""
    found = [
        (text, number)
        for number, body in enumerate(bodies)
        for text in (match.group().strip() for match in SENTENCE.finditer(body))
        if len(text) >= SHORTEST
    ]
    chosen = [found[at * len(found) // SENTENCES] for at in range(SENTENCES)] if len(found) > SENTENCES else found
    return [text for text, _ in chosen], np.array([number for _, number in chosen], np.int64)


def _kept(last: Path | None, encoder: Encoder) -> Encoded | None:
    """What the last snapshot has by the same model and recipe."""
    if last is None or not (last / "meaning.json").exists():
        return None
    about = json.loads((last / "meaning.json").read_text("utf-8"))
    if (about["model"], about["recipe"]) != (encoder.digest, _RECIPE) or not about["rows"]:
        return None
    arrays = {
        name: np.load(last / f"meaning.{name}.npy", allow_pickle=False)
        for name in ("vectors", "firsts", "hashes", "basis", "bag.keys", "bag.table", "bag.weights")
    }
    bag = Bag(**{name: arrays.pop(f"bag.{name}") for name in ("keys", "table", "weights")})
    return Encoded(about, bag=bag, **arrays)


def _rounded(vectors: F32, scale: float) -> I8:
    rounded: I8 = np.rint(vectors / scale).clip(-127, 127).astype(np.int8)
    return rounded


def _hash(text: str) -> bytes:
    """64 bits: a million texts clash at 1 : 37 million."""
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
