"""Serving under attack: rebuilds under load, damaged indexes, killed workers, slow leaks.

In: a real server with two workers, readers who note every failed, empty or mixed answer. Out: none of those. The site
says its version in every text, so that a page or a list of hits made of two snapshots shows two numbers.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import ground
import pytest

from index import build
from index.store.snapshots import FORMAT

STRESS = Path(__file__).parent / "stress"
NOTICED = 15.0


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """The site's first version."""
    ground.write_site(tmp_path / "content", 1)
    return tmp_path / "content"


@contextmanager
def served(index: Path, tmp_path: Path, workers: int = 2) -> Iterator[Any]:
    with ground.serving(index, tmp_path / "server", workers) as server:
        yield server
    assert "Traceback" not in server.log.read_text()


def live_place(index: Path) -> Path:
    return index / "snapshots" / (index / "current").read_text().strip()


def status(server: Any, path: str) -> int:
    return int(server.get(path)[0])


def test_rebuilds_in_a_loop_make_no_failed_empty_or_mixed_answer(content: Path, index: Path, tmp_path: Path) -> None:
    with served(index, tmp_path) as server, ground.Readers(server.port) as readers:
        for version in range(2, 8):
            ground.write_site(content, version)
            build(content, index, full=bool(version % 2))
        ground.wait_for(lambda: "第7版" in server.get("/articles/t1/a1")[1], NOTICED)
    assert readers.faults == []
    assert len(readers.versions) > 3
    assert readers.answers > 100


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("missing", "还没有索引"),
        ("truncated", "已损坏"),
        ("foreign", "不完整"),
        ("newer", "只认"),
    ],
)
def test_an_index_that_cannot_be_served_is_said_and_recovered_from(
    content: Path, index: Path, tmp_path: Path, damage: str, said: str
) -> None:
    place = live_place(index)
    if damage == "missing":
        shutil.rmtree(index)
    elif damage == "foreign":
        (place / "stamp.json").write_text('{"made": "by someone else"}')
    elif damage == "newer":
        stamp = (place / "stamp.json").read_text()
        (place / "stamp.json").write_text(stamp.replace(f'"format": {FORMAT}', f'"format": {FORMAT + 1}'))
    else:
        spoil(place / "folded", damage)
    with served(index, tmp_path) as server:
        code, page = server.get("/search?q=x")
        assert code == 503
        assert "内容正在更新" in page
        assert str(index) not in page
        code, reason = server.get("/readyz")
        assert code == 503
        assert said in reason
        assert server.get("/api/v1/search?q=x")[0] == 503
        assert status(server, "/healthz") == 200
        assert said in server.log.read_text()
        build(content, index)
        ground.wait_for(lambda: all(status(server, "/readyz") == 200 for _ in range(6)), NOTICED)
        assert "第1版" in server.get("/articles/t1/a1")[1]


def spoil(file: Path, how: str) -> None:
    """In place: whoever has mapped the file sees it."""
    size = file.stat().st_size
    with file.open("r+b") as opened:
        if how == "truncated":
            opened.truncate(size // 2)
        else:
            opened.seek(size // 2)
            opened.write(b"\x01")


@pytest.mark.parametrize("how", ["truncated", "flipped"])
def test_damage_under_a_running_server_is_noticed_and_recovered_from(
    content: Path, index: Path, tmp_path: Path, how: str
) -> None:
    with ground.serving(index, tmp_path / "server") as server:
        assert status(server, "/articles/t1/a1") == 200
        spoil(live_place(index) / "pages", how)
        ground.wait_for(lambda: all(asked(server, "/readyz") == 503 for _ in range(6)), NOTICED)
        assert asked(server, "/articles/t2/a2") == 503
        build(content, index)
        ground.wait_for(lambda: all(asked(server, "/readyz") == 200 for _ in range(6)), NOTICED)
        assert asked(server, "/articles/t2/a2") == 200


def asked(server: Any, path: str) -> int:
    """The status, or 0 where the connection broke."""
    try:
        return status(server, path)
    except OSError:
        return 0


def test_a_deleted_index_is_served_on_from_what_is_open(content: Path, index: Path, tmp_path: Path) -> None:
    with served(index, tmp_path) as server:
        shutil.rmtree(live_place(index))
        time.sleep(0.5)
        with ground.Readers(server.port) as readers:
            time.sleep(0.5)
            shutil.rmtree(index)
            time.sleep(0.5)
            ground.write_site(content, 2)
            build(content, index)
            ground.wait_for(lambda: "第2版" in server.get("/articles/t1/a1")[1], NOTICED)
    assert readers.faults == []


def test_a_worker_killed_under_load_loses_no_other_request(index: Path, tmp_path: Path) -> None:
    with served(index, tmp_path) as server, ground.Readers(server.port, count=4) as readers:
        for _ in range(2):
            time.sleep(0.5)
            victim = server.workers()[0]
            os.kill(victim, signal.SIGKILL)
            ground.wait_for(lambda victim=victim: len(set(server.workers()) - {victim}) == 2, NOTICED)
    # Each kill breaks what its worker was answering: at most what was open on it, and nothing else.
    assert len(readers.faults) == readers.forgiven <= 2 * 4
    assert readers.answers > 100


def test_a_stop_under_load_cuts_no_answer(index: Path, tmp_path: Path) -> None:
    cut: list[str] = []
    answers = [0]
    with served(index, tmp_path) as server:
        stopping = threading.Event()

        def read() -> None:
            while True:
                connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
                try:
                    connection.request("GET", "/search?q=" + str(answers[0]))
                    answer = connection.getresponse()
                    begun = True
                    body = answer.read()
                    answers[0] += 1
                    if answer.status != 200 or not body:
                        cut.append(str(answer.status))
                except OSError as error:
                    # What was not taken in any more is refused or closed before a byte; that is no cut answer.
                    if not stopping.is_set():
                        cut.append(repr(error))
                    return
                except Exception as error:
                    if begun:
                        cut.append(repr(error))
                    return
                finally:
                    begun = False
                    connection.close()

        threads = [threading.Thread(target=read) for _ in range(3)]
        for thread in threads:
            thread.start()
        time.sleep(0.7)
        stopping.set()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(30) == 0
        for thread in threads:
            thread.join()
    assert cut == []
    assert answers[0] > 50


def test_no_secret_reaches_the_log(index: Path, tmp_path: Path) -> None:
    secrets = {name: f"{name}-0123456789abcdef" for name in ("SECRET_KEY", "ADMIN_TOKEN", "METRICS_TOKEN")}
    with ground.serving(index, tmp_path / "server", 1, **secrets) as server:
        for token in (*secrets.values(), "wrong-0123456789abcdef"):
            for path in ("/metrics", "/insights", f"/insights?token={token}", "/no/such"):
                connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
                connection.request("GET", path, headers={"Authorization": f"Bearer {token}", "Cookie": f"x={token}"})
                connection.getresponse().read()
                connection.close()
        shutil.rmtree(index)
    assert not any(secret in server.log.read_text() for secret in secrets.values())


@pytest.mark.parametrize("requests", [2_000, pytest.param(200_000, marks=pytest.mark.stress)], ids=["short", "long"])
def test_memory_stays_flat(requests: int) -> None:
    soak = subprocess.run(
        [sys.executable, STRESS / "soak.py", str(requests)], capture_output=True, encoding="utf-8", check=False
    )
    assert soak.returncode == 0, soak.stdout + soak.stderr
    assert re.search(r"0 errors", soak.stdout)
    print(soak.stdout)
