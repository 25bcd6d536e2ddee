"""The client: requests to the cluster, whole answers or an error.

In: an address. Out: what the cluster said, or `IndexUnavailable` that names the place, the reason and the way out, and
no password. Why so strict (measured with one of three nodes killed or hung under load): with one host named, every
request fails while it is away; with the client's defaults, answers came that silently lacked a shard's sections.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from index.cluster.address import Address
from index.model import IndexUnavailable, SearchUnavailable

if TYPE_CHECKING:
    from opensearchpy import OpenSearch

TIMEOUT = 2
"""Seconds until another node is asked."""
RETRIES = 5
RETRIED = (429, 500, 502, 503, 504)
"""Answers after which another node is asked; 500 is what a node says that is just leaving."""
PAUSE = 1
"""Seconds for which nobody asks again after no node answered: readers of a hung cluster would wait for all tries, and
those of articles behind them."""
FILLING_TIMEOUT = 120
"""Seconds for what fills, merges or waits."""
SECTION_BATCH = "application/x-ndjson"
_READ = ("error", "timed_out", "_shards.failed", "hits.total.value", "aggregations")
_READ_OF_HITS = ("hits.hits._score", "hits.hits.sort", "hits.hits.matched_queries")
_FILTER = ",".join(f"responses.{part}" for part in (*_READ, *_READ_OF_HITS))
"""What is read of an answer, and nothing else comes: a third of its bytes."""


class Missing(Exception):
    """The cluster answers, and what was asked for is not there."""


class Cluster:
    """One cluster, asked by all threads. Nothing is sent before it is asked."""

    def __init__(self, address: Address) -> None:
        try:
            from opensearchpy import OpenSearch
        except ImportError:
            raise IndexUnavailable(f"使用 {address} 需要 opensearch-py：pip install 'helpcenter[opensearch]'") from None
        self.address = address
        for name in ("opensearch", "opensearchpy.trace"):  # they write a traceback for each try, and what readers ask
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._process = 0
        self._away = "", 0.0
        try:
            login = (address.user, address.secret()) if address.user else None
        except OSError as error:
            raise IndexUnavailable(f"读不了 {address} 的口令文件 {address.password_file}：{error.strerror}。") from None
        self._made = partial(
            OpenSearch,
            hosts=[{"host": host, "port": port} for host, port in address.hosts],
            use_ssl=address.secure,
            verify_certs=address.secure,
            ca_certs=address.ca or None,
            http_auth=login,
            http_compress=True,
            timeout=TIMEOUT,
            max_retries=RETRIES,
            retry_on_timeout=True,
            retry_on_status=RETRIED,
            maxsize=32,
        )

    def _connected(self) -> OpenSearch:
        """The client of this process: a forked one must not share its parent's connections."""
        if self._process != os.getpid():
            self._client, self._process = self._made(), os.getpid()
        return self._client

    def call(
        self, method: str, path: str, body: Any = None, *, timeout: float | None = None, **parameters: str
    ) -> dict[str, Any]:
        """Send one request; `body` is JSON, or text of lines of it. Raises Missing, IndexUnavailable."""
        from opensearchpy import exceptions

        reason, until = self._away
        if time.monotonic() < until:
            raise self.unavailable(reason)
        options: dict[str, Any] = dict(parameters)
        if timeout:
            options["request_timeout"] = timeout
        headers = {"content-type": SECTION_BATCH} if isinstance(body, str) else None
        try:
            answer = self._connected().transport.perform_request(
                method, path, params=options, body=body, headers=headers
            )
        except exceptions.NotFoundError as error:
            raise Missing(str(error.error)) from None
        except (exceptions.OpenSearchException, OSError) as error:
            if isinstance(error, exceptions.ConnectionError):
                self._away = _reason(error), time.monotonic() + PAUSE
            raise self.unavailable(_reason(error)) from None
        return answer if isinstance(answer, dict) else {"answer": answer}

    def search(self, index: str, bodies: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Ask all `bodies` of one index in one request. Raises IndexUnavailable where one lacks anything."""
        lines = "".join(f"{{}}\n{json.dumps(body, ensure_ascii=False)}\n" for body in bodies)
        try:
            answer = self.call("POST", f"/{index}/_msearch", lines, filter_path=_FILTER)
        except Missing:
            raise self.unavailable(f"没有索引 {index}") from None
        answers: list[dict[str, Any]] = answer["responses"]
        for answer in answers:
            if "error" in answer:
                cause = answer["error"].get("root_cause") or [answer["error"]]
                raise self.unavailable(f"{cause[0].get('type')} {cause[0].get('reason')}"[:300])
            if answer["timed_out"] or answer["_shards"]["failed"]:
                raise self.unavailable("有分片没有回答")
        return answers

    def unavailable(self, reason: str) -> SearchUnavailable:
        """What to tell operators."""
        return SearchUnavailable(f"搜索集群 {self.address}：{reason}。请检查它是否在运行，地址、账号和权限对不对。")


def _reason(error: Exception) -> str:
    """Kind, status and cause; never the request, which names nobody's password but is long."""
    status, cause = getattr(error, "status_code", ""), getattr(error, "error", "") or ""
    return " ".join(str(part) for part in (type(error).__name__, status, cause) if part and part != "N/A")[:300]
