"""Figures for Prometheus at `/metrics`: requests and their time by route, searches, the index.

In: every request and search of all workers. Out: the text format, written by prometheus_client.
Why the numbers lie in shared memory of our own: the library's way for many processes needs a folder, a variable set
before its first import, and a clean-up after every killed worker. Here each process adds to its own row of one
anonymous mapping made before the fork, and a scrape adds up the rows: nothing on disk, and what a killed worker counted
stays counted. It counts one server: without preloading each worker would have figures of its own.
"""

from __future__ import annotations

import hmac
import mmap
import os
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, Response, abort, current_app, request
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.exposition import choose_encoder

from helpcenter.http.caching import SearchSeen
from helpcenter.http.traditional import PREFIX
from helpcenter.settings import Settings
from index import Engine, IndexUnavailable

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

OTHER = "other"
CODES = ("200", "204", "302", "303", "304", "400", "403", "404", "405", "413", "429", "500", "503", OTHER)
BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, float("inf"))
"""Seconds. A kept answer takes 0.1 ms, a search 1 to 10; past 0.1 s a reader notices."""
SEARCHES = (("submitted", "found"), ("submitted", "nothing"), ("typing", "found"), ("typing", "nothing"))
ROWS = 64
"""Processes with a row of their own. Later ones start over at the first, and go on from what stands there."""

blueprint = Blueprint("metrics", __name__)

_forks = 0
_row = 0


def _before_fork() -> None:
    global _forks
    _forks += 1


def _after_fork() -> None:
    global _row
    _row = _forks % ROWS


os.register_at_fork(before=_before_fork, after_in_child=_after_fork)


class SharedNumbers:
    """Sums that all processes forked from this one add to."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.memory = memoryview(mmap.mmap(-1, ROWS * size * 8)).cast("d")
        self.lock = Lock()

    def add(self, *amounts: tuple[int, float]) -> None:
        """Add to numbers of this process's row; `amounts` are index and amount."""
        start = _row * self.size
        with self.lock:
            for index, amount in amounts:
                self.memory[start + index] += amount

    def total(self, index: int) -> float:
        """Of all processes, those that have ended included."""
        return float(sum(self.memory[index :: self.size]))


class Meter:
    """Counts requests and searches, and collects them with the state of the index for a scrape."""

    def __init__(self, library: Engine, routes: Sequence[str]) -> None:
        self.index = library
        self.routes = tuple(routes)
        self.block = len(CODES) + len(BOUNDS) + 1
        self.code_places = {code: place for place, code in enumerate(CODES)}
        self.searches = len(self.routes) * self.block
        self.numbers = SharedNumbers(self.searches + len(SEARCHES))

    def request(self, route: int, code: str, seconds: float) -> None:
        """Count one answer."""
        start = route * self.block
        bucket = start + len(CODES) + bisect_left(BOUNDS, seconds)
        code_place = start + self.code_places.get(code, len(CODES) - 1)
        self.numbers.add((code_place, 1), (bucket, 1), (start + self.block - 1, seconds))

    def search(self, seen: SearchSeen) -> None:
        """Count one search; an observer of `caching`."""
        self.numbers.add((self.searches + 2 * seen.live + (not seen.total), 1))

    def collect(self) -> Iterator[Metric]:
        """Called by prometheus_client."""
        requests = CounterMetricFamily(
            "helpcenter_requests", "Answers by route and status.", labels=("route", "status")
        )
        times = HistogramMetricFamily("helpcenter_request_seconds", "Time to answer by route.", labels=("route",))
        for number, route in enumerate(self.routes):
            values = [self.numbers.total(number * self.block + place) for place in range(self.block)]
            for code, value in zip(CODES, values, strict=False):
                if value:
                    requests.add_metric((route, code), value)
            buckets, below = [], 0.0
            for bound, value in zip(BOUNDS, values[len(CODES) :], strict=False):
                below += value
                buckets.append((str(bound) if bound != BOUNDS[-1] else "+Inf", below))
            if below:
                times.add_metric((route,), buckets, values[-1])
        yield requests
        yield times
        searches = CounterMetricFamily(
            "helpcenter_searches", "Searches, while typing or submitted, that found something or nothing.",
            labels=("how", "result"),
        )  # fmt: skip
        for place, labels in enumerate(SEARCHES):
            searches.add_metric(labels, self.numbers.total(self.searches + place))
        yield searches
        yield from self.collect_index()

    def collect_index(self) -> Iterator[Metric]:
        """The live snapshot as this worker sees it."""
        try:
            live = self.index.snapshot()
        except IndexUnavailable:
            yield GaugeMetricFamily("helpcenter_index_up", "Whether an index is open and answers.", value=0)
            return
        age = (datetime.now(UTC) - live.built).total_seconds()
        yield GaugeMetricFamily("helpcenter_index_up", "Whether an index is open and answers.", value=1)
        yield InfoMetricFamily("helpcenter_index", "The live snapshot.", value={"snapshot": live.id})
        yield GaugeMetricFamily("helpcenter_index_age_seconds", "Since the live snapshot was built.", value=age)
        yield GaugeMetricFamily("helpcenter_index_articles", "Articles in it.", value=live.article_count)
        yield GaugeMetricFamily("helpcenter_index_sections", "Sections in it.", value=live.section_count)


class Measured:
    """WSGI: reports every answer to the meter."""

    def __init__(self, app: WSGIApplication, meter: Meter, places: dict[str, int]) -> None:
        self.app = app
        self.meter = meter
        self.places = places
        self.other = places[OTHER]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        started = time.perf_counter()
        path = environ.get("PATH_INFO", "")
        if path.startswith(PREFIX):
            path = path[len(PREFIX) :]
        route = self.places.get(path[1:].partition("/")[0], self.other)
        code = "500"

        def start(status: str, *rest: Any) -> Any:
            nonlocal code
            code = status[:3]
            return start_response(status, *rest)

        try:
            return self.app(environ, start)
        finally:
            self.meter.request(route, code, time.perf_counter() - started)


def prepare(app: Flask) -> None:
    """Measure everything that is registered by now."""
    rules: dict[str, list[str]] = defaultdict(list)
    for rule in app.url_map.iter_rules():
        rules[rule.rule[1:].partition("/")[0]].append(rule.rule.partition("<")[0])
    labels = {first: os.path.commonpath(known) for first, known in sorted(rules.items())}
    meter = Meter(app.extensions["library"], [*labels.values(), OTHER])
    registry = CollectorRegistry(auto_describe=False)
    registry.register(meter)
    app.extensions["metrics"] = registry
    app.extensions["search_observers"].append(meter.search)
    places = {first: number for number, first in enumerate([*labels, OTHER])}
    app.wsgi_app = Measured(app.wsgi_app, meter, places)  # type: ignore[method-assign]


@blueprint.get("/metrics")
def metrics() -> Response:
    """All figures, for who knows the token; without one set, for this machine itself."""
    if not may_scrape():
        abort(403, "运行指标不对外公开：请设置 HELPCENTER_METRICS_TOKEN，并在请求中带上 Authorization: Bearer 口令。")
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    text = encode(current_app.extensions["metrics"])
    return Response(text, content_type=content_type, headers={"Cache-Control": "no-store"})


def may_scrape() -> bool:
    """Whether this request may see the figures. One that came through a proxy is nobody's own machine."""
    settings: Settings = current_app.extensions["settings"]
    if settings.metrics_token:
        given = request.headers.get("Authorization", "").encode()
        return hmac.compare_digest(given, f"Bearer {settings.metrics_token}".encode())
    local = request.remote_addr in ("127.0.0.1", "::1")
    return local and not {"X-Forwarded-For", "Forwarded", "X-Real-IP"} & set(request.headers.keys())
