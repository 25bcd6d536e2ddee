"""Which section of an article stands first: the one that answers, not the part above the first heading."""

from __future__ import annotations

import pytest

from index import Library, Snapshot, build

BIKE = """---
title: 自行车爆胎了怎么办
summary: 自行车爆胎，路上怎么办。
---

自行车在路上爆胎，多半是扎了钉子。出发前请看一眼胎压表上的红线。

## 先停到路边 {#stop}

下车，把自行车推到路边，别挡着别人。

## 补胎 {#patch}

拔出钉子，打磨，贴上胶片。

## 换内胎 {#tube}

撬开外胎，换上新的内胎。
"""
LAMP = """# 台灯

## 台灯不亮 {#dark}

先看插头，再看灯泡。

## 换灯泡 {#bulb}

断电以后再换。
"""


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    place = tmp_path_factory.mktemp("choosing")
    (place / "content").mkdir()
    (place / "content" / "bike.md").write_text(BIKE, "utf-8")
    (place / "content" / "lamp.md").write_text(LAMP, "utf-8")
    build(place / "content", place / "index")
    return Library(place / "index").snapshot()


def found(snapshot: Snapshot, query: str) -> list[str]:
    return [f"{hit.article}#{hit.section}" for hit in snapshot.search(query).hits]


@pytest.mark.parametrize(
    ("query", "order"),
    [
        ("自行车爆胎了怎么办", ["bike#stop", "bike#tube", "bike#patch", "bike#"]),
        ("自行车爆胎怎么补胎", ["bike#patch"]),
        ("自行车爆胎要换内胎吗", ["bike#tube"]),
        ("出发前看一眼胎压表上的红线", ["bike#"]),
        ("台灯不亮", ["lamp#dark", "lamp#bulb"]),
    ],
    ids=["the whole article: its beginning", "a step", "another step", "what the lead alone says", "no lead"],
)
def test_the_section_that_answers_stands_first(query: str, order: list[str], snapshot: Snapshot) -> None:
    assert found(snapshot, query)[: len(order)] == order


def test_an_article_keeps_its_place(snapshot: Snapshot) -> None:
    for query in ("自行车爆胎了怎么办", "换灯泡", "路边的台灯"):
        (first, score), *_ = snapshot.rank_articles(query, 2)
        best = snapshot.search(query).hits[0]
        assert (best.article, best.score) == (first, pytest.approx(score, abs=0.001))


def test_every_section_is_found_once_whatever_the_page(snapshot: Snapshot) -> None:
    whole = found(snapshot, "自行车怎么办")
    assert len(whole) == len(set(whole)) == snapshot.search("自行车怎么办").total
    pages = [snapshot.search("自行车怎么办", limit=1, offset=at).hits for at in range(len(whole))]
    assert [f"{hit.article}#{hit.section}" for (hit,) in pages] == whole


def test_explain_counts_the_exchange(snapshot: Snapshot) -> None:
    hit = snapshot.search("自行车爆胎了怎么办").hits[0]
    said = snapshot.explain("自行车爆胎了怎么办", hit.article, hit.section)
    assert "第 1 位" in said
    assert f"得分 {hit.score:.4f}" in said
