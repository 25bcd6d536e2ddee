"""Copies: a live snapshot put where others can fetch it, and fetched from there.

In: an index folder, and the place of the copies: a folder, http(s)://… (to read), or any address that fsspec knows.
Out: there `files/<sha256>` and, written last, `manifest.json`; at the other end the same snapshot, live. Why files are
named by their hash: what did not change is not sent again, and an unfinished publish disturbs nobody. The signature
travels as one of the files; the manifest only says which belong together.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol
from urllib.request import urlopen

from index.model import IndexUnavailable
from index.store.signing import digest
from index.store.snapshots import IndexFolder, read_stamp
from index.store.writing import sync

MANIFEST = "manifest.json"
LONGEST = 1 << 20
"""Bytes of a manifest at most; that of 12,700 sections has 4 kB."""
PATIENCE = 10
"""Seconds until a web server that says nothing counts as gone."""
_BLOCK = 1 << 20
_FILE = re.compile(r"[A-Za-z0-9_][\w.-]{0,99}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_IDENTITY = re.compile(r"[0-9a-f]{12}")


class Store(Protocol):
    """Where copies lie. What goes wrong is an OSError, or whatever the client of an object storage raises."""

    def open(self, name: str) -> IO[bytes]: ...
    def names(self, folder: str) -> set[str]: ...
    def put(self, name: str, file: Path) -> None: ...
    def remove(self, name: str) -> None: ...


class FolderStore:
    """A folder, on this machine or mounted."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def open(self, name: str) -> IO[bytes]:
        return (self.path / name).open("rb")

    def names(self, folder: str) -> set[str]:
        place = self.path / folder
        return {entry.name for entry in place.iterdir()} if place.is_dir() else set()

    def put(self, name: str, file: Path) -> None:
        """Whole or not at all, whenever this is interrupted."""
        target = self.path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_name(f".{target.name}.new")
        shutil.copyfile(file, unfinished)
        sync(unfinished)
        unfinished.replace(target)
        sync(target.parent)

    def remove(self, name: str) -> None:
        (self.path / name).unlink(missing_ok=True)


class WebStore:
    """What a web server shows of such a folder."""

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")

    def open(self, name: str) -> IO[bytes]:
        answer: IO[bytes] = urlopen(f"{self.address}/{name}", timeout=PATIENCE)  # noqa: S310 http or https, see `store_at`
        return answer

    def names(self, folder: str) -> set[str]:
        raise OSError("网址只能读取；发布请用文件夹或对象存储")

    def put(self, name: str, file: Path) -> None:
        raise OSError("网址只能读取；发布请用文件夹或对象存储")

    def remove(self, name: str) -> None:
        raise OSError("网址只能读取；发布请用文件夹或对象存储")


class RemoteStore:
    """Object storage and whatever else fsspec knows; there, a file is put whole or not at all."""

    def __init__(self, address: str) -> None:
        try:
            from fsspec.core import url_to_fs
        except ImportError:
            raise IndexUnavailable(f"读写 {address} 需要 fsspec：pip install 'helpcenter[copies]'") from None
        try:
            self.system, self.path = url_to_fs(address)
        except (ValueError, ImportError) as error:
            raise IndexUnavailable(f"不能使用 {address}：{error}") from None

    def open(self, name: str) -> IO[bytes]:
        file: IO[bytes] = self.system.open(f"{self.path}/{name}", "rb")
        return file

    def names(self, folder: str) -> set[str]:
        try:  # `refresh`: a client remembers what it once listed
            found = self.system.ls(f"{self.path}/{folder}", detail=False, refresh=True)
        except FileNotFoundError:
            return set()
        return {path.rpartition("/")[2] for path in found}

    def put(self, name: str, file: Path) -> None:
        self.system.makedirs(f"{self.path}/{name}".rpartition("/")[0], exist_ok=True)
        self.system.put_file(str(file), f"{self.path}/{name}")

    def remove(self, name: str) -> None:
        self.system.rm_file(f"{self.path}/{name}")


def store_at(address: str) -> Store:
    """The store at a path or an address. Raises IndexUnavailable where nothing can read it."""
    if "://" not in address:
        return FolderStore(Path(address).expanduser())
    if address.startswith(("http://", "https://")):
        return WebStore(address)
    return RemoteStore(address)


def publish_copy(index: Path, address: str, key: str = "") -> tuple[str, int]:
    """Put the live snapshot at `address`; returns its name and how many files were sent.

    With a `key` file only a signed one. Files of the copy before stay, for those who are fetching it; older ones go.
    Raises IndexUnavailable.
    """
    folder, store = IndexFolder(index, key), store_at(address)
    with _told(address, "发布"), folder.lock():
        place, _ = folder.checked()
        files = {
            path.name: {"sha256": digest(path), "size": path.stat().st_size}
            for path in sorted(place.iterdir())
            if path.is_file()
        }
        there = store.names("files")
        sent = {str(about["sha256"]): place / name for name, about in files.items() if about["sha256"] not in there}
        for sha256, path in sent.items():
            store.put(f"files/{sha256}", path)
        before = _files_of_last(store, address)
        with folder.building() as scratch:
            (scratch / MANIFEST).write_text(json.dumps({"name": place.name, "files": files}, indent=1), "utf-8")
            store.put(MANIFEST, scratch / MANIFEST)
        for old in there - before - {str(about["sha256"]) for about in files.values()}:
            store.remove(f"files/{old}")
    return place.name, len(sent)


def _files_of_last(store: Store, address: str) -> set[str]:
    try:
        return {sha256 for sha256, _ in read_manifest(store, address)[1].values()}
    except (FileNotFoundError, IndexUnavailable):
        return set()  # the first copy here, or a manifest that nobody can follow anyway


def fetch_copy(address: str, index: Path, keep: int, key: str = "") -> str:
    """Make the snapshot at `address` live in `index`; returns its name there, empty where it was live already.

    Fetches the files that the live snapshot does not have, checks every hash, the format and, with a `key` file, the
    signature, then switches; the last `keep` snapshots stay. Raises IndexUnavailable, with nothing changed.
    """
    folder, store = IndexFolder(index, key), store_at(address)
    with _told(address, "取用"):
        name, files = read_manifest(store, address)
        live = _live_files(folder, files)
        if live.keys() == files.keys():
            return ""
        with folder.lock(), folder.building() as place:
            for file, (sha256, size) in files.items():
                if file in live:
                    shutil.copyfile(live[file], place / file)
                else:
                    _fetch(store, sha256, size, place / file)
                sync(place / file)
                if digest(place / file) != sha256:
                    raise IndexUnavailable(f"{address} 的文件 {file} 与清单不符：没有传完，或被改动过。")
            try:
                read_stamp(place, key=key)
            except IndexUnavailable as error:
                raise IndexUnavailable(f"{address} 的 {name} 不能用：{error}") from None
            return folder.publish(place, name.partition("-")[2], keep)


def read_manifest(store: Store, address: str) -> tuple[str, dict[str, tuple[str, int]]]:
    """The snapshot's name, and hash and size of each file. Raises IndexUnavailable, OSError."""
    with store.open(MANIFEST) as file:
        raw = file.read(LONGEST + 1)
    try:
        manifest: dict[str, Any] = json.loads(raw)
        name = str(manifest["name"])
        files = {file: (str(about["sha256"]), int(about["size"])) for file, about in manifest["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        raise IndexUnavailable(f"{address} 的清单 {MANIFEST} 读不懂；请在那边重新运行 helpcenter publish。") from None
    well = all(_FILE.fullmatch(file) and _SHA256.fullmatch(sha256) for file, (sha256, _) in files.items())
    if not well or not _IDENTITY.fullmatch(name.partition("-")[2]) or "stamp.json" not in files:
        raise IndexUnavailable(f"{address} 的清单 {MANIFEST} 里有不该有的名字；请在那边重新运行 helpcenter publish。")
    return name, files


def _live_files(folder: IndexFolder, files: dict[str, tuple[str, int]]) -> dict[str, Path]:
    """Those of `files` that the live snapshot has, by their contents."""
    try:
        place = folder.live()
    except IndexUnavailable:
        return {}
    same = {}
    for name, (sha256, size) in files.items():
        path = place / name
        if path.is_file() and path.stat().st_size == size and digest(path) == sha256:
            same[name] = path
    return same


def _fetch(store: Store, sha256: str, size: int, target: Path) -> None:
    """No more than `size` bytes, whatever the other end sends."""
    with store.open(f"files/{sha256}") as source, target.open("wb") as file:
        while size > 0 and (block := source.read(min(size, _BLOCK))):
            file.write(block)
            size -= len(block)


@contextmanager
def _told(address: str, what: str) -> Iterator[None]:
    """Turn what the network and disks do into IndexUnavailable: what, where, and that nothing changed."""
    try:
        yield
    except IndexUnavailable:
        raise
    except Exception as error:  # clients of object storage have kinds of their own, a bad manifest its surprises
        raise IndexUnavailable(f"{what} {address} 没有成功：{error}。线上的索引没有动。") from error
