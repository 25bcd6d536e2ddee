"""Figures for Prometheus at `/metrics`: requests and their time by route, searches, the index.

In: every request and search of all workers. Out: the text format, written by prometheus_client.
Why its multi-process mode: each worker counts into a file of its own in a folder that `serve` makes, and a scrape adds
the files up; what a killed worker counted stays counted. Without the folder (`flask run`, tests) the figures are those
of the one process and application.
"""

from __future__ import annotations

import hmac
import os
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, Response, abort, current_app, request
from prometheus_client import CollectorRegistry, Counter, Histogram, Metric, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector

from helpcenter.http.caching import SearchSeen
from helpcenter.http.security import from_this_machine
from helpcenter.http.traditional import PREFIX
from helpcenter.settings import Settings
from index import Engine, IndexUnavailable

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that prometheus_client looks at when it is loaded."""
OTHER = "other"
CODES = frozenset("200 204 302 303 304 308 400 403 404 405 413 429 500 503".split())
"""What is counted by its own number; any other code counts as OTHER, so that nobody can make the figures grow."""
BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)
"""Seconds. A kept answer takes 0.1 ms, a search 1 to 10; past 0.1 s a reader notices."""

blueprint = Blueprint("metrics", __name__)
disable_created_metrics()  # type: ignore[no-untyped-call]


class Meter:
    """Counts the requests and searches of this process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        requests = Counter(
            "helpcenter_requests", "Answers by route and status.", ("route", "status"), registry=registry
        )
        times = Histogram(
            "helpcenter_request_seconds", "Time to answer by route.", ("route",), buckets=BOUNDS, registry=registry
        )
        searches = Counter(
            "helpcenter_searches", "Searches, while typing or submitted, that found something or nothing.",
            ("how", "result"), registry=registry,
        )  # fmt: skip
        self.counter = lru_cache(maxsize=None)(requests.labels)  # some hundred pairs at most; `labels` takes 2 µs
        self.histogram = lru_cache(maxsize=None)(times.labels)
        self.searches = {
            (live, found): searches.labels("typing" if live else "submitted", "found" if found else "nothing")
            for live in (True, False)
            for found in (True, False)
        }

    def request(self, route: str, code: str, seconds: float) -> None:
        """Count one answer."""
        self.counter(route, code if code in CODES else OTHER).inc()
        self.histogram(route).observe(seconds)

    def search(self, seen: SearchSeen) -> None:
        """Count one search; an observer of `caching`."""
        self.searches[seen.live, bool(seen.total)].inc()


class IndexState:
    """Collects the live snapshot as this worker sees it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def collect(self) -> Iterator[Metric]:
        """Called by prometheus_client."""
        try:
            live = self.engine.snapshot()
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

    def __init__(self, app: WSGIApplication, meter: Meter, routes: dict[str, str]) -> None:
        self.app = app
        self.meter = meter
        self.routes = routes

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        started = time.perf_counter()
        path = environ.get("PATH_INFO", "")
        if path.startswith(PREFIX):
            path = path[len(PREFIX) :]
        route = self.routes.get(path[1:].partition("/")[0], OTHER)
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
    own, shown = CollectorRegistry(auto_describe=False), CollectorRegistry(auto_describe=False)
    meter = Meter(own)
    if os.environ.get(FOLDER):
        MultiProcessCollector(shown)  # type: ignore[no-untyped-call]  # registers itself; counts of all processes
    else:
        shown = own
    shown.register(IndexState(app.extensions["library"]))
    app.extensions["metrics"] = shown
    app.extensions["search_observers"].append(meter.search)
    routes = {first: os.path.commonpath(known) for first, known in rules.items()}
    app.wsgi_app = Measured(app.wsgi_app, meter, routes)  # type: ignore[method-assign]


@blueprint.get("/metrics")
def metrics() -> Response:
    """All figures, for who knows the token; without one set, for this machine itself."""
    if not may_scrape():
        abort(403, "运行指标不对外公开：请设置 HELPCENTER_METRICS_TOKEN，并在请求中带上 Authorization: Bearer 口令。")
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    text = encode(current_app.extensions["metrics"])
    return Response(text, content_type=content_type, headers={"Cache-Control": "no-store"})


def may_scrape() -> bool:
    """Whether this request may see the figures. A site that is known to be public shows them for a token only."""
    settings: Settings = current_app.extensions["settings"]
    if settings.metrics_token:
        given = request.headers.get("Authorization", "").encode()
        return hmac.compare_digest(given, f"Bearer {settings.metrics_token}".encode())
    public = settings.trusted_hosts or settings.base_url or settings.proxy_hops
    return not public and from_this_machine(request)
