"""How well the real content is found: judged queries in the words of travellers, agents and people typing badly.

In: `judgements.tsv` (its first lines say how to read it) and the index of `content/`. Out: floors that a change of a
weight, a word list or an article must not fall through. `make evaluate` lists every query's own figure. Floors stand a
little below what was measured (nDCG@10 .94, success@1 .93, no hits .01), so that one article more does not break them.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from index import Library, Snapshot
from index.search.evaluating import MEASURES, measure

Grades = dict[str, dict[str, int]]


@pytest.fixture(scope="module")
def snapshot(site_index: Path) -> Snapshot:
    return Library(site_index).snapshot()


@pytest.fixture(scope="module")
def judged(root: Path) -> Grades:
    grades: Grades = defaultdict(dict)
    for line in (root / "tests" / "judgements.tsv").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            query, place, grade = line.split("\t")
            grades[query][place] = int(grade)
    return grades


def test_there_are_enough_queries_and_every_place_exists(snapshot: Snapshot, judged: Grades) -> None:
    assert len(judged) >= 150
    for grades in judged.values():
        for place in grades:
            article_id, _, anchor = place.partition("#")
            page = snapshot.page(article_id)
            assert page is not None, place
            assert not anchor or anchor in {section.anchor for section in page.article.sections}, place


def test_articles_are_ranked_well(snapshot: Snapshot, judged: Grades) -> None:
    rows = []
    for query, grades in judged.items():
        articles: dict[str, int] = {}
        for place, grade in grades.items():
            article_id = place.partition("#")[0]
            articles[article_id] = max(grade, articles.get(article_id, 0))
        rows.append(measure([article for article, _ in snapshot.rank_articles(query, 50)], articles))
    means = {name: sum(row[name] for row in rows) / len(rows) for name in MEASURES}
    assert means["nDCG@10"] >= 0.94
    assert means["success@1"] >= 0.92
    assert means["Recall@50"] >= 0.97
    assert means["zero-result rate"] <= 0.005


def test_the_right_step_is_on_the_first_screen(snapshot: Snapshot, judged: Grades) -> None:
    seen = 0
    for query, grades in judged.items():
        best = {place for place, grade in grades.items() if grade == max(grades.values())}
        hits = snapshot.search(query, limit=10).hits
        shown = {f"{hit.article}#{hit.section}" for hit in hits} | {hit.article for hit in hits}
        seen += bool(best & shown)
    assert seen / len(judged) >= 0.93
