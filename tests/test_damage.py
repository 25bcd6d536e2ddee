"""Damaged and replaced indexes: whatever is wrong with a snapshot is named, never served, and mended by the next build.

In: snapshots with files spoilt, stamps forged, pointers gone astray, folders deleted. Out: a refusal that names what is
wrong, an open library that goes on or says so, a rollback to the last whole one.
"""

from __future__ import annotations

import gc
import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import wait_for, write_version

from index import IndexUnavailable, Library, Snapshot, build, rollback
from index.search.opening import LocalSnapshot
from index.store.snapshots import FORMAT


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A few articles of the first version."""
    write_version(tmp_path / "content", "最初")
    return tmp_path / "content"


def live(index: Path) -> Snapshot:
    """Opened anew, every checksum checked."""
    return Library(index).snapshot()


def test_only_the_last_snapshots_are_kept_and_rollback_goes_back_one(content: Path, index: Path) -> None:
    ids = [live(index).id]
    for version in ("二", "三", "四", "五"):
        write_version(content, version)
        build(content, index, keep=3)
        ids.append(live(index).id)
    assert len(list((index / "snapshots").iterdir())) == 3
    rollback(index)
    assert live(index).id == ids[-2]
    rollback(index)
    assert live(index).id == ids[-3]
    with pytest.raises(IndexUnavailable, match="没有更早的完好快照"):
        rollback(index)
    assert live(index).id == ids[-3]


def test_rollback_passes_over_a_damaged_snapshot(content: Path, index: Path) -> None:
    first = live(index).id
    for version in ("二", "三"):
        write_version(content, version)
        build(content, index)
    middle = sorted((index / "snapshots").iterdir())[1]
    (middle / "text").write_bytes(b"")
    rollback(index)
    assert live(index).id == first


def damage(place: Path, name: str, how: str) -> None:
    """Spoil one file of a snapshot, as a new file: the old one may be mapped."""
    file = place / name
    raw = bytearray(file.read_bytes())
    file.unlink()
    if how == "missing":
        return
    if how == "truncated":
        raw = raw[: len(raw) // 2]
    elif how == "flipped":
        raw[len(raw) * 2 // 3] ^= 1
    elif how == "emptied":
        raw = bytearray()
    file.write_bytes(raw)


def names(index: Path) -> Iterator[tuple[Path, str]]:
    place = max((index / "snapshots").iterdir())
    yield from ((place, file.name) for file in sorted(place.iterdir()))


@pytest.mark.parametrize("how", ["missing", "truncated", "flipped", "emptied"])
def test_damage_to_any_file_is_named_and_mended_by_the_next_build(content: Path, index: Path, how: str) -> None:
    pristine = index.with_name("pristine")
    shutil.copytree(index, pristine)
    for place, name in list(names(pristine)):
        if how != "missing" and not (place / name).stat().st_size:
            continue
        shutil.rmtree(index)
        shutil.copytree(pristine, index)
        damage(index / "snapshots" / place.name, name, how)
        try:
            assert live(index).section_count == 30  # a changed letter of the stamp may leave it readable
            assert (name, how) == ("stamp.json", "flipped")
        except IndexUnavailable as told:
            assert place.name in str(told)
            assert "helpcenter" in str(told)
    report = build(content, index)
    assert report.full
    assert live(index).search("最初").total == 30


@pytest.mark.parametrize(
    ("stamp", "said"),
    [
        ("{", "不完整"),
        ("[]", "不完整"),
        ("null", "不完整"),
        ('{"format": 999}', "只认"),
        (f'{{"format": {FORMAT}, "files": {{}}}}', "打不开"),
        (f'{{"format": {FORMAT}, "id": 5, "files": {{}}, "shape": []}}', "打不开"),
        ("[" * 100_000, ""),
    ],
)
def test_a_foreign_or_newer_stamp_is_refused_and_replaced(content: Path, index: Path, stamp: str, said: str) -> None:
    (place, _), *_ = names(index)
    (place / "stamp.json").write_text(stamp)
    with pytest.raises(IndexUnavailable, match=said or None):
        live(index)
    assert build(content, index).full
    assert live(index).search("最初").total == 30


@pytest.mark.parametrize("pointer", ["", "../../etc", "000001", "000009-abcdefabcdef", "\0", "\xff" * 30])
def test_a_pointer_to_nowhere_is_refused_and_replaced(content: Path, index: Path, pointer: str) -> None:
    (index / "current").write_bytes(pointer.encode("latin-1"))
    with pytest.raises(IndexUnavailable):
        live(index)
    build(content, index)
    assert live(index).search("最初").total == 30


def test_an_open_library_notices_what_is_written_over_and_recovers(content: Path, index: Path) -> None:
    library = Library(index)
    library.snapshot()
    (place, _), *_ = names(index)
    with (place / "folded").open("r+b") as file:
        file.write(b"x")
    wait_for(lambda: refuses(library))
    write_version(content, "后来")
    build(content, index)
    wait_for(lambda: not refuses(library))
    assert library.snapshot().search("后来").total


def refuses(library: Library) -> bool:
    try:
        library.snapshot()
    except IndexUnavailable:
        return True
    return False


def test_an_open_library_outlives_its_folder(content: Path, index: Path) -> None:
    library = Library(index)
    before = library.snapshot().id
    shutil.rmtree(index)
    time.sleep(0.3)
    assert library.snapshot().id == before
    assert library.snapshot().search("最初").total == 30
    build(content, index)
    assert library.snapshot().search("最初").total == 30


def test_a_bad_new_index_leaves_the_open_one_in_service(
    content: Path, index: Path, caplog: pytest.LogCaptureFixture
) -> None:
    library = Library(index)
    before = library.snapshot().id
    bad = index / "snapshots" / "000009-abcdefabcdef"
    bad.mkdir()
    (bad / "stamp.json").write_text(json.dumps({"format": 999}))
    (index / "new").write_text(bad.name + "\n")
    (index / "new").replace(index / "current")
    time.sleep(0.3)
    assert library.snapshot().id == before
    assert "只认" in caplog.text
    assert "网站仍在用" in caplog.text


def test_snapshots_that_nobody_uses_are_let_go(content: Path, index: Path) -> None:
    library = Library(index)
    for version in range(5):
        write_version(content, f"第{version}版", 3)
        build(content, index)
        time.sleep(0.25)
        assert library.snapshot().search(f"第{version}版").total
    gc.collect()
    alive = [thing for thing in gc.get_objects() if isinstance(thing, LocalSnapshot)]
    assert sum(thing.section_count == 3 or thing.article_count == 30 for thing in alive) <= 2
