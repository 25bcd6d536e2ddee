"""Copies: a live snapshot put where others can fetch it, and fetched from there.

In: an index folder, and the place of the copies: a folder, http(s)://… (to read), or any address that fsspec knows.
Out: there `files/<sha256>` and, written last, `manifest.json`; at the other end the same snapshot, live. Why files are
named by their hash: what did not change is not sent again, and an unfinished publish disturbs nobody. The signature
travels as one of the files; the manifest only says which belong together. Nothing that a store says is believed before
it was checked, and a copy goes live only when it could be opened here.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from index.model import IndexUnavailable
from index.store.places import Store, shown, store_at
from index.store.signing import digest
from index.store.snapshots import IndexFolder, read_stamp
from index.store.writing import sync, why

MANIFEST = "manifest.json"
LONGEST = 1 << 20
"""Bytes of a manifest at most; that of 12,700 sections has 4 kB."""
_BLOCK = 1 << 20
_FILE = re.compile(r"[A-Za-z0-9_][\w.-]{0,99}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_OURS = re.compile(r"[0-9a-f]{64}|\.[0-9a-f]{64}\.new")
"""What a publish leaves in `files/`, the second where it was killed."""
_IDENTITY = re.compile(r"[0-9a-f]{12}")


def publish_copy(index: Path, address: str, key: str = "", full: bool = False) -> tuple[str, int]:
    """Put the live snapshot at `address`; returns its name and how many files were sent.

    With a `key` file only a signed one; with `full` all files, also those that lie there with the right size. Files of
    the copy before stay, for those who are fetching it; older ones go, and nothing that no publish put there. Raises
    IndexUnavailable.
    """
    folder = IndexFolder(index, key)
    with _told(address, "发布"), folder.lock():
        store = store_at(address)
        place, _ = folder.checked()
        files = {
            path.name: {"sha256": digest(path), "size": path.stat().st_size}
            for path in sorted(place.iterdir())
            if path.is_file()
        }
        there = {} if full else store.sizes("files")
        sent = {
            str(about["sha256"]): place / name
            for name, about in files.items()
            if there.get(str(about["sha256"])) != about["size"]
        }
        for sha256, path in sent.items():
            store.put(f"files/{sha256}", path)
        before = _files_of_last(store, address)
        with folder.building() as scratch:
            (scratch / MANIFEST).write_text(json.dumps({"name": place.name, "files": files}, indent=1), "utf-8")
            store.put(MANIFEST, scratch / MANIFEST)
        kept = before | {str(about["sha256"]) for about in files.values()}
        for old in filter(_OURS.fullmatch, there.keys() - kept):
            store.remove(f"files/{old}")
    return place.name, len(sent)


def _files_of_last(store: Store, address: str) -> set[str]:
    try:
        return {sha256 for sha256, _ in read_manifest(store, address)[1].values()}
    except (FileNotFoundError, IndexUnavailable):
        return set()  # the first copy here, or a manifest that nobody can follow anyway


def fetch_copy(address: str, index: Path, keep: int, opened: Callable[[Path], object], key: str = "") -> str:
    """Make the snapshot at `address` live in `index`; returns its name there, empty where it was live already.

    Fetches the files that the live snapshot does not have, checks every hash, the format and, with a `key` file, the
    signature, lets it be `opened`, then switches; the last `keep` snapshots stay. Raises IndexUnavailable, with nothing
    changed.
    """
    folder = IndexFolder(index, key)
    with _told(address, "取用"):
        store = store_at(address)
        name, files = read_manifest(store, address)
        live = _live_files(folder, files)
        if live.keys() == files.keys():
            return ""
        with folder.lock(), folder.building() as place:
            needed, free = sum(size for _, size in files.values()), shutil.disk_usage(place).free
            if needed > free:
                raise IndexUnavailable(
                    f"{index} 所在的磁盘放不下 {shown(address)} 的 {name}：要 {needed >> 20} MB，只剩 {free >> 20} MB。"
                    "请腾出空间，或把 HELPCENTER_KEEP_SNAPSHOTS 设小。"
                )
            for file, (sha256, size) in files.items():
                if file in live:
                    shutil.copyfile(live[file], place / file)
                else:
                    _fetch(store, sha256, size, place / file)
                sync(place / file)
                if digest(place / file) != sha256:
                    raise IndexUnavailable(
                        f"{shown(address)} 的文件 {file} 与清单不符：没有传完，或被改动过。"
                        "请在那边运行 helpcenter publish --full 重新发布。"
                    )
            try:
                identity = name.partition("-")[2]
                if read_stamp(place, key=key)["id"][:12] != identity:
                    raise IndexUnavailable("它自己的名字不是这个。请在那边重新运行 helpcenter publish。")
                opened(place)
            except IndexUnavailable as error:
                raise IndexUnavailable(f"{shown(address)} 的 {name} 不能用：{error}") from None
            except Exception as error:  # whatever files of another version make numpy or Whoosh raise
                raise IndexUnavailable(
                    f"{shown(address)} 的 {name} 在这里打不开（{type(error).__name__}: {error}）。"
                    "请用同一个版本的 helpcenter 建索引和运行网站。"
                ) from None
            return folder.publish(place, identity, keep)


def read_manifest(store: Store, address: str) -> tuple[str, dict[str, tuple[str, int]]]:
    """The snapshot's name, and hash and size of each file. Raises IndexUnavailable, OSError."""
    try:
        with store.open(MANIFEST) as file:
            raw = file.read(LONGEST + 1)
    except OSError as error:
        if not isinstance(error, FileNotFoundError) and getattr(error, "code", 0) != 404:
            raise
        raise FileNotFoundError(f"那里没有 {MANIFEST}，地址不对，或还没有用 helpcenter publish 发布过") from error
    try:
        manifest: dict[str, Any] = json.loads(raw)
        name = str(manifest["name"])
        files = {file: (str(about["sha256"]), int(about["size"])) for file, about in manifest["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        raise IndexUnavailable(
            f"{shown(address)} 的清单 {MANIFEST} 读不懂；请在那边重新运行 helpcenter publish。"
        ) from None
    well = all(
        _FILE.fullmatch(file) and _SHA256.fullmatch(sha256) and size >= 0 for file, (sha256, size) in files.items()
    )
    if not well or not _IDENTITY.fullmatch(name.partition("-")[2]) or "stamp.json" not in files:
        raise IndexUnavailable(
            f"{shown(address)} 的清单 {MANIFEST} 里有不该有的名字或大小；请在那边重新运行 helpcenter publish。"
        )
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
        reason = f"{error}" if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
        reason = "，".join(filter(None, (why(error), reason)))
        for secret in re.findall(r"//([^/]*)@", address):
            reason = reason.replace(f"{secret}@", "").replace(secret.partition(":")[2] or secret, "…")
        raise IndexUnavailable(f"{what} {shown(address)} 没有成功：{reason}。线上的索引没有动。") from error
