"""Shared memory for byte strings by key: what one worker has made, the others need not make again.

In: keys and values, bytes each. Out: the values, for every process forked from the one that made the memory.
Why shared: with a memory for each worker a repeated question is new to every one of them, and what is remembered costs
as many times the room. Why no lock: a process killed while it holds one would stop all others. Instead nothing read is
believed before its checksum fits, so two that write to one place at a time, or one that dies half-way, only lose an
entry. Values are written one behind the other, round and round; one still asked for shortly before its turn to be
written over is moved to the front.
"""

from __future__ import annotations

import mmap
import os
from hashlib import blake2b
from zlib import crc32

SLOT = 3
"""Numbers of a slot: key, place, length."""
MOVED = 4
"""Entries in the oldest quarter are moved to the front when they are asked for."""


class SharedMemory:
    """A bounded mapping; any entry may be gone at any time. `size` is in bytes, `slots` limits how many entries."""

    def __init__(self, size: int, slots: int) -> None:
        self.size = size
        self.slots = slots
        self.secret = os.urandom(16)  # or somebody could work out two addresses that pass for each other
        self.data = mmap.mmap(-1, size)  # pages never written to take no memory
        self.numbers = memoryview(mmap.mmap(-1, 8 * (1 + SLOT * slots))).cast("Q")
        """Where the next value goes, then the slots."""

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
        if (place - self.numbers[0]) % self.size < self.size // MOVED:
            self.put(key, value)
        return value

    def put(self, key: bytes, value: bytes) -> None:
        """Remember `value`, unless it alone would take more than a sixteenth of all room."""
        record = crc32(value, crc32(key)).to_bytes(4, "little") + value
        if len(record) > self.size // 16:
            return
        place = self.numbers[0]
        if place + len(record) > self.size:
            place = 0
        self.numbers[0] = place + len(record)
        self.data[place : place + len(record)] = record
        digest, slot = self._slot(key)
        self.numbers[slot], self.numbers[slot + 1], self.numbers[slot + 2] = digest, place, len(record)

    def _slot(self, key: bytes) -> tuple[int, int]:
        digest = int.from_bytes(blake2b(key, digest_size=8, key=self.secret).digest(), "little")
        return digest, 1 + digest % self.slots * SLOT
