"""Filling: a snapshot's postings go to the cluster, before the snapshot goes live.

In: a built snapshot and a cluster. Out: an index there, complete, compared with the snapshot and sealed; or
IndexUnavailable, and readers notice nothing. Why sealed by its write block, and last: an index without it is what a
build that died has left, and is made anew. What no snapshot needs any more is removed after the switch.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from index.cluster.client import FILLING_TIMEOUT, Cluster, Missing
from index.cluster.schema import CHECK, body, documents, identity_in, index_name
from index.model import IndexUnavailable
from index.weights import load_weights

log = logging.getLogger(__name__)

Progress = Callable[[str, int, int], None]
_BATCH = 4 << 20
"""Bytes sent at once; of a cluster's default 100 MB a request, so little that a few in flight cost no memory."""
_SENDERS = 2
_SAMPLE, _TITLES = 50, 10
"""Documents whose checksums are read back, and titles that both engines rank."""
_ALIKE = 0.01
"""By how much scores may differ: weights are sent as whole numbers of 65,536ths."""
_COPIED = 600
"""Seconds for a replica of the whole index."""
SEALED = "index.blocks.write"


def is_sealed(cluster: Cluster, name: str) -> bool:
    """Whether the index is there and complete."""
    try:
        answer = cluster.call("GET", f"/{name}/_settings/{SEALED}", flat_settings="true")
    except Missing:
        return False
    return bool(answer.get(name, {}).get("settings", {}).get(SEALED) == "true")


def fill(cluster: Cluster, place: Path, identity: str, sections: int, tell: Progress) -> str:
    """Make the cluster ready to answer for the snapshot in `place`; returns the name of its index there.

    Nothing is sent where it is ready. Raises IndexUnavailable.
    """
    weights = load_weights()
    name = index_name(cluster.address, identity, weights)
    if is_sealed(cluster, name):
        return name
    _remove(cluster, name)
    cluster.call("PUT", f"/{name}", body(weights, cluster.address.shards), timeout=FILLING_TIMEOUT)
    sample = set(random.Random(identity).sample(range(sections), min(_SAMPLE, sections)))  # noqa: S311 no secret
    checks: dict[str, str] = {}
    with ThreadPoolExecutor(_SENDERS) as pool:
        sending: set[Future[int]] = set()
        sent = 0
        tell("fill", 0, sections)
        for batch in _batches(place, sample, checks):
            if len(sending) > _SENDERS:
                done, sending = wait(sending, return_when=FIRST_COMPLETED)
                tell("fill", sent := sent + sum(future.result() for future in done), sections)
            sending.add(pool.submit(_send, cluster, name, batch))
        for future in sending:
            tell("fill", sent := sent + future.result(), sections)
    cluster.call("POST", f"/{name}/_forcemerge", timeout=FILLING_TIMEOUT, max_num_segments="1")
    cluster.call("POST", f"/{name}/_refresh", timeout=FILLING_TIMEOUT)
    _verify(cluster, name, sections, checks)
    _compare(cluster, place)
    # Replicas last: they copy the merged files instead of indexing again.
    cluster.call("PUT", f"/{name}/_settings", {"index": {"auto_expand_replicas": "0-1"}}, timeout=FILLING_TIMEOUT)
    _await_replicas(cluster, name)
    cluster.call("PUT", f"/{name}/_settings", {SEALED: True}, timeout=FILLING_TIMEOUT)
    return name


def sweep(cluster: Cluster, kept: Collection[str]) -> None:
    """Remove our indexes but those of the snapshots whose identities (of 12 characters) are `kept`."""
    for name in cluster.call("GET", f"/{cluster.address.prefix}-*/_settings/index.uuid"):
        identity = identity_in(name, cluster.address)
        if identity and identity not in kept:
            _remove(cluster, name)


class ClusterKeeper:
    """A `Keeper` (engine.py) over one cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def fill(self, place: Path, stamp: Mapping[str, Any], tell: Progress) -> None:
        """See `fill` above; says that the live index is untouched."""
        try:
            fill(self._cluster, place, stamp["id"], stamp["sections"], tell)
        except IndexUnavailable as error:
            raise IndexUnavailable(f"更新没有完成：{error}线上的索引没有动，处理后重新运行即可。") from None

    def sweep(self, kept: Collection[str]) -> None:
        """See `sweep` above; what cannot be removed now is removed after the next build."""
        try:
            sweep(self._cluster, kept)
        except IndexUnavailable as error:
            log.warning("旧索引没有清理：%s", error)


def _remove(cluster: Cluster, name: str) -> None:
    try:
        cluster.call("DELETE", f"/{name}", timeout=FILLING_TIMEOUT)
    except Missing:
        return


def _batches(place: Path, sample: Collection[int], checks: dict[str, str]) -> Iterator[tuple[str, int]]:
    """The documents as bodies of bulk requests, each with their number. Notes the checksums of the `sample`."""
    lines: list[str] = []
    size = 0
    for number, line in enumerate(documents(place)):
        if number in sample:
            checks[str(number)] = line.rpartition('"')[0].rpartition('"')[2]
        lines.append(f'{{"index": {{"_id": "{number}"}}}}\n{line}\n')
        size += len(line)
        if size > _BATCH // 2:  # characters; Han takes three bytes, keys take one
            yield "".join(lines), len(lines)
            lines, size = [], 0
    if lines:
        yield "".join(lines), len(lines)


def _send(cluster: Cluster, name: str, batch: tuple[str, int]) -> int:
    answer = cluster.call("POST", f"/{name}/_bulk", batch[0], timeout=FILLING_TIMEOUT)
    if answer["errors"]:
        failed: Any = next(item["index"] for item in answer["items"] if "error" in item["index"])
        raise cluster.unavailable(f"写不进 {name}：{failed['error'].get('type')} {failed['error'].get('reason')}"[:300])
    return batch[1]


def _verify(cluster: Cluster, name: str, sections: int, checks: dict[str, str]) -> None:
    """All are there, and the sample is what was sent."""
    counted = cluster.call("GET", f"/{name}/_count")["count"]
    if counted != sections:
        raise cluster.unavailable(f"{name} 里有 {counted} 个小节，应有 {sections} 个")
    read = cluster.call("POST", f"/{name}/_mget", {"ids": list(checks)})["docs"] if checks else []
    wrong = [doc["_id"] for doc in read if doc.get("_source", {}).get(CHECK) != checks[doc["_id"]]]
    if wrong:
        raise cluster.unavailable(f"{name} 的第 {wrong[0]} 个小节与送去的不同")


def _await_replicas(cluster: Cluster, name: str) -> None:
    until = time.monotonic() + _COPIED
    while cluster.call("GET", f"/_cluster/health/{name}")["status"] != "green":
        if time.monotonic() > until:
            raise cluster.unavailable(f"{name} 的副本 {_COPIED} 秒后还没有齐")
        time.sleep(0.2)


def _compare(cluster: Cluster, place: Path) -> None:
    """The cluster ranks and counts as our own arrays do."""
    from index.cluster.opening import ClusterSnapshot
    from index.search.opening import LocalSnapshot

    ours, theirs = LocalSnapshot(place, verify=False), ClusterSnapshot(place, cluster, verify=False)
    titles = [card.title for card in ours.cards()]
    for title in random.Random(ours.id).sample(titles, min(_TITLES, len(titles))):  # noqa: S311 no secret
        one, other = ours.search(title), theirs.search(title)
        scores = [[hit.score for hit in results.hits] for results in (one, other)]
        alike = len(scores[0]) == len(scores[1]) and all(
            abs(a - b) < _ALIKE * max(a, 1) for a, b in zip(*scores, strict=True)
        )
        if one.total != other.total or one.facets != other.facets or not alike:
            raise cluster.unavailable(f"「{title}」在集群里的结果与本机算出的不同，请报告这个错误")
