"""Posting files: an inverted index as five arrays on disk.

In: an inverted index and a folder. Out: its files, and the index again, memory-mapped. Why apart from the codec, which
reads the same files for Whoosh: a build gets by without Whoosh, whose import takes 60 ms, until nothing else is to do.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from index.building.inverting import Inverted, Pieces

INDEX_NAME, SEGMENT = "MAIN", "sections"
"""Whoosh's names for the index and for its one segment; its files' names begin with them."""

ARRAYS = ("weights", "sections", "keys", "starts", "lengths")
"""In the order in which they are best written: while one is written, the one before is synced and checked."""


def array_file(folder: Path, name: str) -> Path:
    """Where an array of the index in `folder` lies."""
    return folder / f"{INDEX_NAME}_{SEGMENT}.{name}.npy"


def write_array(folder: Path, name: str, inverted: Inverted) -> None:
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
