"""The lexicon: words of other regions and languages find what they mean, one way, and lose to what was typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from index import Library, build


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("電話唔見咗", "lost"),
        ("perdu", "lost"),
        ("it was STOLEN", "theft"),
        ("forfait", "plan"),
        ("攜碼", "leave"),
    ],
)
def test_a_word_of_another_region_finds_the_standard_one(query: str, found: str, tmp_path: Path) -> None:
    (tmp_path / "content" / "_search").mkdir(parents=True)
    own = "# the site's own\nforfait = 套餐\n携码 = 携号转网\n=\nbroken\nperdu = 挂失\n"
    (tmp_path / "content" / "_search" / "lexicon.txt").write_text(own, "utf-8")
    texts = {"lost": "丢失以后先报失", "theft": "被盗以后报案", "plan": "套餐怎样收费", "leave": "携号转网的步骤"}
    for name, text in texts.items():
        (tmp_path / "content" / f"{name}.md").write_text(f"# 第{name}篇\n\n{text}。\n", "utf-8")
    build(tmp_path / "content", tmp_path / "index")
    hit = Library(tmp_path / "index").snapshot().search(query).hits[0]
    assert (hit.article, hit.matched) == (found, "words")


def test_what_was_typed_stands_before_what_it_means(tmp_path: Path) -> None:
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "a.md").write_text("# 甲\n\n丢失。\n", "utf-8")
    (tmp_path / "content" / "b.md").write_text("# 乙\n\nperdu。\n", "utf-8")
    build(tmp_path / "content", tmp_path / "index")
    hits = Library(tmp_path / "index").snapshot().search("perdu").hits
    assert [hit.article for hit in hits] == ["b", "a"]


def test_every_block_of_the_lexicon_names_its_source(root: Path) -> None:
    words: list[str] = []
    for path in (root / "index" / "data" / "lexicon.txt", root / "content" / "_search" / "lexicon.txt"):
        _, *blocks = path.read_text("utf-8").split("\n\n")
        assert all(block.startswith("# 出处：") for block in blocks)
        own = [line.partition(" = ")[0] for line in path.read_text("utf-8").splitlines() if " = " in line[1:]]
        assert len(own) == len(set(own)) > 20
        words += own
    assert len(words) > 80
