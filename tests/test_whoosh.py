"""The index is a Whoosh index: Whoosh opens it, searches it, and scores it as we do.

In: the index of the real content. Out: equal scores on random queries, by Whoosh's own BM25F scorer and by ours. Ours
adds layers on top; here they are off (rarity and bonuses, which Whoosh does not know, are neutral).
"""

from __future__ import annotations

import json
import os
import pickle
import random
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from whoosh.index import open_dir
from whoosh.query import And, Or, Prefix, Term
from whoosh.scoring import BM25F

from index.search.containing import Postings
from index.search.filtering import Filters
from index.search.grouping import Layout
from index.search.opening import LocalSnapshot
from index.search.queries import Query
from index.search.queries import Term as OurTerm
from index.search.searching import Scorer
from index.store.blobs import Texts
from index.store.codec import KINDS, open_index, term_key
from index.store.posting_files import INDEX_NAME
from index.store.snapshots import IndexFolder
from index.store.writing import checksum
from index.weights import load_weights


@pytest.fixture(scope="module")
def place(site_index: Path) -> Path:
    return IndexFolder(site_index).live()


@pytest.mark.parametrize("kind", KINDS)
def test_scores_equal_whooshs_own(place: Path, kind: str) -> None:
    weights = replace(load_weights(), rarity=1.0)
    terms = open_index(place).terms
    sections = np.load(place / "sections.npy")
    layout = Layout(sections[0], Filters(place, sections.shape[1], ()))
    scorer = Scorer(Postings(terms, Texts(place / "folded"), sections), weights, layout)
    draw = random.Random(42)
    texts = [text.decode() for _, text in terms.terms_from(kind, b"")]
    with open_dir(str(place), indexname=INDEX_NAME, readonly=True).searcher(
        weighting=BM25F(B=0.0, K1=weights.k1[kind])
    ) as searcher:
        for _ in range(60):
            asked = draw.sample(texts, draw.randint(1, 6))
            theirs = searcher.search(Or([Term(kind, text) for text in asked]), limit=None)
            sought = [OurTerm(term_key(kind, text), kind, text, 1.0, True) for text in asked]
            ours = scorer.rank(Query("", "", sought, [], [], []), None, scorer.count).scores
            assert {hit.docnum for hit in theirs} == set(np.flatnonzero(ours).tolist())
            for hit in theirs:
                assert ours[hit.docnum] == pytest.approx(hit.score, rel=1e-5)


def test_whooshs_own_searcher_finds_terms_and_prefixes(place: Path) -> None:
    with open_dir(str(place), indexname=INDEX_NAME, readonly=True).searcher() as searcher:
        both = searcher.search(And([Term("words", "法国"), Term("words", "esim")]), limit=None)
        assert len(both) > 3
        assert any("france" in hit["card"] for hit in both)  # which comes first is for the articles to say
        assert len(searcher.search(Prefix("words", "icci"), limit=None)) > 0
        assert len(searcher.search(Term("words", "没有这个词"))) == 0


def test_a_table_of_contents_that_runs_code_runs_none(place: Path, tmp_path: Path) -> None:
    """Whoosh's table of contents is a pickle. It is written for Whoosh's own tools, and never read here."""
    fired = tmp_path / "fired"
    tampered = tmp_path / place.name
    shutil.copytree(place, tampered)
    toc = next(tampered.glob("*.toc"))
    whole = pickle.dumps(Bomb(str(fired)))
    toc.write_bytes(toc.read_bytes()[:8] + whole)
    stamp = json.loads((tampered / "stamp.json").read_text("utf-8"))
    stamp["files"][toc.name] = checksum(toc)  # who writes files writes their checksums too
    (tampered / "stamp.json").write_text(json.dumps(stamp), "utf-8")
    assert pickle.loads(whole) == 0
    assert fired.exists(), "the pickle would run"
    fired.unlink()
    assert LocalSnapshot(tampered).search("补卡").total
    assert not fired.exists()


class Bomb:
    """Unpickled, it makes a folder."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch '{self.path}'",)
