"""Opening: a snapshot's files beside us and its index in the cluster become what answers.

In: a snapshot's folder, a cluster. Out: an object like `LocalSnapshot`, which ranks and counts over there. Why it is
opened though the cluster is away: articles, guides and pictures can be read without it, and it will be back.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from pathlib import Path

import numpy as np

from index.cluster.client import Cluster, is_sealed
from index.cluster.ranking import ClusterRanking
from index.cluster.schema import index_name
from index.cluster.sections import ClusterSections
from index.meaning.encoder import Encoder
from index.model import ArticleResults, Results
from index.search.asking import Asking, Chosen, Parts
from index.search.filtering import Filters
from index.search.grouping import Layout
from index.search.lexicon import ArrayLexicon
from index.search.relating import Relatives
from index.search.runs import Runs
from index.search.searching import idf_among
from index.search.shelf import site_of
from index.search.showing import Records
from index.search.sounds import Sounds
from index.store.codec import open_index
from index.store.snapshots import read_stamp
from index.weights import load_weights


class ClusterSnapshot(Asking[ClusterRanking]):
    """A `Snapshot` (engine.py) whose postings lie in a cluster."""

    def __init__(
        self,
        place: Path,
        cluster: Cluster,
        verify: bool = True,
        key: str = "",
        encoder: Encoder | None = None,
        name: str = "",
    ) -> None:
        """`name`: of the index in the cluster, where it is known already."""
        stamp = read_stamp(place, verify, key)
        terms, cards = open_index(place)
        sections = np.asarray(np.load(place / "sections.npy", mmap_mode="r", allow_pickle=False))
        weights, sounds, records = load_weights(), Sounds(place), Records(place, cards)
        filters = Filters(place, stamp["sections"], site_of(place).filter_names)
        lexicon = ArrayLexicon(terms.keys, terms.starts, terms.vocabulary, sounds)
        self._cluster = cluster
        # Of this very snapshot: words and postings of two versions never meet.
        self._name = name
        self._names = [index_name(cluster.address, stamp["id"], weights, scripted) for scripted in (True, False)]
        postings = ClusterSections(
            lambda bodies, began: cluster.search(self.index_name, bodies, began),
            lexicon,
            Layout(sections[0], filters),
            Runs(sections[2], records.folded, weights),
            records.folded,
            weights,
            idf_among(stamp["sections"], weights.rarity),
            lambda: self.index_name == self._names[0],
        )
        self._run = postings.rounds.run
        near = Relatives(place, terms, sections, weights).near
        super().__init__(
            place,
            stamp,
            Parts(postings, lexicon, sounds, filters, records, weights, sections[0], near, encoder, guesses_kept=0),
        )

    @cached_property
    def index_name(self) -> str:
        """The index in the cluster: of two possible forms the one that is there. Raises SearchUnavailable."""
        scripted, features = self._names
        if self._name:
            return self._name
        return features if not is_sealed(self._cluster, scripted) and is_sealed(self._cluster, features) else scripted

    def search(self, query: str, filters: Chosen | None = None, limit: int = 10, offset: int = 0) -> Results:
        """As `Asking.search`; raises SearchUnavailable while the cluster does not answer."""
        ask = super().search
        return self._run(lambda: ask(query, filters, limit, offset))

    def search_articles(
        self, query: str, filters: Chosen | None = None, limit: int = 8, offset: int = 0, *, typing: bool = False
    ) -> ArticleResults:
        """As `Asking.search_articles`; raises SearchUnavailable while the cluster does not answer."""
        ask = super().search_articles
        return self._run(lambda: ask(query, filters, limit, offset, typing=typing))

    def rank_articles(self, query: str, limit: int, layers: Collection[str] | None = None) -> list[tuple[str, float]]:
        """As `Asking.rank_articles`; raises SearchUnavailable while the cluster does not answer."""
        ask = super().rank_articles
        return self._run(lambda: ask(query, limit, layers))

    def explain(self, query: str, article_id: str, anchor: str | None = None) -> str:
        """As `Asking.explain`; raises SearchUnavailable while the cluster does not answer."""
        ask = super().explain
        return self._run(lambda: ask(query, article_id, anchor))
