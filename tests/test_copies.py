"""Copies: an index published to a folder, a web server, object storage, and front ends that follow it.

In: small indexes on disk, a real web server, a real front end. Out: each new copy live, and nothing else ever.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

import pytest
from support import Serve

from index import IndexUnavailable, Library, build, fetch_copy, new_key, publish_copy
from index.store import places
from index.store.snapshots import IndexFolder


def change(content: Path, title: str) -> None:
    (content / "a.md").write_text(f"# {title}\n\n打开设置。\n", "utf-8")


def published(content: Path, tmp_path: Path, title: str = "激活", key: str = "") -> str:
    """The folder of the copies, after a build and a publish."""
    change(content, title)
    build(content, tmp_path / "builder", key=key)
    publish_copy(tmp_path / "builder", str(tmp_path / "store"), key)
    return str(tmp_path / "store")


def found(index: Path, query: str) -> int:
    return Library(index).snapshot().search(f'"{query}"').total


class Quiet(SimpleHTTPRequestHandler):
    asked: list[str] = []  # noqa: RUF012

    def log_message(self, *arguments: object) -> None:
        self.asked.append(self.path)


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "store").mkdir()
    Quiet.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(tmp_path / "store"))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_folder_is_followed_and_the_last_copies_stay(content: Path, tmp_path: Path) -> None:
    front = tmp_path / "front"
    for title in ("激活", "漫游", "丢失", "补卡"):
        store = published(content, tmp_path, title)
        assert fetch_copy(store, front, keep=2)
        assert found(front, title) == 1
        assert fetch_copy(store, front, keep=2) == "", "nothing new"
    assert len(IndexFolder(front).names()) == 2


def test_only_what_changed_is_sent_and_fetched(content: Path, tmp_path: Path, web: str) -> None:
    front = tmp_path / "front"
    published(content, tmp_path)
    fetch_copy(web, front, keep=3)
    whole = len(Quiet.asked)
    Quiet.asked.clear()
    published(content, tmp_path, "漫游")
    fetch_copy(web, front, keep=3)
    assert 1 < len(Quiet.asked) < whole
    assert found(front, "漫游") == 1
    Quiet.asked.clear()
    assert fetch_copy(web, front, keep=3) == ""
    assert Quiet.asked == ["/manifest.json"], "one small file while nothing is new"
    assert publish_copy(tmp_path / "builder", str(tmp_path / "store"))[1] == 0
    with pytest.raises(IndexUnavailable, match="只能读取"):
        publish_copy(tmp_path / "builder", web)


def test_object_storage_through_fsspec(content: Path, tmp_path: Path) -> None:
    pytest.importorskip("fsspec")
    front, bucket = tmp_path / "front", "memory://bucket/help"
    for title in ("激活", "漫游", "丢失"):
        change(content, title)
        build(content, tmp_path / "builder")
        publish_copy(tmp_path / "builder", bucket)
        assert fetch_copy(bucket, front, keep=2)
        assert found(front, title) == 1
    with pytest.raises(IndexUnavailable, match="nosuch"):
        fetch_copy("nosuch://bucket", front, keep=2)


@pytest.mark.parametrize(
    "wrong", ["gone", "half", "altered", "longer", "leads out", "no manifest", "foreign format", "deep", "endless"]
)
def test_whatever_is_wrong_with_a_copy_the_old_index_stays(content: Path, tmp_path: Path, wrong: str) -> None:
    front = tmp_path / "front"
    store = Path(published(content, tmp_path))
    fetch_copy(str(store), front, keep=3)
    name = IndexFolder(front).live().name
    published(content, tmp_path, "漫游")
    manifest = json.loads((store / "manifest.json").read_text())
    folded = store / "files" / manifest["files"]["folded"]["sha256"]
    if wrong == "gone":
        shutil.rmtree(store)
    elif wrong == "half":
        folded.unlink()
    elif wrong == "altered":
        folded.write_bytes(folded.read_bytes()[::-1])
    elif wrong == "longer":
        manifest["files"]["folded"]["size"] += 9
        folded.write_bytes(folded.read_bytes() + b"x" * 1000)
    elif wrong == "leads out":
        manifest["files"]["../../evil"] = manifest["files"].pop("folded")
    elif wrong == "foreign format":
        manifest["files"]["stamp.json"] = manifest["files"]["folded"]
    if store.exists():
        texts = {
            "no manifest": "",
            "deep": "[" * 500_000,
            "endless": json.dumps(manifest).replace('"size": ', '"size": 1e999'),
        }
        (store / "manifest.json").write_text(texts.get(wrong, json.dumps(manifest)))
    with pytest.raises(IndexUnavailable, match="store"):
        fetch_copy(str(store), front, keep=3)
    assert IndexFolder(front).names() == [name] and found(front, "激活") == 1
    assert not (front / "snapshots" / ".building").exists() and not (tmp_path / "evil").exists()
    published(content, tmp_path, "丢失")
    if wrong in ("gone", "no manifest"):
        assert fetch_copy(str(store), front, keep=3)


def test_a_publish_that_was_interrupted_is_no_copy(
    content: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, front = published(content, tmp_path), tmp_path / "front"
    put, left = places.FolderStore.put, [2]

    def fail(self: places.FolderStore, name: str, file: Path) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError("disk full")
        put(self, name, file)

    with monkeypatch.context() as patch:
        patch.setattr(places.FolderStore, "put", fail)
        with pytest.raises(IndexUnavailable, match="disk full"):
            published(content, tmp_path, "漫游")
    fetch_copy(store, front, keep=3)
    assert found(front, "激活") == 1
    publish_copy(tmp_path / "builder", store)
    fetch_copy(store, front, keep=3)
    assert found(front, "漫游") == 1


def test_with_a_key_only_signed_copies_are_taken(content: Path, tmp_path: Path) -> None:
    new_key(tmp_path / "key")
    key, front = str(tmp_path / "key"), tmp_path / "front"
    fetch_copy(published(content, tmp_path, key=key), front, 3, key)
    change(content, "漫游")
    build(content, tmp_path / "other")
    publish_copy(tmp_path / "other", str(tmp_path / "store"))
    with pytest.raises(IndexUnavailable, match="没有签名"):
        fetch_copy(str(tmp_path / "store"), front, 3, key)
    with pytest.raises(IndexUnavailable, match="没有签名"):
        publish_copy(tmp_path / "other", str(tmp_path / "store"), key)
    assert Library(front, key).snapshot().search("激活").total == 1


def test_killed_in_the_middle_the_old_one_is_live(content: Path, tmp_path: Path, program: Path) -> None:
    front = tmp_path / "front"
    store = Path(published(content, tmp_path))
    fetch_copy(str(store), front, keep=3)
    published(content, tmp_path, "漫游")
    sha256 = json.loads((store / "manifest.json").read_text())["files"]["stamp.json"]["sha256"]
    (store / "files" / sha256).unlink()
    os.mkfifo(store / "files" / sha256)  # a file that never comes
    following = subprocess.Popen([program, "follow", str(store), "--index", str(front)])
    until = time.monotonic() + 30
    while not list(front.glob("snapshots/.building/*")) and time.monotonic() < until:
        time.sleep(0.05)
    assert list(front.glob("snapshots/.building/*"))
    following.send_signal(signal.SIGKILL)
    following.wait()
    assert found(front, "激活") == 1
    publish_copy(tmp_path / "builder", str(tmp_path / "again"))
    assert fetch_copy(str(tmp_path / "again"), front, keep=3)
    assert found(front, "漫游") == 1 and not (front / "snapshots" / ".building").exists()


def test_a_server_follows_and_serves_on_when_the_store_is_gone(
    content: Path, tmp_path: Path, web: str, serve: Serve
) -> None:
    published(content, tmp_path)
    with serve(tmp_path / "front", "--follow", web, "--every", "0.1", "--workers", "1") as site:

        def total(query: str) -> int:
            with urlopen(f"{site.address}/api/v1/search?q={quote(query)}") as answer:
                return int(json.load(answer)["total"])

        assert total("激活") == 1, "fetched before it listened"
        published(content, tmp_path, "漫游")
        until = time.monotonic() + 30
        while total("漫游") == 0 and time.monotonic() < until:
            time.sleep(0.1)
        assert total("漫游") == 1
        shutil.rmtree(tmp_path / "store")
        while "没有成功" not in site.log.read_text() and time.monotonic() < until:
            time.sleep(0.1)
        assert "没有成功" in site.log.read_text() and total("漫游") == 1
