"""Snapshots: the index folder, and what keeps the live snapshot whole whatever happens to a build.

In: an index folder. Out: which snapshot is live, a place to build the next one, the switch, rollback. The folder
holds

    current              one line: the name of the live snapshot; replaced atomically, nothing else ever changes
    lock                 held (flock) by the one build that may run
    snapshots/000042-…/  one immutable snapshot each: its files and `stamp.json`
    snapshots/.building  the snapshot being made; removed by the next build if this one dies

Why numbers and not times in the names: clocks are set back. Why checksums in the stamp: a truncated or bit-flipped
snapshot must be detected before it is served. Why flock: the kernel drops it with the process, so a killed build blocks
nobody.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from index.model import IndexUnavailable
from index.store.signing import check_signature, load_key
from index.store.writing import checksum, sync

log = logging.getLogger(__name__)

FORMAT = 10
"""Raised with any change of the files' layout; a snapshot of another format is never opened."""

_NAME = re.compile(r"\d{6,12}-[0-9a-f]{12}")
_BUILDING = ".building"
T = TypeVar("T")
Checked = tuple[Path, dict[str, Any]]
"""A snapshot's folder, and its stamp, which fits every file there."""


class IndexFolder:
    """The folder of `--index`; with a `key` file, only snapshots signed with it count."""

    def __init__(self, path: Path, key: str = "") -> None:
        self.path = path
        self.key = key
        self._snapshots = path / "snapshots"
        self._pointer = path / "current"

    def names(self) -> list[str]:
        """The names of all finished snapshots, oldest first."""
        if not self._snapshots.is_dir():
            return []
        return sorted((entry.name for entry in self._snapshots.iterdir() if _NAME.fullmatch(entry.name)), key=_number)

    def version(self) -> tuple[int, int]:
        """What changes with every switch: the pointer file's inode and time of change. (0, 0): no index."""
        try:
            status = self._pointer.stat()
        except OSError:
            return (0, 0)
        return (status.st_ino, status.st_mtime_ns)

    def live(self) -> Path:
        """Return the folder of the live snapshot. Raises IndexUnavailable where there is none."""
        try:
            name = self._pointed()
        except FileNotFoundError:
            raise IndexUnavailable(
                f"{self.path} 里还没有索引。请运行 helpcenter index 建立；跟随别的机器时，日志里说为何没有取到。"
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            raise IndexUnavailable(
                f"读不了 {self._pointer}：{error}。请检查权限，或重新运行 helpcenter index。"
            ) from None
        if not _NAME.fullmatch(name):
            raise IndexUnavailable(
                f"{self._pointer} 的内容不是快照名。请运行 helpcenter rollback 或 helpcenter index。"
            )
        return self._snapshots / name

    def checked(self) -> Checked:
        """Return the live snapshot, every file checked. Raises IndexUnavailable as `live` and `read_stamp` do."""
        place = self.live()
        return place, read_stamp(place, key=self.key)

    def _pointed(self) -> str:
        return self._pointer.read_text("ascii").strip()

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the build lock, and remove what a dead build left; a second build waits for the first.

        Raises IndexUnavailable on a read-only folder.
        """
        try:
            self._snapshots.mkdir(parents=True, exist_ok=True)
            handle = (self.path / "lock").open("a")
        except OSError as error:
            raise IndexUnavailable(
                f"写不了索引文件夹 {self.path}：{error.strerror}。请检查权限，或用 --index 另选文件夹。"
            ) from None
        with handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                log.warning("另一个更新正在写 %s，等它结束……", self.path)
                fcntl.flock(handle, fcntl.LOCK_EX)
            shutil.rmtree(self._snapshots / _BUILDING, ignore_errors=True)
            yield

    @contextmanager
    def building(self) -> Iterator[Path]:
        """Yield an empty folder to build in; gone again if the build fails."""
        place = self._snapshots / _BUILDING
        place.mkdir()
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def publish(self, place: Path, identity: str, keep: int) -> str:
        """Give the verified snapshot in `place`, whose files are synced, a name, make it live, drop all but the last
        `keep`."""
        sync(place)
        name = f"{max(map(_number, self.names()), default=0) + 1:06d}-{identity}"
        finished = self._snapshots / name
        place.rename(finished)
        try:
            sync(self._snapshots)
            self.switch(name)
        except OSError:
            if not self._pointer.exists() or self._pointed() != name:
                shutil.rmtree(finished, ignore_errors=True)
            raise
        self.drop(keep)
        return name

    def drop(self, keep: int) -> None:
        """Remove all snapshots but the newest `keep`, at least one, and the live one; none while no one is live."""
        try:
            live = self.live().name
        except IndexUnavailable:
            return
        for old in self.names()[: -max(keep, 1)]:
            if old != live:
                shutil.rmtree(self._snapshots / old, ignore_errors=True)

    def switch(self, name: str) -> None:
        """Make the snapshot `name` live, atomically."""
        temporary = self._pointer.with_name("current.new")
        temporary.write_text(name + "\n", "ascii")
        sync(temporary)
        temporary.replace(self._pointer)
        sync(self.path)

    def rollback(self, ready: Callable[[Path, dict[str, Any]], None] = lambda place, stamp: None) -> str:
        """Make the newest whole snapshot before the live one live; returns its name. Raises IndexUnavailable.

        `ready` is called with it and its stamp before.
        """
        with self.lock():
            names = self.names()
            try:
                before = _number(self.live().name)
            except IndexUnavailable:
                before = sys.maxsize
            for name in reversed([name for name in names if _number(name) < before]):
                try:
                    stamp = read_stamp(self._snapshots / name, key=self.key)
                except IndexUnavailable:
                    continue
                ready(self._snapshots / name, stamp)
                self.switch(name)
                return name
        raise IndexUnavailable(f"{self.path} 里没有更早的完好快照可以退回。")


def _number(name: str) -> int:
    return int(name.partition("-")[0])


def file_states(place: Path) -> dict[int, tuple[int, int]]:
    """Size and time of change of each file in `place`, by inode; empty where the folder is gone. 60 µs."""
    try:
        found = [entry.stat() for entry in os.scandir(place)]
    except OSError:
        return {}
    return {status.st_ino: (status.st_size, status.st_mtime_ns) for status in found}


def _each(work: Callable[[Path], T], paths: Iterable[Path]) -> list[T]:
    """Call a function for each file, two at a time: checksums and disk waits release the interpreter lock."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(work, paths))


def write_stamp(place: Path, stamp: dict[str, Any], checksums: dict[str, list[int]]) -> None:
    """Write `stamp.json`: `stamp` plus the format and the `checksums` of every file in `place`."""
    text = json.dumps({"format": FORMAT, **stamp, "files": dict(sorted(checksums.items()))}, ensure_ascii=False)
    (place / "stamp.json").write_text(text, "utf-8")
    sync(place / "stamp.json")


def read_stamp(place: Path, verify: bool = True, key: str = "") -> dict[str, Any]:
    """Return the stamp of the snapshot in `place`; with `verify`, check every file (1 GB/s), with a `key` file its
    signature too.

    Raises IndexUnavailable naming what is missing, damaged, or of another version.
    """
    way_out = "请运行 helpcenter index --full 重建，或 helpcenter rollback 退回上一个。"
    try:
        if key:
            check_signature(place, load_key(key))
        stamp: dict[str, Any] = json.loads((place / "stamp.json").read_text("utf-8"))
        if stamp["format"] != FORMAT:
            raise IndexUnavailable(
                f"快照 {place.name} 的格式是 {stamp['format']}，本程序只认 {FORMAT}。"
                "请用这个版本的 helpcenter index 重建。"
            )
        if verify:
            if outside := [name for name in stamp["files"] if Path(name).name != name]:
                raise ValueError(f"{outside[0]} 不在它里面")
            checksums = _each(checksum, [place / name for name in stamp["files"]])
            for (name, expected), found in zip(stamp["files"].items(), checksums, strict=True):
                if found != expected:
                    raise IndexUnavailable(f"快照 {place.name} 的文件 {name} 已损坏。{way_out}")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise IndexUnavailable(f"快照 {place.name} 不完整（{error}）。{way_out}") from None
    return stamp
