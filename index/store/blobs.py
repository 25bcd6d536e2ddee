"""Blobs: many byte strings in one memory-mapped file, each reached by its number.

In: a list of byte strings. Out: two files, the strings end to end and where each begins. Why: workers share one map
through the page cache, nothing is parsed when a snapshot opens, and one string costs a slice. (SQLite would cost 20
µs a row.)
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Packed:
    """Byte strings end to end, and the length of each."""

    data: bytes | memoryview
    sizes: NDArray[np.uint64]

    @classmethod
    def of(cls, texts: Sequence[bytes]) -> Packed:
        """Pack `texts`."""
        return cls(b"".join(texts), np.fromiter(map(len, texts), np.uint64, len(texts)))

    def texts(self) -> Iterator[bytes]:
        """The strings, one by one."""
        end = 0
        for size in self.sizes.tolist():
            begin, end = end, end + size
            yield bytes(self.data[begin:end])


class Texts:
    """A read-only sequence of byte strings. `data` is the map itself, for searching in place."""

    def __init__(self, path: Path) -> None:
        self._starts = np.load(path.with_name(path.name + ".starts.npy"), allow_pickle=False)
        self.starts = memoryview(self._starts)
        with path.open("rb") as file:
            size = path.stat().st_size
            self.data: mmap.mmap | bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size else b""

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, number: int) -> bytes:
        return self.data[self.starts[number] : self.starts[number + 1]]

    def beginning(self, number: int, size: int) -> bytes:
        """At most the first `size` bytes of a string."""
        begin = self.starts[number]
        return self.data[begin : min(begin + size, self.starts[number + 1])]

    def stretch(self, first: int, last: int) -> Packed:
        """The strings from `first` to before `last`, not copied."""
        begin, end = self.starts[first], self.starts[last]
        return Packed(memoryview(self.data)[begin:end], np.diff(self._starts[first : last + 1]))

    @staticmethod
    def write(path: Path, parts: Sequence[Packed]) -> None:
        """Write `parts` one after the other to `path` and `path`.starts.npy."""
        with path.open("wb") as file:
            file.writelines(part.data for part in parts)
        sizes = [part.sizes for part in parts]
        starts = np.cumsum(np.concatenate((np.zeros(1, np.uint64), *sizes)), dtype=np.uint64)
        np.save(path.with_name(path.name + ".starts.npy"), starts)
