"""Counting searches beside the answers: what was asked, what came of it, whether something was opened.

In: `SearchSeen` from every answered search, cached or not, and article requests whose Referer is a search here. Out:
counts by day and query, and by the article opened, in the store, every few seconds from a thread of its own and once
more at exit.
Why the thread writes and nothing else: two threads that compute take the interpreter from each other. Pairing searches
in the thread too, 25 µs each and at a thousand a second a fortieth of all time, doubled what the slowest hundredth of
readers waited; on the search path it takes 5. A killed worker loses its last minute of counts, which only shows in
figures. Why the Referer: it comes without script or cookie.

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
from collections import Counter, deque
from collections.abc import Callable, Iterable
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from flask import Flask

from helpcenter.feedback.views import without_contacts
from helpcenter.http.caching import SearchSeen
from helpcenter.store.records import Counts, StoreUnavailable
from helpcenter.store.store import Store, today
from index import fold

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

FLUSH = 5.0
"""Seconds between two looks of the thread."""
TYPING = 60.0
"""Seconds in which a longer query takes the place of its beginnings."""
ECHO = 10.0
"""Seconds in which the same query again is the same search: Enter after live results, a filter, the next page."""
SHORTEST = 2
"""Characters of a query that counts when it came while typing."""
LONGEST = 200
MOST_WAITING = 50_000
"""Searches while typing that wait; more are not counted."""
MOST_OPENED = 10_000
"""Openings that wait, a minute's; of the older ones then fewer are counted. Each holds an address, up to 2.5 kB."""
MOST_KEPT = 20_000
"""Different queries kept while the database is away."""
FOUND, EMPTY, PARTIAL = Counts(1), Counts(1, empty=1), Counts(1, partial=1)
OPENED = Counts(opened=1)

log = logging.getLogger(__name__)


class Typed(NamedTuple):
    """A search while typing that a longer one may still replace."""

    at: float
    query: str
    outcome: Counts


class Recorder:
    """One for each application. Its thread runs in forked workers only: before that, the warm-up alone has asked."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.serving = False
        self.thread: threading.Thread | None = None
        self.failing = False
        self.lock = threading.Lock()
        """For what follows; nobody waits while holding it."""
        self.writing = threading.Lock()
        self.forget()
        _recorders.add(self)

    def forget(self) -> None:
        """Begin anew, without whatever was seen until now."""
        self.opened: deque[tuple[float, str, str]] = deque(maxlen=MOST_OPENED)
        self.typed: deque[Typed] = deque()
        self.waiting: dict[str, list[Typed]] = {}
        """By query, those of `typed` that nothing has replaced, the latest last."""
        self.day = today()
        self.counts: dict[date, dict[str, Counts]] = {}
        self.steps: dict[date, Counter[str]] = {}
        self.pairs: dict[date, Counter[tuple[str, str]]] = {}
        """Article and query, how often the one was opened from the other's results."""

    def see(self, seen: SearchSeen) -> None:
        """Take in one answered search."""
        now, query = time.monotonic(), folded(seen.query)
        count = FOUND if seen.complete else PARTIAL if seen.total and seen.answered else EMPTY
        with self.lock:
            self._settle(now)
            for end in range(SHORTEST, len(query) + 1):
                waiting = self.waiting.get(query[:end])
                if waiting and now - waiting[-1].at <= (TYPING if end < len(query) else ECHO):
                    waiting.pop()
            if not seen.live:
                self._count(self.day, query, count)
            elif len(query) >= SHORTEST and len(self.typed) < MOST_WAITING:
                typed = Typed(now, query, count)
                self.typed.append(typed)
                self.waiting.setdefault(query, []).append(typed)
        self.start()

    def open(self, referer: str, path: str) -> None:
        """Take in the address of the search that an article was opened from, and the article's."""
        self.opened.append((time.monotonic(), referer, path))
        self.start()

    def step(self, path: str) -> None:
        """Take in the address of a state of a guide that was shown."""
        state = "/".join(filter(None, path.encode("latin-1").decode("utf-8", "replace").split("/")[2:]))
        with self.lock:
            reached = self.steps.setdefault(self.day, Counter())
            if state in reached or len(reached) < MOST_KEPT:
                reached[state] += 1
        self.start()

    def start(self) -> None:
        """Start the thread where there should be one and is none."""
        if self.thread is None and self.serving:
            with self.lock:
                if self.thread is None:
                    self.thread = threading.Thread(target=keep_flushing, args=(self,), daemon=True)
                    self.thread.start()

    def flush(self, last: bool = False) -> None:
        """Write what is settled; with `last`, everything. What cannot be written is kept for the next time."""
        with self.writing:
            now = time.monotonic() + (2 * TYPING if last else 0)
            with self.lock:
                self.day = today()
                self._settle(now)
                # Behind the searches they came from, which another worker may have answered.
                while self.opened and now - self.opened[0][0] > TYPING + 2 * FLUSH:
                    self._count_opening(*self.opened.popleft()[1:])
                unwritten, self.counts = self.counts, {}
                steps, self.steps = self.steps, {}
                pairs, self.pairs = self.pairs, {}
            try:
                for day in list(unwritten):
                    self.store.add_searches(day, unwritten[day])
                    del unwritten[day]
                for day in list(steps):
                    self.store.add_steps(day, steps[day])
                    del steps[day]
                for day in list(pairs):  # behind the searches, without which they are not believed
                    self.store.add_openings(day, pairs[day])
                    del pairs[day]
                self.failing = False
            except StoreUnavailable as error:
                if not self.failing:
                    log.error("搜索统计暂时写不进去：%s", error)
                self.failing = True
            with self.lock:
                for day, reached in steps.items():
                    self.steps.setdefault(day, Counter()).update(reached)
                for day, opened in pairs.items():
                    self.pairs.setdefault(day, Counter()).update(opened)
                for day, counts in unwritten.items():
                    for query, count in counts.items():
                        self._count(day, query, count)

    def _settle(self, now: float) -> None:
        """Count what nothing longer has replaced in time."""
        while self.typed and now - self.typed[0].at > TYPING:
            typed = self.typed.popleft()
            waiting = self.waiting.get(typed.query)
            if waiting and waiting[0] is typed:
                del waiting[0]
                self._count(self.day, typed.query, typed.outcome)
            if not waiting:
                self.waiting.pop(typed.query, None)

    def _count_opening(self, referer: str, path: str) -> None:
        query = folded(asked_for(referer))
        self._count(self.day, query, OPENED)
        pair = path.encode("latin-1").decode("utf-8", "replace").removeprefix("/articles/").strip("/"), query
        opened = self.pairs.setdefault(self.day, Counter())
        if query and (pair in opened or len(opened) < MOST_KEPT):
            opened[pair] += 1

    def _count(self, day: date, query: str, count: Counts) -> None:
        if not query:
            return
        counts = self.counts.setdefault(day, {})
        if query in counts:
            counts[query] += count
        elif len(counts) < MOST_KEPT:
            counts[query] = count


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
        recorder.forget()


def begin_serving() -> None:
    """In a forked worker; a lock that a thread of the parent held would never be released here."""
    for recorder in list(_recorders):
        recorder.lock, recorder.writing = threading.Lock(), threading.Lock()
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
    """WSGI: notices states of guides, and what is opened from a page of results. Costs other requests 0.1 µs."""

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
                return self.app(
                    environ, self._telling(self.recorder.open, start_response, referer[:2500], environ["PATH_INFO"])
                )
        elif (
            environ.get("PATH_INFO", "").startswith("/guides/")
            and "HTTP_SEC_PURPOSE" not in environ
            and environ["REQUEST_METHOD"] == "GET"
        ):
            return self.app(environ, self._telling(self.recorder.step, start_response, environ["PATH_INFO"]))
        return self.app(environ, start_response)

    def _telling(self, tell: Callable[..., None], start_response: StartResponse, *what: str) -> StartResponse:
        """Tell of what was shown: an answer that there is no such article or state of a guide is none."""

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            if status.startswith(("200", "304")):
                tell(*what)
            return start_response(status, headers, *rest)

        return start


def asked_for(referer: str) -> str:
    """The query of a results page's address."""
    try:
        query = parse_qs(urlsplit(referer).query, max_num_fields=100).get("q", [""])[0]
    except ValueError:
        return ""
    return " ".join(query.split())[:LONGEST]


@lru_cache(maxsize=1024)
def folded(query: str) -> str:
    """One form for a query however it was typed: width, case, script, spaces; without anything like a phone number."""
    return " ".join(without_contacts(fold(query.encode("utf-8", "replace").decode())).split())[:LONGEST]
