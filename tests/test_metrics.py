"""Figures for Prometheus: they add up over workers, follow the index, cannot be grown, and are not for everybody."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import Request, urlopen

from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families
from support import Serve

from helpcenter import create_app
from helpcenter.serving.metrics import Meter
from helpcenter.settings import Settings
from index import Library, build


def scrape(address: str, token: str = "") -> dict[tuple[str, ...], float]:
    """Every sample by its name and label values."""
    request = Request(f"{address}/metrics", headers={"Authorization": f"Bearer {token}"} if token else {})
    with urlopen(request, timeout=10) as answer:
        families = text_string_to_metric_families(answer.read().decode())
        return {
            (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
            for family in families
            for sample in family.samples
        }


def answered_again(site: Any) -> None:
    """Wait until workers that were killed are replaced."""
    until = time.monotonic() + 15
    while time.monotonic() < until:
        with contextlib.suppress(OSError):
            site.get("/healthz")
            return
        time.sleep(0.05)


def test_metrics_add_up_over_workers_and_survive_a_killed_one(serve: Serve, site_index: Path) -> None:
    with serve(site_index, "--workers", 2) as site:
        before = scrape(site.address)

        def get(number: int) -> None:
            site.get(f"/search?q={quote('丢失')}&page={number % 3 + 1}")

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(get, range(120)))
        site.get("/api/v1/search?q=" + quote("饕餮龘靐"))
        site.get("/zh-hant/articles/emergency/lost-phone")
        after = scrape(site.address)

        def grown(*sample: str) -> float:
            return after[sample] - before.get(sample, 0)

        # Labels come sorted by their names: route before status, how before result.
        assert grown("helpcenter_requests_total", "/search", "200") == 120
        assert grown("helpcenter_request_seconds_count", "/search") == 120
        assert grown("helpcenter_request_seconds_bucket", "+Inf", "/search") == 120
        assert 0 < grown("helpcenter_request_seconds_sum", "/search") < 60
        assert grown("helpcenter_requests_total", "/articles", "200") == 1
        assert grown("helpcenter_searches_total", "submitted", "found") == 120
        assert grown("helpcenter_searches_total", "typing", "nothing") == 1
        assert after["helpcenter_index_up",] == 1
        assert after["helpcenter_index_age_seconds",] >= 0

        process = site.process.pid
        for worker in Path(f"/proc/{process}/task/{process}/children").read_text().split():
            os.kill(int(worker), signal.SIGKILL)
        answered_again(site)
        site.get("/search?q=x")
        assert (
            scrape(site.address)["helpcenter_requests_total", "/search", "200"]
            == 1 + after["helpcenter_requests_total", "/search", "200"]
        )


def test_metrics_follow_the_index(tmp_path: Path) -> None:
    app = create_app(Settings(index=tmp_path / "none"))
    text = app.test_client().get("/metrics").text
    assert "helpcenter_index_up 0.0" in text
    assert "helpcenter_index_articles" not in text
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "one.md").write_text("# 一\n\n文。\n", "utf-8")
    build(tmp_path / "content", tmp_path / "new")
    text = create_app(Settings(index=tmp_path / "new")).test_client().get("/metrics").text
    assert f'helpcenter_index_info{{snapshot="{Library(tmp_path / "new").snapshot().id}"}} 1.0' in text
    assert "helpcenter_index_articles 1.0" in text


def test_metrics_are_for_this_machine_or_whoever_knows_the_token(site_index: Path) -> None:
    client = create_app(Settings(index=site_index)).test_client()
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "203.0.113.9"}).status_code == 403
    # Behind a proxy on the same machine everybody seems to be local.
    assert client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 403
    token = "a-token-of-some-length"
    client = create_app(Settings(index=site_index, metrics_token=token)).test_client()
    assert client.get("/metrics").status_code == 403
    assert client.get("/metrics", headers={"Authorization": f"Bearer {token}x"}).status_code == 403
    given = {"Authorization": f"Bearer {token}", "X-Forwarded-For": "203.0.113.9"}
    assert client.get("/metrics", headers=given).status_code == 200


def test_unknown_addresses_and_codes_cannot_grow_the_metrics(site_index: Path) -> None:
    client = create_app(Settings(index=site_index)).test_client()

    def shape() -> set[str]:
        return set(re.findall(r'route="(.+?)"', client.get("/metrics").text))

    client.get("/nowhere/0")
    known = shape()
    for number in range(1, 30):
        client.get(f"/nowhere/{number}")
        client.get(f"/x{number}")
    assert shape() - known <= {"/metrics"}
    assert 'helpcenter_requests_total{route="other",status="404"} 59.0' in client.get("/metrics").text


def test_an_unusual_status_counts_as_other() -> None:
    registry = CollectorRegistry()
    meter = Meter(registry)
    meter.request("/", "418", 5.0)
    samples = [sample for family in registry.collect() for sample in family.samples]
    assert any(s.labels == {"route": "/", "status": "other"} and s.value == 1 for s in samples)
    assert any(s.labels == {"route": "/", "le": "1.0"} and s.value == 0 for s in samples)
    assert any(s.labels == {"route": "/", "le": "+Inf"} and s.value == 1 for s in samples)
