"""Asking other sites whether the addresses that articles name are still there.

In: links with their places, a cache file. Out: a warning for each that moved, is gone or does not answer.
Why so slow: other people's servers are guests' ground. Four sites at a time, a second between two requests to one
site, HEAD first, and what answered well is not asked again for a week.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urldefrag

from index.content.care import OutsideLink
from index.model import Problem

if TYPE_CHECKING:
    import httpx

AT_ONCE = 4
PAUSE = 1.0
"""Seconds between two requests to a host."""
TIME_OUT = 10.0
MOST = 2000
"""Different addresses asked in one run."""
FRESH = 7 * 24 * 3600
"""Seconds that a good answer counts."""
REFUSING = (401, 403, 429)
"""What sites answer that let no program in."""


class NoClient(Exception):
    """The optional library is not installed; the message (Simplified Chinese) says how."""


class Pace:
    """Holds each request until its host may be asked again. Safe among threads; redirects count too."""

    def __init__(self, pause: float) -> None:
        self._pause = pause
        self._next: dict[str, float] = {}
        self._lock = threading.Lock()

    def __call__(self, request: httpx.Request) -> None:
        with self._lock:
            at = max(time.monotonic(), self._next.get(request.url.netloc.decode(), 0.0))
            self._next[request.url.netloc.decode()] = at + self._pause
        time.sleep(max(0.0, at - time.monotonic()))


def check_outside(
    links: Iterable[OutsideLink], cache: Path | None = None, *, pause: float = PAUSE, time_out: float = TIME_OUT
) -> list[Problem]:
    """Warnings in order of place. `cache`: a JSON file of good answers. Raises `NoClient`; a bad cache is no cache."""
    try:
        import httpx
    except ImportError:
        raise NoClient("检查外部链接要装 httpx：pip install 'helpcenter[links]'") from None
    links = list(links)
    known = _read(cache)
    asked = list(dict.fromkeys(url for link in links if (url := urldefrag(link.url)[0]) not in known))[:MOST]
    with (
        httpx.Client(
            follow_redirects=True,
            max_redirects=5,
            timeout=time_out,
            headers={"User-Agent": "helpcenter-link-check"},
            event_hooks={"request": [Pace(pause)], "response": []},
        ) as client,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        told = dict(zip(asked, pool.map(lambda url: _ask(client, url), asked), strict=True))
    now = time.time()
    _write(cache, known | {url: now for url, why in told.items() if not why})
    found = [
        Problem(link.path, link.line, f"外部链接 {link.url} {why}", "warning", "external-link")
        for link in links
        if (why := told.get(urldefrag(link.url)[0]))
    ]
    return sorted(set(found), key=lambda problem: (problem.path, problem.line, problem.message))


def cache_file() -> Path:
    """In the user's own cache folder."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "helpcenter" / "links.json"


def _ask(client: httpx.Client, url: str) -> str:
    """What is wrong with an address; empty where nothing is."""
    import httpx

    try:
        answer = client.head(url)
        if answer.status_code >= 400:  # many servers know no HEAD, or answer it wrongly
            with client.stream("GET", url) as answer:
                pass
    except httpx.TimeoutException:
        return "超时没有回答：稍后再试，或换一个地址"
    except httpx.TooManyRedirects:
        return "一直在跳转：换一个地址"
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        return f"打不开（{type(error).__name__}）：检查网址，或去掉"
    if answer.status_code in REFUSING:
        return f"不让程序访问（{answer.status_code}）：请在浏览器里打开看看"
    if answer.status_code >= 400:
        return f"打不开（{answer.status_code}）：换一个地址，或去掉"
    moved = [hop for hop in answer.history if hop.status_code in (301, 308)]
    return f"已搬到 {answer.url}：改成新地址" if moved else ""


def _read(cache: Path | None) -> dict[str, float]:
    """The good answers that still count."""
    try:
        kept = json.loads(cache.read_text("utf-8")) if cache else {}
        return {url: float(at) for url, at in kept.items() if 0 <= time.time() - float(at) < FRESH}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _write(cache: Path | None, known: dict[str, float]) -> None:
    """Replace the cache at once; where it cannot be written, the next run asks again."""
    if cache is None:
        return
    fresh = cache.with_name(f".{cache.name}.{os.getpid()}")
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(json.dumps(known, indent=1), "utf-8")
        os.replace(fresh, cache)
    except OSError:
        fresh.unlink(missing_ok=True)
