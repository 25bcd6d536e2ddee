"""Large answers are made once for a snapshot, however they are asked for, and hold no threads that readers need."""

from __future__ import annotations

import gzip
import threading
import time
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from helpcenter import create_app
from helpcenter.http import markdown
from helpcenter.http.traditional import to_traditional
from helpcenter.offline import views
from helpcenter.pages import feeds
from helpcenter.settings import Settings
from helpcenter.store.background import SEATS, Latest


def ready(client: FlaskClient, path: str, **headers: str) -> bytes:
    """The body, once it is made."""
    until = time.monotonic() + 60
    while (answer := client.get(path, headers=headers)).status_code == 503 and time.monotonic() < until:
        time.sleep(0.1)
    assert answer.status_code == 200
    return answer.data


@pytest.mark.parametrize("path", ["/download", "/llms-full.txt"])
def test_inventing_queries_makes_nothing_anew(
    app: Flask, client: FlaskClient, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.extensions.pop("made", None)
    calls: list[str] = []
    for module, name in ((views, "single_file"), (feeds, "quote")):
        real = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *given, real=real: (calls.append(""), real(*given))[1])
    first = ready(client, path)
    made = len(calls)
    assert made > 0
    for number in range(3):
        assert ready(client, f"{path}?z={number}") == first
    packed = client.get(f"{path}?z", headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(packed.data) == first and packed.headers["Vary"] == "Accept-Encoding"
    again = client.get(path, headers={"If-None-Match": packed.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert len(calls) == made


def test_they_are_in_traditional_below_the_mirror(client: FlaskClient) -> None:
    plain, mirrored = (ready(client, f"{prefix}/llms-full.txt").decode() for prefix in ("", "/zh-hant"))
    assert "补" in plain and "补" not in mirrored
    with client.application.app_context():
        assert mirrored.replace("/zh-hant", "") == to_traditional(plain)
    whole = ready(client, "/zh-hant/download", **{"Accept-Encoding": "gzip"})
    assert '<html lang="zh-Hant"' in gzip.decompress(whole).decode(), "test_offline.py looks at what it shows"


def test_few_conversions_to_markdown_run_at_a_time(site_index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, release, answers = threading.Semaphore(0), threading.Event(), []

    def slowly(html: str) -> str:
        begun.release()
        release.wait(60)
        return "# made"

    monkeypatch.setattr(markdown, "to_markdown", slowly)
    app = create_app(Settings(index=site_index))

    def ask(path: str) -> None:
        answers.append(app.test_client().get(path, headers={"Accept": "text/markdown"}).status_code)

    threads = [threading.Thread(target=ask, args=(f"/search?q={number}",)) for number in range(markdown.AT_ONCE)]
    for thread in threads:
        thread.start()
        assert begun.acquire(timeout=30)
    ask("/about")
    assert answers == [503]
    assert app.test_client().get("/about").status_code == 200, "readers are answered"
    release.set()
    for thread in threads:
        thread.join(30)
    assert answers == [503, 200, 200]


def test_few_wait_and_the_others_are_answered_at_once() -> None:
    latest, release, waiting = Latest[int](60, 60), threading.Event(), []

    def work() -> int:
        release.wait(60)
        return 7

    def ask() -> None:
        waiting.append(latest.get("key", work))

    threads = [threading.Thread(target=ask) for _ in range(SEATS)]
    for thread in threads:
        thread.start()
    until = time.monotonic() + 20
    while latest._seats._value and time.monotonic() < until:
        time.sleep(0.01)
    another = threading.Thread(target=ask)
    another.start()
    another.join(20)
    assert waiting == [None]
    release.set()
    for thread in threads:
        thread.join(20)
    assert waiting == [None, 7, 7]
