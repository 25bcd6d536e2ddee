"""Building: what an operator sees of a build, and what readers must never see of it.

In: small content folders. Out: incremental builds that equal full ones, faults that leave the live index alone,
rollback, a server-side view (`Library`) that follows. Attacks on builds (kills, full disks) are in test_rebuilds.py,
damaged indexes in test_damage.py.
"""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import numpy as np
import pytest
from support import write_files

from index import ContentFaults, IndexUnavailable, Library, build, rollback
from index.store.posting_files import read_inverted
from index.store.snapshots import FORMAT, IndexFolder


@pytest.fixture
def content(tmp_path: Path) -> Path:
    text = "# 第{0}篇\n\n编号{0}，关于激活。\n\n## 小节\n\n正文{0}。\n"
    return write_files(tmp_path / "content", {f"topic/n{i}.md": text.format(i) for i in range(6)})


def found(index: Path, query: str) -> list[str]:
    return [hit.article for hit in Library(index).snapshot().search(query).hits]


def test_an_unchanged_folder_is_left_as_it_is(content: Path, tmp_path: Path) -> None:
    first = build(content, tmp_path / "index")
    again = build(content, tmp_path / "index")
    assert (first.full, first.articles, first.sections, first.changed) == (True, 6, 12, 6)
    assert (again.full, again.changed, again.snapshot) == (False, 0, first.snapshot)


def test_one_changed_file_is_one_prepared_file(content: Path, tmp_path: Path) -> None:
    build(content, tmp_path / "index")
    (content / "topic" / "n3.md").write_text("# 新标题\n\n关于漫游。\n", "utf-8")
    report = build(content, tmp_path / "index")
    assert (report.full, report.changed, report.removed) == (False, 1, 0)
    assert found(tmp_path / "index", "漫游") == ["topic/n3"]
    assert "topic/n3" not in found(tmp_path / "index", "激活")


def test_a_removed_file_disappears(content: Path, tmp_path: Path) -> None:
    build(content, tmp_path / "index")
    (content / "topic" / "n2.md").unlink()
    report = build(content, tmp_path / "index")
    assert (report.full, report.removed, report.articles) == (False, 1, 5)
    assert found(tmp_path / "index", "编号2") == [] or "topic/n2" not in found(tmp_path / "index", "编号2")


def test_an_incremental_build_answers_exactly_as_a_full_one(content: Path, tmp_path: Path) -> None:
    build(content, tmp_path / "index")
    (content / "topic" / "n1.md").write_text("# 换卡\n\n换卡要带护照，激活码在邮件里。\n", "utf-8")
    (content / "topic" / "n4.md").unlink()
    (content / "other.md").write_text("# 漫游\n\n漫游前先激活。\n", "utf-8")
    build(content, tmp_path / "index")
    build(content, tmp_path / "fresh")
    one, other = (Library(tmp_path / name).snapshot() for name in ("index", "fresh"))
    for query in ("激活", "换卡 护照", "编号", "jihuo", "正文5", ""):
        a, b = one.search(query), other.search(query)
        assert (a.hits, a.total, a.complete, a.facets) == (b.hits, b.total, b.complete, b.facets)
    assert [one.page(card.id) for card in one.cards()] == [other.page(card.id) for card in other.cards()]


@pytest.mark.parametrize("narrow", [1 << 16, 72, 66], ids=["narrow", "wide at times", "wide at last"])
def test_merged_postings_and_sounds_equal_those_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, narrow: int
) -> None:
    monkeypatch.setattr("index.building.inverting._NARROW", narrow)  # the number of sections goes over it and back
    draw = random.Random(7)
    content = tmp_path / "content"
    content.mkdir()

    def write(number: int) -> None:
        words = draw.choices(["激活", "漫游", "换卡", "护照", "eSIM", "运营商", "号码", "丢失", "报失", "手机"], k=30)
        extra = chr(draw.randint(0x4E00, 0x9F00)) * 2
        (content / f"n{number:03}.md").write_text(f"# 第{number}篇\n\n{''.join(words)}{extra}。\n", "utf-8")

    for number in range(80):
        write(number)
    build(content, tmp_path / "index")
    for turn in range(5):
        if turn == 4:
            write(999)  # the last of all, so that no other moves
        else:
            for number in draw.sample(range(90), 5):
                write(number)
            for number in draw.sample(range(80), draw.choice((1, 9))):
                (content / f"n{number:03}.md").unlink(missing_ok=True)
        assert not build(content, tmp_path / "index").full
        build(content, tmp_path / "anew", full=True)
        one, other = (read_inverted(IndexFolder(tmp_path / name).live()) for name in ("index", "anew"))
        for name in ("keys", "starts", "sections", "weights", "lengths"):
            merged, made = getattr(one, name), getattr(other, name)
            assert merged.dtype == made.dtype, name
            assert np.array_equal(merged, made), name
        for name in ("sound_keys.npy", "sound_terms.npy"):
            one, other = (np.load(IndexFolder(tmp_path / folder).live() / name) for folder in ("index", "anew"))
            assert np.array_equal(one, other), name


def test_another_layout_of_the_files_is_another_format(content: Path, tmp_path: Path) -> None:
    build(content, tmp_path / "index")
    place = IndexFolder(tmp_path / "index").live()
    arrays = {path.name: np.load(path, allow_pickle=False) for path in sorted(place.glob("*.npy"))}
    layout = {name.removesuffix(".npy"): f"{array.dtype} {array.shape}" for name, array in arrays.items()}
    assert (FORMAT, layout) == (  # a server of the release before would read these files wrongly: raise FORMAT
        10,
        {
            "MAIN_sections.cards.starts": "uint64 (13,)",
            "MAIN_sections.keys": "uint64 (31,)",
            "MAIN_sections.lengths": "uint32 (3, 12, 5)",
            "MAIN_sections.sections": "uint16 (186,)",
            "MAIN_sections.starts": "uint64 (32,)",
            "MAIN_sections.weights": "float32 (186,)",
            "facets": "uint64 (1, 1)",
            "folded.starts": "uint64 (13,)",
            "lines.starts": "uint64 (13,)",
            "media.starts": "uint64 (1,)",
            "outlines.starts": "uint64 (7,)",
            "pages.starts": "uint64 (7,)",
            "sections": "uint32 (3, 12)",
            "sound_keys": "uint32 (6,)",
            "sound_terms": "uint32 (6,)",
            "text.starts": "uint64 (13,)",
            "tokens.counts": "uint32 (60,)",
            "tokens.keys": "uint64 (13,)",
            "tokens.words": "uint16 (78,)",
        },
    )


def test_a_title_that_nobody_can_search_for_stops_no_build(content: Path, tmp_path: Path) -> None:
    (content / "a.md").write_text("# ……？！\n\n只有标点的标题。\n", "utf-8")
    build(content, tmp_path / "index")
    assert Library(tmp_path / "index").snapshot().page("a")


def test_a_changed_dictionary_forces_a_full_build_and_says_so(content: Path, tmp_path: Path) -> None:
    build(content, tmp_path / "index")
    (content / "_search").mkdir()
    (content / "_search" / "words.txt").write_text("# 词\n停机保号\n", "utf-8")
    report = build(content, tmp_path / "index")
    assert report.full
    assert "分词词典" in report.reason


def test_changed_synonyms_take_effect_without_a_full_build(content: Path, tmp_path: Path) -> None:
    build(content, tmp_path / "index")
    assert found(tmp_path / "index", "开卡") == []
    (content / "_search").mkdir()
    (content / "_search" / "synonyms.txt").write_text("激活，开卡\n", "utf-8")
    report = build(content, tmp_path / "index")
    assert (report.full, report.changed) == (False, 0)
    assert len(found(tmp_path / "index", "开卡")) == 6


def test_every_fault_is_named_and_the_live_index_stays(content: Path, tmp_path: Path) -> None:
    build(content, tmp_path / "index")
    before = Library(tmp_path / "index").snapshot().id
    bad = {
        "utf8.md": "# 标题\n\n".encode() + b"\xff\xfe",
        "yaml.md": b"---\ntitle: [a\n---\ntext\n",
        "untitled.md": "没有标题。\n".encode(),
        "date.md": "---\ntitle: 甲\nverified: 昨天\n---\n".encode(),
        "anchor.md": "# 甲\n\n## 一 {#same}\n\n## 二 {#same}\n".encode(),
    }
    for name, raw in bad.items():
        (content / name).write_bytes(raw)
    with pytest.raises(ContentFaults) as caught:
        build(content, tmp_path / "index")
    assert {problem.path for problem in caught.value.problems} == set(bad)
    lines = {problem.path: problem.line for problem in caught.value.problems}
    assert (lines["utf8.md"], lines["date.md"], lines["anchor.md"]) == (3, 3, 5)
    assert Library(tmp_path / "index").snapshot().id == before


def test_drafts_are_built_only_on_request(content: Path, tmp_path: Path) -> None:
    (content / "draft.md").write_text("---\ntitle: 草稿\ndraft: true\n---\n还没写好。\n", "utf-8")
    assert build(content, tmp_path / "index").articles == 6
    assert build(content, tmp_path / "index").changed == 0
    assert build(content, tmp_path / "with", drafts=True).articles == 7


def test_room_is_made_before_writing_but_never_of_the_live_snapshot(
    content: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = tmp_path / "index"
    for number in range(3):
        (content / "a.md").write_text(f"# 甲\n\n版本{number}。\n", "utf-8")
        build(content, index)
    rollback(index)
    live = IndexFolder(index).live()

    def refuse(snapshot: object) -> None:
        raise IndexUnavailable("自检失败")

    monkeypatch.setattr("index.building.build._verify", refuse)
    (content / "a.md").write_text("# 甲\n\n版本三。\n", "utf-8")
    with pytest.raises(IndexUnavailable):
        build(content, index, keep=1)
    assert IndexFolder(index).names()[0] == IndexFolder(index).live().name == live.name
    assert len(IndexFolder(index).names()) == 2, "the live one, and the one that was rolled back"
    assert found(index, "版本1")[0] == "a"


def test_rollback_goes_back_one_snapshot_and_keeps_three(content: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    names = []
    for text in ("一", "二", "三", "四"):
        (content / "topic" / "n0.md").write_text(f"# 版本\n\n这是版本{text}。\n", "utf-8")
        names.append(build(content, index).snapshot)
    assert found(index, "版本四") == ["topic/n0"]
    assert rollback(index) == names[2]
    assert "版本四" not in Library(index).snapshot().search("版本三").hits[0].snippet
    assert rollback(index) == names[1]
    with pytest.raises(IndexUnavailable):
        rollback(index)


def test_a_running_library_follows_the_switch(content: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.search.live._WATCHED", 0.0)
    build(content, tmp_path / "index")
    library = Library(tmp_path / "index")
    old = library.snapshot()
    (content / "topic" / "n0.md").write_text("# 漫游\n\n漫游说明。\n", "utf-8")
    build(content, tmp_path / "index")
    assert library.snapshot() is not old
    assert library.snapshot().search("漫游").total == 1
    assert old.search("漫游").total == 0


def test_a_snapshot_is_one_folder_that_can_be_copied(content: Path, tmp_path: Path) -> None:
    build(content, tmp_path / "index")
    shutil.copytree(tmp_path / "index", tmp_path / "elsewhere")
    shutil.rmtree(content)
    shutil.rmtree(tmp_path / "index")
    assert len(found(tmp_path / "elsewhere", "激活")) == 6


@pytest.mark.parametrize("damage", ["truncate", "flip", "remove", "newer"])
def test_a_damaged_snapshot_is_named_not_served(content: Path, tmp_path: Path, damage: str) -> None:
    index = tmp_path / "index"
    name = build(content, index).snapshot
    place = index / "snapshots" / name
    victim = place / "folded"
    if damage == "truncate":
        victim.write_bytes(victim.read_bytes()[:-3])
    elif damage == "flip":
        raw = bytearray(victim.read_bytes())
        raw[5] ^= 1
        victim.write_bytes(raw)
    elif damage == "remove":
        victim.unlink()
    else:
        stamp = json.loads((place / "stamp.json").read_text("utf-8"))
        (place / "stamp.json").write_text(json.dumps({**stamp, "format": 99}), "utf-8")
    with pytest.raises(IndexUnavailable, match=name):
        Library(index).snapshot()
    assert build(content, index).full
    assert len(found(index, "激活")) == 6


def test_pictures_travel_in_the_snapshot(content: Path, tmp_path: Path) -> None:
    (content / "topic" / "map.png").write_bytes(b"\x89PNG one")
    (content / "topic" / "n0.md").write_text("# 地图\n\n![旧地图](map.png) ![没有](no.png)\n", "utf-8")
    build(content, tmp_path / "index")
    assert Library(tmp_path / "index").snapshot().media("topic/map.png") == b"\x89PNG one"
    assert Library(tmp_path / "index").snapshot().media("topic/no.png") is None
    (content / "topic" / "map.png").write_bytes(b"\x89PNG another")
    build(content, tmp_path / "index")
    assert Library(tmp_path / "index").snapshot().media("topic/map.png") == b"\x89PNG another"


def test_without_an_index_the_way_out_is_named(tmp_path: Path) -> None:
    with pytest.raises(IndexUnavailable, match="helpcenter index"):
        Library(tmp_path).snapshot()
    with pytest.raises(IndexUnavailable, match="--content"):
        build(tmp_path / "none", tmp_path / "index")


def test_an_empty_folder_is_an_empty_site(tmp_path: Path) -> None:
    (tmp_path / "content").mkdir()
    assert build(tmp_path / "content", tmp_path / "index").articles == 0
    assert Library(tmp_path / "index").snapshot().search("激活").total == 0
