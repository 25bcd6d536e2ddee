"""The client: requests to the cluster, whole answers or an error.

In: an address. Out: what the cluster said, or `IndexUnavailable` that names the place, the reason and the way out, and
no password. Why so strict (measured with one of three nodes killed or hung under load): with one host named, every
request fails while it is away; with the client's defaults, answers came that silently lacked a shard's sections.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

from index.cluster.address import Address
from index.model import IndexUnavailable, SearchUnavailable

if TYPE_CHECKING:
    from opensearchpy import OpenSearch

TIMEOUT = 1.0
"""Seconds until another node is asked too. The first may still answer: who hangs cannot be told from who is busy.
Three nodes asked in turns, 18 of 1,996 searches failed while one of them was starting on the same two cores."""
PATIENCE = 3.5
"""Seconds for all that one search asks, however many nodes hang; what is not answered by then is an error."""
ALONE = 2.0
"""Seconds for which a node that failed is not asked, twice as long each time; the client's minute left but one of three
nodes in a rolling restart."""
RETRIES = 5
RETRIED = (429, 500, 502, 503, 504)
"""Answers after which another node is asked; 500 is what a node says that is just leaving."""
PAUSE_BETWEEN = 0.05
"""Seconds until a cluster that answers, but cannot yet, is asked again; twice as long each time."""
_AT_ONCE = 64  # requests under way; those to a node that hangs last as long as a search may
PAUSE = 1
"""Seconds for which nobody asks again after no node answered: readers of a hung cluster would wait for all tries, and
those of articles behind them."""
BUILDING = 10.0, 60.0
"""Likewise where nobody waits but a build."""
FILLING_TIMEOUT = 120.0
"""Seconds for what fills, merges or waits."""
SEALED = "index.blocks.write"
"""The write block, which an index gets when it is complete."""
SECTION_BATCH = "application/x-ndjson"
_READ = ("error", "status", "timed_out", "_shards.failed", "hits.total.value", "aggregations")
_READ_OF_HITS = ("hits.hits._score", "hits.hits.sort", "hits.hits.matched_queries")
_UNREADABLE = "回答的不是 OpenSearch，或不完整"
"""What a login page or a proxy's own page is, also with status 200; another node is asked then too."""
_OWN_COPY = '{"preference": "_local"}'
"""A node answers from its own copy where it has one: else it goes on asking another one that hangs."""
_FILTER = ",".join(f"responses.{part}" for part in (*_READ, *_READ_OF_HITS))
"""What is read of an answer, and nothing else comes: a third of its bytes."""


class Missing(Exception):
    """The cluster answers, and what was asked for is not there."""


class _Again(Exception):
    """No answer, and another node may give one. `silent`: whether this one said nothing at all."""

    def __init__(self, reason: str, silent: bool) -> None:
        super().__init__(reason)
        self.silent = silent


class Cluster:
    """One cluster, asked by all threads. Nothing is sent before it is asked.

    `timeout`: seconds until another node is asked too, if there is one; `patience`: for all that one search asks.
    """

    def __init__(self, address: Address, timeout: float = TIMEOUT, patience: float = PATIENCE) -> None:
        try:
            from opensearchpy import ConnectionSelector, OpenSearch
        except ImportError:
            raise IndexUnavailable(f"使用 {address} 需要 opensearch-py：pip install 'helpcenter[opensearch]'") from None
        turns, self._asked = count(), threading.local()
        asked = self._asked

        class InTurn(ConnectionSelector):
            """All nodes in turn; for one request, none again while there is another."""

            def select(self, connections: Sequence[Any]) -> Any:
                others = [one for one in connections if one not in asked.nodes] or connections
                asked.nodes.append(chosen := others[next(turns) % len(others)])
                return chosen

        self.address = address
        for name in ("opensearch", "opensearchpy.trace"):  # they write a traceback for each try, and what readers ask
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._timeout, self._patience = timeout if len(address.hosts) > 1 else patience, patience
        self._process = 0
        self._away = "", 0.0
        self._heard = 0.0
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
            timeout=self._timeout,
            max_retries=0,  # other nodes are asked below, within one deadline
            retry_on_timeout=True,  # and one that hangs is left alone for a while
            dead_timeout=ALONE,
            retry_on_status=RETRIED,
            pool_maxsize=_AT_ONCE,
            selector_class=InTurn,
        )

    def _connected(self) -> OpenSearch:
        """The client of this process: a forked one must not share its parent's connections."""
        if self._process != os.getpid():
            self._client, self._process = self._made(), os.getpid()
            self._pool = ThreadPoolExecutor(_AT_ONCE, "opensearch")
        return self._client

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        timeout: float | None = None,
        until: float | None = None,
        lacks: Callable[[dict[str, Any]], tuple[str, int]] = lambda _: ("", 0),
        **parameters: str,
    ) -> dict[str, Any]:
        """Send one request; `body` is JSON, or text of lines of it. Raises Missing, IndexUnavailable.

        `timeout`: seconds until another node is asked too; `until`: when to give up, by `time.monotonic`. `lacks` says
        what an answer lacks, and the status of that; another node is asked then too.
        """
        began = time.monotonic()
        reason, away = self._away
        if began < away:
            raise self.unavailable(reason)
        until = until or began + max(self._patience, 2 * (timeout or 0))
        client = self._connected()
        reason, silent = "没有节点及时回答", True
        waiting: set[Future[dict[str, Any]]] = set()
        nodes: list[Any] = []
        for attempt in range(2 + RETRIES):
            left = until - time.monotonic()
            if left <= 0:
                break
            if attempt <= RETRIES:
                options = {**parameters, "request_timeout": left}
                waiting.add(self._pool.submit(self._once, client, nodes, method, path, body, options, lacks))
                left = min(timeout or self._timeout, left)
            done, waiting = wait(waiting, left, FIRST_COMPLETED)
            for one in done:
                try:
                    return one.result()
                except _Again as again:
                    reason, silent = str(again), again.silent
            turns = attempt if not silent else attempt + 1 - len(self.address.hosts)
            if done and turns >= 0:  # in a rolling restart each node may refuse once, all within a moment
                time.sleep(min(PAUSE_BETWEEN * 2**turns, max(until - time.monotonic(), 0.0)))
        if silent and self._heard < began:
            self._away = reason, time.monotonic() + PAUSE
        raise self.unavailable(reason)

    def _once(
        self,
        client: OpenSearch,
        nodes: list[Any],
        method: str,
        path: str,
        body: Any,
        options: dict[str, Any],
        lacks: Callable[[dict[str, Any]], tuple[str, int]],
    ) -> dict[str, Any]:
        """Ask one node that is not among `nodes`, and note it there. Raises _Again, Missing, IndexUnavailable."""
        from opensearchpy import exceptions

        self._asked.nodes = nodes
        headers = {"content-type": SECTION_BATCH} if isinstance(body, str) else None
        silent, whole = False, dict[str, Any]()
        try:
            answer = client.transport.perform_request(method, path, params=options, body=body, headers=headers)
        except exceptions.NotFoundError as error:
            raise Missing(str(error.error)) from None
        except (exceptions.SerializationError, ValueError, RecursionError) as error:
            reason, status = f"{_UNREADABLE}（{type(error).__name__}）", 502
        except (exceptions.OpenSearchException, OSError) as error:
            reason, status = _reason(error), getattr(error, "status_code", 0)
            silent = isinstance(error, exceptions.ConnectionError)
        else:
            self._heard = time.monotonic()
            whole = answer if isinstance(answer, dict) else {"answer": answer}
            try:
                reason, status = lacks(whole)
            except (LookupError, TypeError, AttributeError):
                reason, status = _UNREADABLE, 502
        if not reason:
            return whole
        if silent or status in RETRIED:
            raise _Again(reason, silent)
        if status == 404:
            raise Missing(reason)
        raise self.unavailable(reason)

    def search(self, index: str, bodies: Sequence[dict[str, Any]], began: float | None = None) -> list[dict[str, Any]]:
        """Ask all `bodies` of one index in one request. Raises IndexUnavailable where one lacks anything.

        `began`: when the reader began to wait, by `time.monotonic`; all that is asked since then is answered within
        PATIENCE.
        """
        lines = "".join(f"{_OWN_COPY}\n{json.dumps(body, ensure_ascii=False)}\n" for body in bodies)
        until = began + self._patience if began else None
        try:
            answer = self.call(
                "POST", f"/{index}/_msearch", lines, until=until, lacks=partial(_lack, len(bodies)), filter_path=_FILTER
            )
        except Missing:
            raise SearchUnavailable(
                f"搜索集群 {self.address} 里没有 {index}：这台机器的快照太旧（跟随别处的，看日志里为何没有换新），"
                "或集群丢了它（请在建索引的机器上运行 helpcenter index）。"
            ) from None
        answers: list[dict[str, Any]] = answer["responses"]
        return answers

    def unavailable(self, reason: str) -> SearchUnavailable:
        """What to tell operators."""
        return SearchUnavailable(f"搜索集群 {self.address}：{reason}。请检查它是否在运行，地址、账号和权限对不对。")


def _lack(count: int, answer: dict[str, Any]) -> tuple[str, int]:
    """What one of the answers to a request of `count` lacks, and its status; empty where all are whole."""
    if len(answer["responses"]) != count:
        return _UNREADABLE, 502
    for one in answer["responses"]:
        if "error" in one:
            return _cause(one["error"]), one["status"]
        if one["timed_out"] or one["_shards"]["failed"]:
            return "有分片没有回答", 503
    return "", 200


def _reason(error: Exception) -> str:
    """Kind, status and cause; never the request, which names nobody's password but is long."""
    status, cause = getattr(error, "status_code", ""), getattr(error, "error", "") or ""
    info = getattr(error, "info", None)
    if isinstance(info, dict) and isinstance(info.get("error"), dict):
        cause = _cause(info["error"])
    return " ".join(str(part) for part in (type(error).__name__, status, cause) if part and part != "N/A")[:300]


def _cause(error: dict[str, Any]) -> str:
    """What the cluster itself says is wrong."""
    first = (error.get("root_cause") or [error])[0]
    return f"{first.get('type')} {first.get('reason')}"[:300]


def is_sealed(cluster: Cluster, name: str) -> bool:
    """Whether the index is there and complete."""
    try:
        answer = cluster.call("GET", f"/{name}/_settings/{SEALED}", flat_settings="true")
    except Missing:
        return False
    return bool(answer.get(name, {}).get("settings", {}).get(SEALED) == "true")
