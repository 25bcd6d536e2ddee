"""Rebuilds under attack: whatever happens to a build, the live index stays whole, and the message says what happened.

In: builds that are killed, starved, crowded or lied to. Out: the same live snapshot as before, a next build that
succeeds, a swept folder. Kills are made by `stress/kills.py`, here with small numbers, in `make stress` with large.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from index import ContentFaults, IndexUnavailable, Library, Snapshot, build, rollback
from index.search.opening import LocalSnapshot
from index.store.snapshots import FORMAT

STRESS = Path(__file__).parent / "stress"
UNTOUCHED = "线上的索引没有动"


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A few articles of the first version."""
    folder = tmp_path / "content"
    write(folder, "最初")
    return folder


@pytest.fixture
def index(tmp_path: Path, content: Path) -> Path:
    """Their index."""
    build(content, tmp_path / "index")
    return tmp_path / "index"


def write(content: Path, version: str, articles: int = 30) -> None:
    """More articles than a build prepares in one process."""
    content.mkdir(exist_ok=True)
    for number in range(articles):
        (content / f"a{number}.md").write_text(f"# 文章{number}\n\n" + f"{version}的内容，激活码。\n" * 3, "utf-8")


def live(index: Path) -> Snapshot:
    """Opened anew, every checksum checked."""
    return Library(index).snapshot()


def tidy(index: Path) -> bool:
    snapshots = list((index / "snapshots").iterdir())
    return {entry.name for entry in index.iterdir()} == {"current", "lock", "snapshots"} and all(
        (place / "stamp.json").is_file() for place in snapshots
    )


def limited(limit: str, value: int, content: Path, index: Path) -> subprocess.CompletedProcess[str]:
    """`helpcenter index --full` in a process that may not have more of something."""
    code = (
        f"import resource, sys; resource.setrlimit(resource.{limit}, ({value}, {value}));"
        "from helpcenter.cli import run; run(sys.argv[1:])"
    )
    arguments = ["index", "--full", "--content", str(content), "--index", str(index)]
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, encoding="utf-8", timeout=120, check=False
    )


@pytest.mark.parametrize(
    ("steps", "instants"), [(6, 1), pytest.param(400, 200, marks=pytest.mark.stress)], ids=["short", "long"]
)
def test_a_killed_build_leaves_the_live_index_whole_and_the_next_succeeds(steps: int, instants: int) -> None:
    attack = subprocess.run(
        [sys.executable, STRESS / "kills.py", str(steps), str(instants)],
        capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert attack.returncode == 0, attack.stderr
    print(attack.stdout)


def test_a_build_makes_way_for_readers(content: Path, tmp_path: Path, program: Path) -> None:
    write(content, "很多", articles=400)
    command = [program, "index", "--quiet", "--content", content, "--index", tmp_path / "index"]
    seen = set()
    with subprocess.Popen(command) as building:
        while building.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                seen.add(os.getpriority(os.PRIO_PROCESS, building.pid))
            time.sleep(0.01)
    assert building.returncode == 0
    assert max(seen) == min(os.getpriority(os.PRIO_PROCESS, 0) + 10, 19)


@pytest.mark.parametrize("size", [300, 20_000, 400_000])
def test_a_full_disk_changes_nothing_and_is_told(content: Path, index: Path, size: int) -> None:
    before = live(index).id
    write(content, "后来")
    ended = limited("RLIMIT_FSIZE", size, content, index)
    assert ended.returncode == 1
    assert UNTOUCHED in ended.stderr
    assert "Traceback" not in ended.stderr
    assert live(index).id == before
    assert tidy(index)
    build(content, index)
    assert live(index).search("后来").total


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may mount")
@pytest.mark.parametrize("size", [100, 500])
def test_a_disk_that_fills_up_changes_nothing(content: Path, tmp_path: Path, size: int) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")
    try:
        with pytest.raises(IndexUnavailable, match="磁盘已满"):
            build(content, disk / "index")
        assert tidy(disk / "index") or not (disk / "index" / "current").exists()
        assert not list((disk / "index" / "snapshots").iterdir())
        subprocess.run(["mount", "-o", "remount,size=50m", disk], check=True)
        build(content, disk / "index")
        before = live(disk / "index").id
        write(content, "后来")
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        with pytest.raises(IndexUnavailable, match="写不了索引文件夹"):
            build(content, disk / "index")
        assert live(disk / "index").id == before
    finally:
        gc.collect()
        subprocess.run(["umount", "-l", disk], check=True)


@pytest.mark.parametrize("megabytes", [400])
def test_a_build_without_memory_changes_nothing_and_is_told(content: Path, index: Path, megabytes: int) -> None:
    before = live(index).id
    write(content, "后来", 60)
    (content / "long.md").write_text("# 长文\n\n" + "很长的一篇文章，什么都有。" * 4_000, "utf-8")
    ended = limited("RLIMIT_AS", megabytes << 20, content, index)
    if ended.returncode:
        assert live(index).id == before
        assert tidy(index)
        assert "Traceback" not in ended.stderr, ended.stderr
    build(content, index)
    assert live(index).search("后来").total


def test_a_place_that_cannot_be_written_is_named(content: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    for place in (tmp_path / "file", tmp_path / "file" / "index", Path("/proc/helpcenter")):
        with pytest.raises(IndexUnavailable, match="写不了索引文件夹"):
            build(content, place)


def test_two_builds_at_once_both_succeed(content: Path, index: Path, program: Path) -> None:
    write(content, "后来")
    command = [program, "index", "--full", "--content", content, "--index", index]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    told = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    assert any("另一个更新正在写" in errors for _, errors in told)
    assert live(index).search("后来").total
    assert tidy(index)


def test_a_clock_set_back_confuses_nothing(content: Path, index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library(index)
    before = library.snapshot().id
    future = time.time() + 10**8
    for path in (index / "current", *(index / "snapshots").iterdir(), *content.iterdir()):
        os.utime(path, (future, future))
    monkeypatch.setattr(time, "time", lambda: 1.0)
    write(content, "后来")
    build(content, index)
    assert eventually(lambda: library.snapshot().id != before)
    assert library.snapshot().search("后来").total


def eventually(check: object, seconds: float = 15) -> bool:
    assert callable(check)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if check():
            return True
        time.sleep(0.05)
    return False


def test_content_that_changes_under_the_build_harms_nothing(content: Path, index: Path) -> None:
    stop = threading.Event()

    def meddle() -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            folder = content / f"new{turn % 7}"
            folder.mkdir(exist_ok=True)
            for number in range(5):
                (folder / f"b{number}.md").write_text(f"# 新{turn}\n\n内容{turn}。\n", "utf-8")
            (content / f"a{turn % 30}.md").unlink(missing_ok=True)
            (content / f"a{turn % 30}.md").write_text(f"# 又是文章\n\n{turn}\n", "utf-8")
            shutil.rmtree(content / f"new{(turn + 3) % 7}", ignore_errors=True)

    meddling = threading.Thread(target=meddle)
    meddling.start()
    try:
        for _ in range(6):
            with contextlib.suppress(ContentFaults):  # a file that is half written has no title yet
                build(content, index)
            assert live(index).article_count > 0
    finally:
        stop.set()
        meddling.join()
    build(content, index)
    assert live(index).article_count == len(list(content.rglob("*.md")))


def test_a_replaced_index_leaves_the_memory_without_the_collector(content: Path, index: Path) -> None:
    build(content, index)
    library = Library(index)
    gc.collect()
    gc.disable()
    try:
        snapshot = library.snapshot()
        for query in ("甲", "es", "esmi"):
            snapshot.search(query)
        snapshot.page(snapshot.cards()[0].id)
        maps = [weakref.ref(snapshot._scorer.postings), weakref.ref(snapshot._scorer.postings.terms)]
        del snapshot, library
        assert [found() for found in maps] == [None, None]
    finally:
        gc.enable()


def test_an_unreadable_article_is_a_fault_with_its_name(
    content: Path, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = live(index).id
    opened = Path.open

    def refuse(path: Path, *arguments: Any, **options: Any) -> Any:
        if path.name == "a3.md":
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ContentFaults) as faults:
        build(content, index)
    assert str(faults.value.problems[0]).startswith("a3.md:1: 读不了这个文件：没有权限")
    assert live(index).id == before


def test_links_that_go_round_in_circles_end_nothing(content: Path, index: Path) -> None:
    (content / "round.md").symlink_to("round.md")
    (content / "folder").symlink_to(content)
    (content / "away.md").symlink_to("/etc/hostname")
    (content / "gone.md").symlink_to(content / "nowhere.md")
    report = build(content, index)
    assert report.articles == 30


def test_only_the_last_snapshots_are_kept_and_rollback_goes_back_one(content: Path, index: Path) -> None:
    ids = [live(index).id]
    for version in ("二", "三", "四", "五"):
        write(content, version)
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
        write(content, version)
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
    assert eventually(lambda: refuses(library))
    write(content, "后来")
    build(content, index)
    assert eventually(lambda: not refuses(library))
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
        write(content, f"第{version}版", 3)
        build(content, index)
        time.sleep(0.25)
        assert library.snapshot().search(f"第{version}版").total
    gc.collect()
    alive = [thing for thing in gc.get_objects() if isinstance(thing, LocalSnapshot)]
    assert sum(thing.section_count == 3 or thing.article_count == 30 for thing in alive) <= 2
