"""The ground for attacks: a site whose every text says its version, a real server, readers who notice what is wrong.

In: folders. Out: versioned articles, a running `helpcenter serve`, and what its readers were answered. Why the version
stands in title, summary, headings and text: an answer that mixes two snapshots shows two numbers.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote

sys.path.append(str(Path(__file__).parents[1]))
from support import HELPCENTER, clean_environment, free_port, wait_for

VERSION = re.compile(r"第(\d+)版")
ARTICLES = 40
"""More than the 24 from which a build prepares articles in processes of their own."""
TIMEOUT = 20.0


def write_site(content: Path, version: int, articles: int = ARTICLES) -> None:
    """Write every article anew, all of one version."""
    for number in range(articles):
        path = content / f"t{number % 4}" / f"a{number}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        lost = "手机丢失后先停用号码，再补办 eSIM 卡。" * (3 + number % 5)
        path.write_text(
            f"---\ntitle: 文章{number}（第{version}版）\nsummary: 第{version}版的摘要\nregion: [法国]\n"
            f"verified: 2026-01-01\n---\n开头，第{version}版。\n\n## 步骤（第{version}版） {{#steps}}\n\n"
            f"{lost}\n\n## 提醒（第{version}版） {{#notes}}\n\n保存好激活码，第{version}版。\n",
            "utf-8",
        )


def build(content: Path, index: Path, *options: str) -> subprocess.Popen[str]:
    """Start `helpcenter index`."""
    return subprocess.Popen(
        [HELPCENTER, "index", "--content", content, "--index", index, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def built(content: Path, index: Path, *options: str) -> str:
    """Run `helpcenter index` to its end; what it printed. AssertionError where it failed."""
    process = build(content, index, *options)
    output = process.communicate(timeout=120)[0]
    assert process.returncode == 0, output
    return output


class Server:
    """A running `helpcenter serve`."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self.log = log

    def workers(self) -> list[int]:
        """The processes that answer."""
        pid = self.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def kill(self) -> None:
        """End it and all its processes as a power cut would."""
        for process in [self.process.pid, *self.workers()]:
            os.kill(process, signal.SIGKILL)
        self.process.wait()

    def get(self, path: str) -> tuple[int, str]:
        """Status and body, by a connection of its own."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()


@contextmanager
def serving(
    index: Path, place: Path, workers: int = 2, options: Sequence[str] = (), port: int = 0, **settings: str
) -> Iterator[Server]:
    """A server of `index` until the block ends; its log and database lie in `place`. `ADMIN_TOKEN="…"` is a setting."""
    place.mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    environ = clean_environment() | {"HELPCENTER_DATABASE_URL": f"sqlite:///{place}/helpcenter.db"}
    environ |= {f"HELPCENTER_{name}": value for name, value in settings.items()}
    log = place / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [HELPCENTER, "serve", "--index", str(index), "--port", str(port), "--workers", str(workers), *options],
            cwd=place,
            env=environ,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    server = Server(process, port, log)
    try:
        wait_for(lambda: "已就绪" in log.read_text() and len(server.workers()) >= workers)
        yield server
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


PATHS = (
    "/",
    "/articles/t1/a1",
    "/articles/t2/a2/sections/steps",
    "/topics/t3",
    "/search?q=" + quote("补办 eSIM 卡"),
    "/search?region=" + quote("法国"),
    "/api/v1/search?limit=50&q=" + quote("停用号码"),
)


@dataclass
class Readers:
    """Threads that read without pause, each on a connection of its own, and note all that readers must not see."""

    port: int
    count: int = 2
    paths: Sequence[str] = PATHS
    forgiven: int = 0
    """Connections that broke, to be judged by who broke them."""
    answers: int = 0
    versions: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    slowest: float = 0.0

    def __enter__(self) -> Readers:
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._read, args=(number,)) for number in range(self.count)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _read(self, number: int) -> None:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
        turn = number
        while not self._stop.is_set():
            path = self.paths[turn % len(self.paths)]
            turn += 1
            started = time.monotonic()
            try:
                connection.request("GET", path)
                answer = connection.getresponse()
                body = answer.read().decode()
            except OSError as error:
                self._broken(f"{path}: {type(error).__name__}: {error}")
                connection.close()
                continue
            except Exception as error:  # an answer cut in the middle
                self._broken(f"{path}: {type(error).__name__}: {error}")
                connection.close()
                continue
            self._judge(path, answer.status, body, time.monotonic() - started)
        connection.close()

    def _broken(self, what: str) -> None:
        with self._lock:
            self.forgiven += 1
            self.faults.append(what)

    def _judge(self, path: str, status: int, body: str, seconds: float) -> None:
        text = json.dumps(json.loads(body), ensure_ascii=False) if path.startswith("/api/") else body
        versions = set(VERSION.findall(re.sub("</?mark>", "", text)))
        with self._lock:
            self.answers += 1
            self.slowest = max(self.slowest, seconds)
            self.versions |= versions
            if status != 200 or len(versions) != 1:
                self.faults.append(f"{path}: {status}, versions {sorted(versions) or 'none'}")
