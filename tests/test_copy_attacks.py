"""Stores that lie, hang or were damaged: a front end takes nothing from them that it cannot serve, and serves on.

In: published copies, altered as whoever can write to the store could; web servers that redirect. Out: the old index
live, and a message that names the way out and no password.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import signal
import subprocess
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from support import Serve, wait_for

from helpcenter.serving import following
from helpcenter.settings import Settings
from index import IndexUnavailable, Library, build, fetch_copy, publish_copy
from index.store.snapshots import IndexFolder


@pytest.fixture
def publish(content: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Builds and publishes an article of that title; where to."""

    def published(title: str) -> Path:
        (content / "a.md").write_text(f"# {title}\n\n打开设置。\n", "utf-8")
        build(content, tmp_path / "builder")
        publish_copy(tmp_path / "builder", str(tmp_path / "store"))
        return tmp_path / "store"

    return published


class Forged:
    """A published copy that can be changed, with all of its checksums made right."""

    def __init__(self, store: Path) -> None:
        self.store = store
        self.manifest: dict[str, Any] = json.loads((store / "manifest.json").read_text())
        self.stamp = json.loads(self.path("stamp.json").read_text())

    def path(self, file: str) -> Path:
        return self.store / "files" / self.manifest["files"][file]["sha256"]

    def put(self, file: str, raw: bytes) -> None:
        if file != "stamp.json":
            self.stamp["files"][file] = [len(raw), zlib.crc32(raw)]
        sha256 = hashlib.sha256(raw).hexdigest()
        (self.store / "files" / sha256).write_bytes(raw)
        self.manifest["files"][file] = {"sha256": sha256, "size": len(raw)}

    def save(self) -> None:
        self.put("stamp.json", json.dumps(self.stamp).encode())
        (self.store / "manifest.json").write_text(json.dumps(self.manifest))


def test_a_publish_removes_nothing_but_its_own(publish: Callable[[str], Path]) -> None:
    store = publish("激活")
    strange, left = store / "files" / "holiday.jpg", store / "files" / f".{'0' * 64}.new"
    strange.write_bytes(b"not ours")
    left.write_bytes(b"of a publish that was killed")
    publish("漫游")
    assert strange.exists() and not left.exists()


def test_a_damaged_store_is_mended_by_publishing_again(
    publish: Callable[[str], Path], tmp_path: Path, program: Path
) -> None:
    store, front = publish("激活"), tmp_path / "front"
    folded = Forged(store).path("folded")
    whole = folded.read_bytes()
    folded.write_bytes(whole[:-1])
    with pytest.raises(IndexUnavailable, match="publish --full"):
        fetch_copy(str(store), front, 3)
    command = [program, "publish", "--to", store, "--index", tmp_path / "builder"]
    subprocess.run(command, check=True)
    assert folded.read_bytes() == whole, "a file of another length is sent again"
    folded.write_bytes(whole[::-1])
    subprocess.run([*command, "--full"], check=True)
    assert fetch_copy(str(store), front, 3)


def outside(copy: Forged) -> None:
    copy.stamp["files"]["/etc/passwd"] = [1, 1]


def cannot_be_opened(copy: Forged) -> None:
    copy.put("sections.npy", b"of another version")


def huge(copy: Forged) -> None:
    copy.manifest["files"]["folded"]["size"] = 1 << 60


def negative(copy: Forged) -> None:
    copy.manifest["files"]["folded"]["size"] = -1


def renamed(copy: Forged) -> None:
    copy.manifest["name"] = "000009-" + "0" * 12


@pytest.mark.parametrize(
    ("lie", "told"),
    [
        (outside, "/etc/passwd"),
        (cannot_be_opened, "同一个版本"),
        (huge, "放不下"),
        (negative, "大小"),
        (renamed, "名字"),
    ],
)
def test_a_store_that_lies_is_not_believed(
    publish: Callable[[str], Path], tmp_path: Path, lie: Callable[[Forged], None], told: str
) -> None:
    front = tmp_path / "front"
    fetch_copy(str(publish("激活")), front, 3)
    copy = Forged(publish("漫游"))
    lie(copy)
    copy.save()
    with pytest.raises(IndexUnavailable, match=told):
        fetch_copy(str(copy.store), front, 3)
    assert len(IndexFolder(front).names()) == 1
    assert Library(front).snapshot().search("激活").total == 1


def test_what_cannot_be_reached_at_all_is_told_in_words(tmp_path: Path) -> None:
    pytest.importorskip("fsspec")
    with pytest.raises(IndexUnavailable, match="没有成功") as told:
        fetch_copy("ftp://reader:secret@127.0.0.1:9/help", tmp_path / "front", 3)
    assert "secret" not in str(told.value)
    with pytest.raises(IndexUnavailable, match="helpcenter publish"):
        fetch_copy(str(tmp_path / "nothing"), tmp_path / "front", 3)


@contextmanager
def web(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """A web server that answers every GET so."""
    handler = type("Handler", (BaseHTTPRequestHandler,), {"do_GET": answer, "log_message": lambda *_: None})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def shows(store: Path, asked: list[str]) -> Callable[[BaseHTTPRequestHandler], None]:
    """Shows a folder to whoever knows the password, below any path."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        asked.append(request.path)
        wanted = "Basic " + base64.b64encode(b"reader:se/cret").decode()
        path = store / request.path.partition("/help/")[2]
        request.send_response(200 if request.headers["Authorization"] == wanted else 401)
        request.end_headers()
        if request.headers["Authorization"] == wanted:
            request.wfile.write(path.read_bytes())

    return answer


def test_a_password_in_the_address_is_used_and_never_told(
    publish: Callable[[str], Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = publish("激活")
    settings = Settings(index=tmp_path / "front")
    with web(shows(store, [])) as place:
        assert "401" in following.fetch(settings, f"http://reader:wrong-secret@{place}/help")
        assert following.fetch(settings, f"http://reader:se%2Fcret@{place}/help") == ""
    assert "没有成功" in following.fetch(settings, f"http://reader:wrong-secret@{place}/help")
    assert "已换用" in caplog.text and "secret" not in caplog.text and "se%2Fcret" not in caplog.text


@pytest.mark.parametrize("there", ["http://localhost:{port}/help", "file:///etc", "ftp://127.0.0.1/help"])
def test_no_redirect_leads_elsewhere(tmp_path: Path, there: str) -> None:
    asked: list[str] = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        asked.append(request.path)
        port = request.server.server_address[1]
        request.send_response(302)
        request.send_header("Location", there.format(port=port) + request.path)
        request.end_headers()

    with web(answer) as place, pytest.raises(IndexUnavailable, match="没有成功"):
        fetch_copy(f"http://{place}/help", tmp_path / "front", 3)
    assert asked == ["/help/manifest.json"]


def test_a_redirect_on_the_same_host_is_followed(publish: Callable[[str], Path], tmp_path: Path) -> None:
    store = publish("激活")

    def answer(request: BaseHTTPRequestHandler) -> None:
        moved = request.path.startswith("/old/")
        request.send_response(301 if moved else 200)
        if moved:
            request.send_header("Location", request.path.replace("/old/", "/new/"))
        request.end_headers()
        if not moved:
            request.wfile.write((store / request.path.removeprefix("/new/")).read_bytes())

    with web(answer) as place:
        assert fetch_copy(f"http://{place}/old", tmp_path / "front", 3)


def test_a_store_that_hangs_keeps_no_site_from_starting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "FIRST", 1)
    (tmp_path / "store").mkdir()
    os.mkfifo(tmp_path / "store" / "manifest.json")  # opening it never ends
    with following.follower(Settings(index=tmp_path / "front"), str(tmp_path / "store"), 1):
        begun = True
    assert begun


def test_a_follower_of_a_store_that_hangs_ends_with_its_server(tmp_path: Path, program: Path) -> None:
    (tmp_path / "store").mkdir()
    os.mkfifo(tmp_path / "store" / "manifest.json")
    command = [program, "serve", "--follow", tmp_path / "store", "--index", tmp_path / "front", "--port", "0"]
    server = subprocess.Popen(command)
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children")
    wait_for(lambda: children.read_text())
    follower = Path("/proc", children.read_text().split()[0])
    wait_for(lambda: b"--parent" in (follower / "cmdline").read_bytes())
    server.kill()
    server.wait()
    wait_for(lambda: not follower.exists() or "\nState:\tZ" in (follower / "status").read_text())


def test_a_follower_that_was_killed_is_started_again(
    publish: Callable[[str], Path], tmp_path: Path, serve: Serve
) -> None:
    store = publish("激活")
    with serve(tmp_path / "front", "--follow", store, "--every", "0.2", "--workers", "1") as site:
        family = Path(f"/proc/{site.process.pid}/task/{site.process.pid}/children").read_text().split()
        (follower,) = (pid for pid in family if b"follow" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"))
        os.kill(int(follower), signal.SIGKILL)
        publish("漫游")
        wait_for(lambda: Library(tmp_path / "front").snapshot().search("漫游").total == 1)
        assert "重新启动" in site.log.read_text()


def test_a_first_start_without_a_store_says_so_until_there_is_one(
    publish: Callable[[str], Path], tmp_path: Path, serve: Serve
) -> None:
    with serve(tmp_path / "front", "--follow", tmp_path / "store", "--every", "0.2", "--workers", "1") as site:

        def status(path: str) -> int:
            try:
                with urlopen(site.address + path) as answer:
                    return int(answer.status)
            except HTTPError as error:
                return error.code

        assert [status(path) for path in ("/healthz", "/readyz", "/", "/search?q=a")] == [200, 503, 503, 503]
        assert "helpcenter publish" in site.log.read_text()
        publish("激活")
        wait_for(lambda: status("/readyz") == 200)
        assert status("/") == 200
