"""Opening: a snapshot's files become what answers.

In: a snapshot's folder. Out: its arrays, opened and joined to what asks them (`asking.py`). Why one object per built
index: it is immutable and answers from memory-mapped files alone, so every worker and thread can share it, a page and
its hits come from one version, and switching to a new index is replacing one reference (`live.py`).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from index.meaning.encoder import Encoder
from index.search.asking import Asking, Parts
from index.search.containing import Postings
from index.search.filtering import Filters
from index.search.grouping import Layout
from index.search.lexicon import ArrayLexicon
from index.search.ranking import Ranking
from index.search.relating import Relatives
from index.search.searching import Scorer
from index.search.shelf import site_of
from index.search.showing import Records
from index.search.sounds import Sounds
from index.store.codec import open_index
from index.store.snapshots import read_stamp
from index.weights import load_weights


class LocalSnapshot(Asking[Ranking]):
    """A `Snapshot` (engine.py) over the files of one folder."""

    def __init__(self, place: Path, verify: bool = True, key: str = "", encoder: Encoder | None = None) -> None:
        stamp = read_stamp(place, verify, key)
        terms, cards = open_index(place)
        sections = np.asarray(np.load(place / "sections.npy", mmap_mode="r", allow_pickle=False))
        weights, sounds, records = load_weights(), Sounds(place), Records(place, cards)
        filters = Filters(place, stamp["sections"], site_of(place).filter_names)
        self._scorer = Scorer(Postings(terms, records.folded, sections), weights, Layout(sections[0], filters))
        super().__init__(
            place,
            stamp,
            Parts(
                sections=self._scorer,
                lexicon=ArrayLexicon(terms.keys, terms.starts, terms.vocabulary, sounds),
                sounds=sounds,
                filters=filters,
                records=records,
                weights=weights,
                article_of=sections[0],
                near=Relatives(place, terms, sections, weights).near,
                encoder=encoder,
            ),
        )
