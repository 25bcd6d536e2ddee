"""Weights: the numbers that rank, read from `data/weights.toml`, where each says why.

In: the file. Out: one frozen record. Why a data file: whoever tunes ranking reads and changes numbers, not code, and
the snapshot's stamp can hash them.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parent / "data" / "weights.toml"


@dataclass(frozen=True, slots=True)
class Weights:
    """All weights, plus `stamp`, which changes with any of them."""

    k1: Mapping[str, float]
    b: float
    rarity: float
    boosts: Mapping[str, float]
    kinds: Mapping[str, float]
    query: Mapping[str, float]
    sections: Mapping[str, float]
    answer: Mapping[str, float]
    coverage: Mapping[str, float]
    meaning: Mapping[str, float]
    stamp: str


@cache
def load_weights() -> Weights:
    """Return the weights in force."""
    raw = _FILE.read_bytes()
    table = tomllib.loads(raw.decode())
    return Weights(
        k1=table["saturation"],
        b=table["bm25"]["b"],
        rarity=table["bm25"]["rarity"],
        boosts=table["boosts"],
        kinds=table["kinds"],
        query=table["query"],
        sections=table["sections"],
        answer=table["answer"],
        coverage=table["coverage"],
        meaning=table["meaning"],
        stamp=hashlib.sha256(repr((table["bm25"]["b"], table["boosts"])).encode()).hexdigest()[:16],
    )
