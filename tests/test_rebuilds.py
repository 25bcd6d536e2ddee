"""Rebuilds under attack: whatever happens to a build, the live index stays whole, and the message says what happened.

In: builds that are killed, starved, crowded or lied to. Out: the same live snapshot as before, a next build that
succeeds, a clean folder. Kills are made by `stress/kills.py`, here with small numbers, in `make stress` with large.
"""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
import subprocess
import sys
import threading
import time
import weakref
from pathlib import Path
from typing import Any

import pytest
from support import wait_for, write_version

from index import ContentFaults, IndexUnavailable, Library, Snapshot, build

STRESS = Path(__file__).parent / "stress"
UNTOUCHED = "线上的索引没有动"


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A few articles of the first version."""
    write_version(tmp_path / "content", "最初")
    return tmp_path / "content"


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
    write_version(content, "很多", articles=400)
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
    write_version(content, "后来")
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
        write_version(content, "后来")
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
    write_version(content, "后来", 60)
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
    write_version(content, "后来")
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
    write_version(content, "后来")
    build(content, index)
    wait_for(lambda: library.snapshot().id != before)
    assert library.snapshot().search("后来").total


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
