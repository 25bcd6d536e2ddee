"""Posting files: an inverted index as five arrays on disk.

In: an inverted index and a folder. Out: its files, and the index again, memory-mapped. Why apart from the codec, which
reads the same files for Whoosh: a build gets by without Whoosh, whose import takes 60 ms, until nothing else is to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from index.arrays import F32, U32, U64, Unsigned

INDEX_NAME, SEGMENT = "MAIN", "sections"
"""Whoosh's names for the index and for its one segment; its files' names begin with them."""

ARRAYS = ("weights", "sections", "keys", "starts", "lengths")
"""In the order in which they are best written: while one is written, the one before is synced and checked."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """The slices that make up one array, to be written one after the other; they are never joined in memory."""

    kind: np.dtype[Any]
    parts: list[memoryview]


@dataclass(frozen=True, slots=True)
class Inverted:
    """An inverted index. The postings of term i are `sections[starts[i]:starts[i + 1]]` and as many weights."""

    keys: U64
    starts: U64
    sections: Unsigned
    """Ascending in each list; of the type `inverting.narrow`."""
    weights: F32
    lengths: U32
    """Shape (3, sections, fields): how many words, grams and characters each section has in each field."""


@dataclass(frozen=True, slots=True)
class Merged:
    """An inverted index whose postings are still in pieces."""

    keys: U64
    starts: U64
    sections: Pieces
    weights: Pieces
    lengths: U32


def array_file(folder: Path, name: str) -> Path:
    """Where an array of the index in `folder` lies."""
    return folder / f"{INDEX_NAME}_{SEGMENT}.{name}.npy"


def write_array(folder: Path, name: str, inverted: Inverted | Merged) -> None:
    """Write one of the `ARRAYS` into `folder`."""
    array = getattr(inverted, name)
    if isinstance(array, Pieces):
        _save_pieces(array_file(folder, name), array)
    else:
        np.save(array_file(folder, name), array)


def _save_pieces(path: Path, pieces: Pieces) -> None:
    """What `np.save` writes of the whole."""
    shape = (sum(map(len, pieces.parts)) // pieces.kind.itemsize,)
    header = {"descr": np.lib.format.dtype_to_descr(pieces.kind), "fortran_order": False, "shape": shape}
    with path.open("wb", buffering=1 << 20) as file:  # thousands of pieces hold one number
        np.lib.format.write_array_header_1_0(file, header)
        file.writelines(pieces.parts)


def read_inverted(folder: Path) -> Inverted:
    """Return what `write_array` wrote into `folder`, memory-mapped."""
    return Inverted(**{name: np.load(array_file(folder, name), mmap_mode="r", allow_pickle=False) for name in ARRAYS})
