"""How well the real content is found: judged queries in the words of travellers, agents and people typing badly.

In: `judgements/` (CONTRIBUTING.md says what each set is for) and the index of `content/`. Out: floors that a change of
a weight, a word list or an article must not fall through; they stand a little below what was measured, so that one
article more does not break them. Failing, a test names no query: sets B and C are read by nobody.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from index import Library, Snapshot, judge, read_judgements
from index.search.judgements import ALL

SETS = ("own", "a", "b", "c", "d")
FLOORS = {
    "own": {"nDCG@10": 0.94, "S@1": 0.89, "S@3": 0.96, "section S@1": 0.69, "section S@3": 0.9, "answers right": 0.9},
    "a": {
        "no-answer recall": 0.6,
        "nDCG@10": 0.775,
        "S@1": 0.73,
        "S@3": 0.87,
        "section S@1": 0.50,
        "section S@3": 0.73,
    },
    "b": {"no-answer recall": 0.2, "nDCG@10": 0.75, "S@1": 0.65, "S@3": 0.79, "section S@1": 0.38, "section S@3": 0.65},
    "d": {"no-answer recall": 0.3, "nDCG@10": 0.9, "S@1": 0.82, "section S@1": 0.62, "answers right": 0.92},
    "c": {"nDCG@10": 0.765, "S@1": 0.65, "S@3": 0.83, "section S@1": 0.42, "section S@3": 0.65},
}


@pytest.fixture(scope="module")
def snapshot(site_index: Path) -> Snapshot:
    return Library(site_index).snapshot()


@pytest.mark.parametrize("name", SETS)
def test_there_are_enough_queries_and_every_place_exists(name: str, snapshot: Snapshot, root: Path) -> None:
    judged = read_judgements(root / "tests" / "judgements" / f"{name}.tsv")
    assert len(judged) >= 150
    lost = 0
    for place in {place for one in judged for place in one.grades}:
        article_id, _, anchor = place.partition("#")
        page = snapshot.page(article_id)
        lost += page is None or anchor not in {"", *(section.anchor for section in page.article.sections)}
    assert lost == 0


@pytest.mark.parametrize("name", SETS)
def test_what_answers_is_found_first(name: str, snapshot: Snapshot, root: Path) -> None:
    figures = judge(snapshot, read_judgements(root / "tests" / "judgements" / f"{name}.tsv"))[ALL]
    assert figures["zero results"] <= 0.005
    assert figures["no-answer mistakes"] <= 0.05
    assert {key: figures[key] for key, least in FLOORS[name].items() if figures[key] < least} == {}


def test_figures_count_what_they_say(snapshot: Snapshot, tmp_path: Path) -> None:
    first, second = snapshot.search("报失", limit=2).hits
    file = tmp_path / "set.tsv"
    file.write_text(
        f"# 说明\n短\t报失\t{first.article}#{first.section}\t2\n短\t报失\t{second.article}#{second.section}\t3\n"
        "无\t火星移民\t\t0\n",
        "utf-8",
    )
    judged = read_judgements(file)
    assert [(one.kind, one.query, len(one.grades)) for one in judged] == [("短", "报失", 2), ("无", "火星移民", 0)]
    figures = judge(snapshot, judged)
    assert set(figures) == {ALL, "短", "无"}
    assert (figures["短"]["section S@1"], figures["短"]["section S@3"]) == (0.0, 1.0)
    assert figures[ALL]["queries"] == 2
    assert "S@1" not in figures["无"]


@pytest.mark.parametrize("line", ["报失", "报失\tx", "甲\t乙\t报失\tx\t3", "报失\tx\t很好", "\tx\t3"])
def test_a_line_at_fault_is_named(line: str, tmp_path: Path) -> None:
    file = tmp_path / "set.tsv"
    file.write_text(f"# 说明\n{line}\n", "utf-8")
    with pytest.raises(ValueError, match=r"set\.tsv:2: "):
        read_judgements(file)
