"""Memory shared between workers: what one puts in the other gets, and never anything else."""

from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st

from helpcenter.serving.sharing import SharedMemory


def test_another_process_finds_what_one_has_put() -> None:
    memory = SharedMemory(1 << 16, 64)
    child = os.fork()
    if child == 0:
        memory.put(b"asked", b"answered")
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert memory.get(b"asked") == b"answered"
    assert memory.get(b"never asked") is None


def test_what_is_asked_for_stays_and_the_rest_makes_room() -> None:
    memory = SharedMemory(1 << 14, 1 << 14)
    memory.secret = bytes(16)  # else in one run of 50 two of these keys share a slot
    memory.put(b"popular", b"p" * 500)
    memory.put(b"once", b"o" * 500)
    for number in range(200):
        memory.put(f"{number}".encode(), bytes(500))
        assert memory.get(b"popular") == b"p" * 500
    assert memory.get(b"once") is None
    assert memory.get(b"199") == bytes(500)


def test_what_is_asked_once_never_pushes_out_what_is_asked_again() -> None:
    memory = SharedMemory(1 << 14, 1 << 14)
    memory.secret = bytes(16)
    memory.put(b"popular", b"p" * 500)
    assert memory.get(b"popular")
    for number in range(200):
        memory.put(f"{number}".encode(), bytes(500))
    assert memory.get(b"popular") == b"p" * 500


def test_of_what_is_asked_again_the_oldest_makes_room_unless_it_still_is_asked_for() -> None:
    memory = SharedMemory(1 << 14, 1 << 14)
    memory.secret = bytes(16)
    for key in (b"popular", b"twice"):
        memory.put(key, b"v" * 500)
        assert memory.get(key)
    for number in range(200):
        key = f"{number}".encode()
        memory.put(key, bytes(500))
        assert memory.get(key)
        assert memory.get(b"popular")
    assert memory.get(b"twice") is None


def test_a_record_that_was_written_over_half_way_is_not_found() -> None:
    memory = SharedMemory(1 << 14, 64)
    memory.put(b"key", b"value" * 20)
    memory.data[50] ^= 1
    assert memory.get(b"key") is None


def test_two_keys_in_one_slot_are_told_apart() -> None:
    memory = SharedMemory(1 << 14, 1)
    memory.put(b"first", b"1")
    memory.put(b"second", b"2")
    assert memory.get(b"first") is None
    assert memory.get(b"second") == b"2"


def test_what_would_push_out_everything_else_is_not_kept() -> None:
    memory = SharedMemory(1 << 14, 64)
    memory.put(b"huge", bytes(1 << 11))
    assert memory.get(b"huge") is None


@given(st.lists(st.tuples(st.integers(0, 9), st.binary(max_size=60), st.integers(0, 255)), max_size=60))
def test_never_another_value_than_the_last(steps: list[tuple[int, bytes, int]]) -> None:
    memory = SharedMemory(1 << 10, 7)
    last: dict[bytes, bytes] = {}
    for number, value, spoilt in steps:
        key = b"%d" % number
        memory.put(key, value)
        last[key] = value
        memory.numbers[spoilt % 2] = spoilt * 4  # as where another process writes at the same time
        for other, expected in last.items():
            assert memory.get(other) in (None, expected)
