"""The library: the index folder as a server sees it, in which the live snapshot changes while readers search.

In: an index folder; the key file, where snapshots must be signed; the model of meanings, where there is one. Out: the
live snapshot, opened and warm. Why it polls the folder: a build is another process, and whatever that, or somebody by
hand, does to the folder is seen there.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from pathlib import Path

from index.engine import Snapshot
from index.meaning.encoder import Encoder
from index.model import IndexUnavailable
from index.search.opening import LocalSnapshot
from index.store.snapshots import IndexFolder, file_states

log = logging.getLogger(__name__)

_WATCHED = 0.2  # seconds between two looks at the index folder
_RETRIED = 5.0  # seconds until an index that could not be opened is tried again, though nothing seems changed


class Library:
    """`snapshot()` is always the live one, opened once for all threads."""

    def __init__(self, index: Path, key: str = "", encoder: Encoder | None = None) -> None:
        self._folder = IndexFolder(index, key)
        self._encoder = encoder
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._place: Path | None = None
        self._files: dict[int, tuple[int, int]] = {}
        self._error = ""
        self._version: tuple[int, int] | None = None
        self._looked = self._tried = -math.inf

    def snapshot(self) -> Snapshot:
        """Return the live snapshot. Looks at the index folder at most every 0.2 s.

        A new snapshot that cannot be opened leaves the old one in service, and so does a folder that is gone. Raises
        IndexUnavailable where there is none, or where the files of the open one were written over.
        """
        now = time.monotonic()
        # While one thread opens a new snapshot, the others go on with the old one.
        if self._due(now) and self._lock.acquire(blocking=self._snapshot is None):
            try:
                if self._due(now):
                    self._look(now)
                    self._looked = now
            finally:
                self._lock.release()
        if self._snapshot is None:
            raise IndexUnavailable(self._error)
        return self._snapshot

    def ready(self) -> None:
        """Raise IndexUnavailable where there is no snapshot; an open one answers."""
        self.snapshot()

    def _opened(self, place: Path) -> Snapshot:
        """Open the snapshot in `place`, and make it warm."""
        fresh = LocalSnapshot(place, key=self._folder.key, encoder=self._encoder)
        warm(fresh)
        return fresh

    def _due(self, now: float) -> bool:
        return self._snapshot is None or now - self._looked > _WATCHED

    def _look(self, now: float) -> None:
        version = self._folder.version()
        files = file_states(self._place) if self._place else {}
        # Only files changed in place do harm: our memory maps show the change, and a file that became shorter ends the
        # process (SIGBUS). Deleted or replaced files live on in the maps.
        spoilt = any(self._files.get(file, state) != state for file, state in files.items())
        again = self._error and now - self._tried > _RETRIED
        if version == self._version and not spoilt and not again:
            return
        self._version, self._tried, self._files = version, now, files
        if spoilt:
            self._snapshot = None
        try:
            place = self._folder.live()
            files = file_states(place)
            fresh = self._opened(place)
        except IndexUnavailable as error:
            self._fail(str(error))
        except Exception as error:  # whatever a damaged file makes numpy or Whoosh raise
            self._fail(f"索引打不开（{type(error).__name__}: {error}）。请运行 helpcenter index --full 重建。")
        else:
            self._snapshot, self._place, self._files, self._error = fresh, place, files, ""

    def _fail(self, error: str) -> None:
        if error != self._error:
            kept = f"网站仍在用 {self._snapshot.built:%Y-%m-%d %H:%M} 建的索引。" if self._snapshot else ""
            log.error("%s%s", error, kept)
        self._error = error


def warm(snapshot: Snapshot) -> None:
    """Touch every path a first query takes, so that the first reader waits no longer than the thousandth."""
    titles = [card.title for card in snapshot.cards()[:1]]
    for text in ("怎么办", *titles, "wenti", "qwertz", "\u6bd4\u6bd4\u7687"):
        snapshot.search(text)
