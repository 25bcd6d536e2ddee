"""Background: slow work done beside the requests that want its result.

In: what to work out, and how long a request may wait for it. Out: the newest result there is. Why: no page may wait for
a database that is slow or gone, and sums over a million rows take a second.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")
SEATS = 2
"""Callers that wait at a time; the others get what there is at once. Who waits holds a thread that readers need."""


class Latest(Generic[T]):
    """The newest result of one kind of work for one key at a time. Safe among threads."""

    def __init__(self, wait: float, fresh: float, retry: float = 60.0) -> None:
        """`wait`: seconds a caller may be held; `fresh`: seconds a result counts as new; `retry`: after a failure."""
        self._wait, self._fresh, self._retry = wait, fresh, retry
        self._lock = threading.Lock()
        self._seats = threading.BoundedSemaphore(SEATS)
        self._key: Hashable = None
        self._result: T | None = None
        self._error: Exception | None = None
        self._due = 0.0
        self._done: threading.Event | None = None

    def get(self, key: Hashable, work: Callable[[], T]) -> T | None:
        """The result of `work` for `key`: a new one where it is ready in time, else the last one, else None.

        Raises what the last try raised where there is no result at all.
        """
        with self._lock:
            if key != self._key:
                self._key, self._result, self._error, self._due, self._done = key, None, None, 0.0, None
            if self._done is None and time.monotonic() >= self._due:
                self._done = threading.Event()
                threading.Thread(target=self._work, args=(key, work, self._done), daemon=True).start()
            done = self._done
        if done is not None and self._seats.acquire(blocking=False):
            try:
                done.wait(self._wait)
            finally:
                self._seats.release()
        with self._lock:
            if key != self._key:
                return None
            if self._result is None and self._error is not None:
                raise self._error
            return self._result

    def _work(self, key: Hashable, work: Callable[[], T], done: threading.Event) -> None:
        result: T | None = None
        error: Exception | None = None
        try:
            result = work()
        except Exception as raised:  # told to whoever asks; a thread has nobody else to tell
            error = raised
        with self._lock:
            if key == self._key:
                self._error = error
                self._result = result if error is None else self._result
                self._due = time.monotonic() + (self._fresh if error is None else self._retry)
                self._done = None
        done.set()
