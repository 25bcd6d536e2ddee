"""The library over a cluster: the live snapshot of the index folder, its postings over there.

In: an index folder, a cluster. Out: the live snapshot. A new one whose index the cluster does not have leaves the old
one in service. Where there is none before, it is opened though the cluster does not answer: what can be read, is.
"""

from __future__ import annotations

import logging
from pathlib import Path

from index.cluster.client import Cluster, is_sealed
from index.cluster.opening import ClusterSnapshot
from index.engine import Snapshot
from index.meaning.encoder import Encoder
from index.model import IndexUnavailable
from index.search.live import Library, warm

log = logging.getLogger(__name__)


class ClusterLibrary(Library):
    """`snapshot()` is always the live one."""

    def __init__(self, index: Path, cluster: Cluster, key: str = "", encoder: Encoder | None = None) -> None:
        super().__init__(index, key, encoder)
        self._cluster = cluster

    def ready(self) -> None:
        """Ask the cluster for anything. Raises IndexUnavailable."""
        snapshot = self.snapshot()
        assert isinstance(snapshot, ClusterSnapshot)
        self._cluster.search(snapshot.index_name, [{"size": 0}])

    def _opened(self, place: Path) -> Snapshot:
        fresh = ClusterSnapshot(place, self._cluster, key=self._folder.key, encoder=self._encoder)
        try:
            if not is_sealed(self._cluster, fresh.index_name):
                where = f"搜索集群 {self._cluster.address} 里没有 {fresh.index_name}"
                raise IndexUnavailable(f"{where}。请在建索引的机器上用同样的 HELPCENTER_ENGINE 运行 helpcenter index。")
            warm(fresh)
        except IndexUnavailable as error:
            if self._snapshot:
                raise
            log.error("%s", error)
        return fresh
