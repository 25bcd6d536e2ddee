"""Rounds: what one search asks of the cluster goes there in few requests, all that can be known together at once.

In: a computation, and a way to send many requests as one. Out: its result. Why it is run again after each round, and
not written around the waiting: layers and guesses are those of `index/search`, written as if every answer were at hand.
What is not at hand yet is noted, and counts as not found meanwhile; when nothing was noted, the result is whole. Where
more would be asked once something were found, the computation runs a second time as if it were, so that both questions
go together. The computation takes a millisecond or two, a round trip several.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar

MOST_ROUNDS = 8
"""No query needs more than three; this ends a computation that would ask for ever."""

T = TypeVar("T")
Body = dict[str, Any]


class _Session(threading.local):
    """What the running computation of a thread knows, and what it lacks."""

    def __init__(self) -> None:
        self.depth = 0
        self.hoping = self.hopes = False
        self.known: dict[Hashable, Any] = {}
        self.kept: dict[Hashable, Any] = {}
        self.notes: dict[Hashable, Any] = {}
        self.lacking: dict[Hashable, tuple[Callable[[], Body], Callable[[Body], Any]]] = {}


class Rounds:
    """One for an index. `send` answers bodies of searches, in their order, and is told when the computation began."""

    def __init__(self, send: Callable[[Sequence[Body], float], Sequence[Body]]) -> None:
        self._send = send
        self._session = _Session()

    def get(
        self, key: Hashable, body: Callable[[], Body], read: Callable[[Body], T], hoped: T | None = None
    ) -> T | None:
        """The answer to what `key` names, as `read` makes it of the response; None while it is not known.

        `body` is called when it is sent, and may by then know of more to ask. `hoped`: the answer to which another
        question would follow, which is then asked together with this one.
        """
        session = self._session
        if key in session.known:
            answer: T = session.known[key]
            return answer
        if key not in session.lacking:
            session.lacking[key] = body, read
        session.hopes = session.hopes or hoped is not None
        return hoped if session.hoping else None

    def keep(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` makes, the same until the computation ends."""
        kept: dict[Hashable, T] = self._session.kept
        if key not in kept:
            kept[key] = make()
        return kept[key]

    @property
    def notes(self) -> dict[Hashable, Any]:
        """What the computation notes while it runs; empty whenever it starts anew."""
        return self._session.notes

    def run(self, compute: Callable[[], T]) -> T:
        """The result of `compute`, which may ask for anything by `get`. Raises what `send` raises."""
        session = self._session
        if session.depth:  # part of another computation
            return compute()
        session.depth, began = 1, time.monotonic()
        try:
            for _ in range(MOST_ROUNDS):
                session.notes.clear()
                result = compute()
                if not session.lacking:
                    return result
                if session.hopes:
                    session.hoping = True
                    compute()
                    session.hoping = session.hopes = False
                lacking, session.lacking = session.lacking, {}
                answers = self._send([body() for body, _ in lacking.values()], began)
                for (key, (_, read)), answer in zip(lacking.items(), answers, strict=True):
                    session.known[key] = read(answer)
            raise RuntimeError(f"not answered after {MOST_ROUNDS} rounds: {list(session.known)[-1]}")
        finally:
            session.depth, session.known, session.kept, session.lacking = 0, {}, {}, {}
            session.hoping = session.hopes = False
