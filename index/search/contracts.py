"""Contracts inside search: what parsing, layers and guesses ask of an engine.

In: nothing. Out: Protocols. `Lexicon` is small and lies beside the process that asks. Why: what is known of Chinese
(cutting, synonyms, sounds, slips) is then written once, over memory-mapped arrays as over a cluster.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Lexicon(Protocol):
    """The words of the index: in how many sections each stands, and how they begin."""

    def frequencies(self, keys: Sequence[int]) -> dict[int, int]:
        """In how many sections each known term stands; unknown ones are left out. Keys: see `store/keys.py`."""

    def starting(self, prefix: str) -> list[str]:
        """The commonest words of the index that begin with `prefix` and are longer; at most 24."""
