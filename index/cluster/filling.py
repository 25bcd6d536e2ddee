"""Filling: a snapshot's postings go to the cluster, before the snapshot goes live.

In: a built snapshot and a cluster. Out: an index there, complete, compared with the snapshot and sealed; or
IndexUnavailable, and readers notice nothing. Why sealed by its write block, and last: an index without it is what a
build that died has left, and is made anew. What no snapshot needs any more is removed after the switch. Where little
changed, the newest index of ours is cloned, which copies no file, and only what differs is sent.
"""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from index.cluster.client import FILLING_TIMEOUT, SEALED, Cluster, Missing, is_sealed
from index.cluster.schema import CHECK, NUMBER, body, documents, identity_in, index_name
from index.model import IndexUnavailable
from index.weights import load_weights

log = logging.getLogger(__name__)

Progress = Callable[[str, int, int], None]
_BATCH = 4 << 20
"""Bytes sent at once; of a cluster's default 100 MB a request, so little that a few in flight cost no memory."""
_SENDERS = 2
_TITLES = 10
"""Titles that both engines rank."""
_LITTLE = 1 / 4, 64 << 20
"""What share of the sections may differ from an index that is cloned, and how many characters of them."""
_PAGE = 10_000
"""Checksums read at once; the most that the cluster gives."""
_ALIKE = 0.01
"""By how much scores may differ: weights are sent as whole numbers of 65,536ths."""
_COPIED = 600
"""Seconds for a replica of the whole index."""


class _NoScripts(IndexUnavailable):
    """The cluster does not let a script score."""


def fill(cluster: Cluster, place: Path, identity: str, sections: int, tell: Progress) -> str:
    """Make the cluster ready to answer for the snapshot in `place`; returns the name of its index there.

    Nothing is sent where it is ready. Raises IndexUnavailable.
    """
    weights = load_weights()
    names = [index_name(cluster.address, identity, weights, scripted) for scripted in (True, False)]
    for name in names:
        if is_sealed(cluster, name):
            return name
    try:
        name = _filled(cluster, names[0], place, sections, True, tell)
    except _NoScripts as error:
        log.warning("%s", error)
        name = _filled(cluster, names[1], place, sections, False, tell)
    _compare(cluster, name, place)
    # Replicas last: they copy the merged files instead of indexing again. Two, so that each of three nodes can answer
    # by itself.
    cluster.call("PUT", f"/{name}/_settings", {"index": {"auto_expand_replicas": "0-2"}}, timeout=FILLING_TIMEOUT)
    _await_replicas(cluster, name)
    cluster.call("PUT", f"/{name}/_settings", {SEALED: True}, timeout=FILLING_TIMEOUT)
    return name


def _filled(cluster: Cluster, name: str, place: Path, sections: int, scripted: bool, tell: Progress) -> str:
    """Make the index `name` with all postings, and verify it. Raises _NoScripts."""
    _remove(cluster, name)
    checks: list[str] = []
    base = _newest(cluster, name)
    little = _differing(_noted(place, checks, scripted), _checks(cluster, base), checks) if base else None
    if base and little is not None:
        own = {SEALED: None, "index.auto_expand_replicas": "false", "index.number_of_replicas": 0}
        cluster.call("PUT", f"/{base}/_clone/{name}", {"settings": own}, timeout=FILLING_TIMEOUT)
        _send_all(cluster, name, little, len(little), tell)
    else:
        _create(cluster, name, body(load_weights(), cluster.address.shards, scripted))
        checks.clear()
        _send_all(cluster, name, _noted(place, checks, scripted), sections, tell)
        cluster.call("POST", f"/{name}/_forcemerge", timeout=FILLING_TIMEOUT, max_num_segments="1")
    cluster.call("POST", f"/{name}/_refresh", timeout=FILLING_TIMEOUT)
    _verify(cluster, name, checks)
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


def _create(cluster: Cluster, name: str, settings: dict[str, Any]) -> None:
    try:
        cluster.call("PUT", f"/{name}", settings, timeout=FILLING_TIMEOUT)
    except IndexUnavailable as error:
        if "cannot execute" not in str(error):
            raise
        raise _NoScripts(
            f"搜索集群 {cluster.address} 不允许打分用的脚本，改用 rank_features，结果相同。要用脚本，请在每台"
            "节点的 opensearch.yml 里让 script.allowed_types 含 inline、"
            "script.allowed_contexts 含 similarity，或去掉这两项。"
        ) from None


def _newest(cluster: Cluster, name: str) -> str | None:
    """Of our complete indexes with the schema of `name`, the newest."""
    wanted = f"{SEALED},index.creation_date"
    found = cluster.call("GET", f"/{cluster.address.prefix}-*/_settings/{wanted}", flat_settings="true")
    ages = {
        other: int(one["settings"]["index.creation_date"])
        for other, one in found.items()
        if identity_in(other, cluster.address)
        and other.rpartition("-")[2] == name.rpartition("-")[2]
        and one["settings"].get(SEALED) == "true"
    }
    return max(ages, key=ages.__getitem__, default=None)


def _checks(cluster: Cluster, name: str) -> list[str]:
    """The checksum of each section in an index, in order; "" where there is none."""
    checks: list[str] = []
    wanted = {"size": _PAGE, "sort": [{NUMBER: "asc"}], "stored_fields": "_none_", "docvalue_fields": [CHECK]}
    last = -1
    while True:
        answer = cluster.call("POST", f"/{name}/_search", {**wanted, "search_after": [last]}, timeout=FILLING_TIMEOUT)
        for hit in answer["hits"]["hits"]:
            (last,), (check,) = hit["sort"], hit["fields"][CHECK]
            checks += [""] * (last - len(checks))
            checks.append(check)
        if len(answer["hits"]["hits"]) < _PAGE:
            return checks


def _noted(place: Path, checks: list[str], scripted: bool) -> Iterator[tuple[int, str | None]]:
    """All documents with their numbers. Appends their checksums to `checks`."""
    for number, line in enumerate(documents(place, load_weights(), scripted)):
        checks.append(line.rpartition('"')[0].rpartition('"')[2])
        yield number, line


def _differing(
    lines: Iterable[tuple[int, str | None]], known: Sequence[str], checks: Sequence[str]
) -> list[tuple[int, str | None]] | None:
    """What of `lines` to send where sections of checksums `known` are there, None for one to remove.

    None where that is much. `checks` are the checksums of the lines that were taken.
    """
    share, room = _LITTLE
    found: list[tuple[int, str | None]] = []
    for number, line in lines:
        if number >= len(known) or known[number] != checks[number]:
            found.append((number, line))
            room -= len(line or "")
            if room < 0 or len(found) > share * len(known):
                return None
    return found + [(number, None) for number in range(len(checks), len(known))]


def _send_all(cluster: Cluster, name: str, lines: Iterable[tuple[int, str | None]], total: int, tell: Progress) -> None:
    with ThreadPoolExecutor(_SENDERS) as pool:
        sending: set[Future[int]] = set()
        sent = 0
        tell("fill", 0, total)
        for batch in _batches(lines):
            if len(sending) > _SENDERS:
                done, sending = wait(sending, return_when=FIRST_COMPLETED)
                tell("fill", sent := sent + sum(future.result() for future in done), total)
            sending.add(pool.submit(_send, cluster, name, batch))
        for future in sending:
            tell("fill", sent := sent + future.result(), total)


def _batches(lines: Iterable[tuple[int, str | None]]) -> Iterator[tuple[str, int]]:
    """The documents as bodies of bulk requests, each with their number."""
    batch: list[str] = []
    size = count = 0
    for number, line in lines:
        batch.append(json.dumps({"delete" if line is None else "index": {"_id": str(number)}}))
        batch += [] if line is None else [line]
        size, count = size + len(line or ""), count + 1
        if size > _BATCH // 2:  # characters; Han takes three bytes, keys take one
            yield "\n".join([*batch, ""]), count
            batch, size, count = [], 0, 0
    if batch:
        yield "\n".join([*batch, ""]), count


def _send(cluster: Cluster, name: str, batch: tuple[str, int]) -> int:
    answer = cluster.call("POST", f"/{name}/_bulk", batch[0], timeout=FILLING_TIMEOUT)
    if answer["errors"]:
        failed: Any = next(one for item in answer["items"] for one in item.values() if "error" in one)
        raise cluster.unavailable(f"写不进 {name}：{failed['error'].get('type')} {failed['error'].get('reason')}"[:300])
    return batch[1]


def _verify(cluster: Cluster, name: str, checks: Sequence[str]) -> None:
    """All are there, and are what was sent."""
    read = _checks(cluster, name)
    if len(read) != len(checks):
        raise cluster.unavailable(f"{name} 里有 {len(read)} 个小节，应有 {len(checks)} 个")
    wrong = [number for number, (one, other) in enumerate(zip(read, checks, strict=True)) if one != other]
    if wrong:
        raise cluster.unavailable(f"{name} 的第 {wrong[0]} 个小节与送去的不同")


def _await_replicas(cluster: Cluster, name: str) -> None:
    until = time.monotonic() + _COPIED
    while cluster.call("GET", f"/_cluster/health/{name}")["status"] != "green":
        if time.monotonic() > until:
            raise cluster.unavailable(f"{name} 的副本 {_COPIED} 秒后还没有齐")
        time.sleep(0.2)


def _compare(cluster: Cluster, name: str, place: Path) -> None:
    """The cluster ranks and counts as our own arrays do."""
    from index.cluster.opening import ClusterSnapshot
    from index.search.opening import LocalSnapshot

    ours, theirs = LocalSnapshot(place, verify=False), ClusterSnapshot(place, cluster, verify=False, name=name)
    titles = [card.title for card in ours.cards()]
    for title in random.Random(ours.id).sample(titles, min(_TITLES, len(titles))):  # noqa: S311 no secret
        one, other = ours.search(title), theirs.search(title)
        found = [[(hit.article, hit.section) for hit in results.hits] for results in (one, other)]
        scores = [[hit.score for hit in results.hits] for results in (one, other)]
        alike = found[0] == found[1] or (
            len(scores[0]) == len(scores[1])
            and all(abs(a - b) < _ALIKE * max(a, 1) for a, b in zip(*scores, strict=True))
        )
        if one.total != other.total or one.facets != other.facets or not alike:
            raise cluster.unavailable(f"「{title}」在集群里的结果与本机算出的不同，请报告这个错误")
