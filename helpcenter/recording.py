"""Counting searches beside the answers: what was asked, what came of it, whether something was opened.

In: `SearchSeen` from every answered search, cached or not, and article requests whose Referer is a search here. Out:
counts by day and query in the store, every few seconds from a thread of its own and once more at exit.
Why a buffer: the search path pays for one `append`; folding, pairing and the database wait for the thread. A killed
worker loses its last minute of counts, which only shows in figures. Why the Referer: it comes without script or cookie.

A search while typing counts once its reader has stopped: whatever is a beginning of a later query of the same worker
within the minute was on the way to it. Pairs are made by text alone, since nothing tells readers apart.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from flask import Flask

from helpcenter.caching import SearchSeen
from helpcenter.feedback import without_contacts
from helpcenter.store import Counts, Store, StoreUnavailable, today
from index import fold

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

FLUSH = 5.0
"""Seconds between two looks of the thread."""
PIECE, REST = 16, 0.005
"""After so many searches the thread lets readers go first for so many seconds; at a thousand searches a second, whoever
was answered meanwhile waited twice as long."""
TYPING = 60.0
"""Seconds in which a longer query takes the place of its beginnings."""
ECHO = 10.0
"""Seconds in which the same query again is the same search: Enter after live results, a filter, the next page."""
SHORTEST = 2
"""Characters of a query that counts when it came while typing."""
LONGEST = 200
MOST_WAITING = 50_000
"""Searches, and openings, in the buffer; more are not counted."""
MOST_KEPT = 20_000
"""Different queries kept while the database is away."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Typed:
    """A search while typing that a longer one may still replace."""

    at: float
    query: str
    count: Counts
    replaced: bool = False


class Recorder:
    """One for each application. Its thread runs in forked workers only: before that, the warm-up alone has asked."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.seen: deque[tuple[float, SearchSeen]] = deque(maxlen=MOST_WAITING)
        self.opened: deque[tuple[float, str]] = deque(maxlen=MOST_WAITING)
        self.serving = False
        self.thread: threading.Thread | None = None
        self.lock = threading.Lock()
        self.typed: deque[Typed] = deque()
        self.by_query: dict[str, list[Typed]] = {}
        self.counts: dict[date, dict[str, Counts]] = {}
        self.failing = False
        _recorders.add(self)

    def see(self, seen: SearchSeen) -> None:
        """Take in one answered search; costs the search path less than a microsecond."""
        self.seen.append((time.monotonic(), seen))
        if self.thread is None and self.serving:
            self.start()

    def open(self, referer: str) -> None:
        """Take in the address of the search that an article was opened from."""
        self.opened.append((time.monotonic(), referer))
        if self.thread is None and self.serving:
            self.start()

    def start(self) -> None:
        """Start the thread unless another request has."""
        with self.lock:
            if self.thread is None:
                self.thread = threading.Thread(target=keep_flushing, args=(self,), daemon=True)
                self.thread.start()

    def flush(self, last: bool = False) -> None:
        """Write what is settled; with `last`, everything. What cannot be written is kept for the next time."""
        with self.lock:
            self._pair(time.monotonic() + (2 * TYPING if last else 0), 0 if last else REST)
            try:
                for day in list(self.counts):
                    self.store.add_searches(day, self.counts[day])
                    del self.counts[day]
                self.failing = False
            except StoreUnavailable as error:
                if not self.failing:
                    log.error("搜索统计暂时写不进去：%s", error)
                self.failing = True

    def _pair(self, now: float, rest: float) -> None:
        """Move what was seen through `typed`, where beginnings wait for what they become, to `counts`."""
        for number in range(len(self.seen)):
            if rest and number % PIECE == PIECE - 1:
                time.sleep(rest)
            at, seen = self.seen.popleft()
            self._settle(at)
            query = folded(seen.query)
            for end in range(1, len(query) + 1):
                waiting = self.by_query.get(query[:end])
                if waiting and at - waiting[-1].at <= (TYPING if end < len(query) else ECHO):
                    waiting.pop().replaced = True
            count = Counts(1, int(not seen.total), int(bool(seen.total and not seen.complete)))
            if not seen.live:
                self._count(query, count)
            elif len(query) >= SHORTEST:
                typed = Typed(at, query, count)
                self.typed.append(typed)
                self.by_query.setdefault(query, []).append(typed)
        self._settle(now)
        # Behind the searches they came from, which another worker may have answered.
        while self.opened and now - self.opened[0][0] > TYPING + 2 * FLUSH:
            self._count(folded(asked_for(self.opened.popleft()[1])), Counts(opened=1))

    def _settle(self, now: float) -> None:
        """Count what nothing longer has replaced in time."""
        while self.typed and now - self.typed[0].at > TYPING:
            typed = self.typed.popleft()
            waiting = self.by_query.get(typed.query, [])
            if not typed.replaced:
                waiting.remove(typed)
                self._count(typed.query, typed.count)
            if not waiting:
                self.by_query.pop(typed.query, None)

    def _count(self, query: str, count: Counts) -> None:
        counts = self.counts.setdefault(today(), {})
        if query and (query in counts or len(counts) < MOST_KEPT):
            counts[query] = counts.get(query, Counts()) + count


_recorders: weakref.WeakSet[Recorder] = weakref.WeakSet()


def keep_flushing(recorder: Recorder) -> None:
    """The thread's work, for as long as the worker lives. Nothing may end it."""
    while True:
        time.sleep(FLUSH)
        try:
            recorder.flush()
        except Exception:
            log.exception("搜索统计出错，丢弃这一批")


def forget_warm_up() -> None:
    """Before a fork: what was asked until now, no reader asked."""
    for recorder in list(_recorders):
        recorder.seen.clear()
        recorder.opened.clear()


def begin_serving() -> None:
    """In a forked worker; a lock that a thread of the parent held would never be released here."""
    for recorder in list(_recorders):
        recorder.lock = threading.Lock()
        recorder.thread = None
        recorder.serving = True


def flush_all() -> None:
    """At the end of a worker."""
    for recorder in list(_recorders):
        if recorder.serving:
            recorder.flush(last=True)


os.register_at_fork(before=forget_warm_up, after_in_child=begin_serving)
atexit.register(flush_all)


def prepare(app: Flask) -> None:
    """Listen to searches and to articles opened from them. The mirror must wrap this: paths come without its prefix."""
    recorder = Recorder(app.extensions["store"])
    app.extensions["recorder"] = recorder
    app.extensions["search_observers"].append(recorder.see)
    app.wsgi_app = Openings(app.wsgi_app, recorder)  # type: ignore[method-assign]


class Openings:
    """WSGI: notices articles and sections that are asked for from a page of results. Costs other requests 0.1 µs."""

    def __init__(self, app: WSGIApplication, recorder: Recorder) -> None:
        self.app = app
        self.recorder = recorder

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO", "").startswith("/articles/"):
            referer = environ.get("HTTP_REFERER", "")
            # A search engine's own /search?q=… says nothing about ours. Browsers fetch ahead without being asked to.
            if (
                "/search?" in referer[:300]
                and f"//{environ.get('HTTP_HOST')}/" in referer[:300]
                and "HTTP_SEC_PURPOSE" not in environ
                and environ["REQUEST_METHOD"] == "GET"
            ):
                self.recorder.open(referer[:4000])
        return self.app(environ, start_response)


def asked_for(referer: str) -> str:
    """The query of a results page's address."""
    try:
        query = parse_qs(urlsplit(referer).query, max_num_fields=100).get("q", [""])[0]
    except ValueError:
        return ""
    return " ".join(query.split())[:LONGEST]


def folded(query: str) -> str:
    """One form for a query however it was typed: width, case, script, spaces; without anything like a phone number."""
    return " ".join(without_contacts(fold(query.encode("utf-8", "replace").decode())).split())[:LONGEST]
