"""A server's life as its operator sees it: no index yet, a new one, a lost worker, the end."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote

import pytest
from support import Serve, connect, wait_for

from index import build


def workers_of(site: Any) -> list[int]:
    """The two workers; they are started after the first connections are taken in. Skips the test without /proc."""
    if not Path("/proc/self/smaps_rollup").exists():
        pytest.skip("needs /proc, as Linux has it")
    pid = site.process.pid

    def children() -> list[int]:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    wait_for(lambda: len(children()) == 2)
    return children()


def test_it_starts_without_an_index_and_recovers(serve: Serve, content: Path, tmp_path: Path) -> None:
    with serve(tmp_path / "index") as site:
        for path in ("/", "/readyz", "/search?q=x"):
            with pytest.raises(HTTPError) as told:
                site.get(path)
            assert told.value.code == 503
            told.value.close()
        assert site.get("/healthz")
        build(content, tmp_path / "index")
        wait_for(lambda: answers(site, "/readyz"))
        assert "激活" in site.get("/articles/a")


def answers(site: Any, path: str) -> bool:
    try:
        return bool(site.get(path))
    except HTTPError as error:
        error.close()
        return False


def test_a_rebuilt_index_is_served_without_restart_or_failure(serve: Serve, content: Path, tmp_path: Path) -> None:
    build(content, tmp_path / "index")
    with serve(tmp_path / "index") as site, ThreadPoolExecutor(2) as readers:
        before = workers_of(site)
        stop = time.monotonic() + 60
        done: list[str] = []

        def read(_: int) -> list[int]:
            statuses = []
            connection = connect(site.address)
            while not done and time.monotonic() < stop:
                connection.request("GET", "/search?q=" + quote("设置"))
                answer = connection.getresponse()
                body = re.sub("</?mark>", "", answer.read().decode())
                statuses.append(answer.status if "打开设置" in body else 0)
            connection.close()
            return statuses

        reading = [readers.submit(read, number) for number in range(2)]
        try:
            for round_ in range(3):
                (content / f"new-{round_}.md").write_text(f"# 新文章 {round_}\n\n第 {round_} 次追加。\n", "utf-8")
                build(content, tmp_path / "index")
            wait_for(lambda: answers(site, "/articles/new-2"))
        finally:
            done.append("stop")
        statuses = [status for future in reading for status in future.result()]
        assert len(statuses) > 20
        assert set(statuses) == {200}
        assert workers_of(site) == before


def test_a_killed_worker_is_replaced(serve: Serve, site_index: Path) -> None:
    with serve(site_index) as site:
        victim, other = workers_of(site)
        os.kill(victim, signal.SIGKILL)
        wait_for(lambda: victim not in workers_of(site))
        assert other in workers_of(site)
        assert site.get("/healthz")


def test_connections_are_shared_among_workers(serve: Serve, site_index: Path) -> None:
    def sockets(pid: int) -> int:
        held = 0
        for file in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed since it was listed
                held += os.readlink(file).startswith("socket:")
        return held

    with serve(site_index) as site, contextlib.ExitStack() as clients:
        pids = workers_of(site)
        before = [sockets(pid) for pid in pids]
        for _ in range(60):  # the system deals them out at random: one in 10^12 of these tests would find 3 with one
            client = clients.enter_context(contextlib.closing(connect(site.address)))
            client.request("GET", "/healthz")
            assert client.getresponse().read()
        taken = [sockets(pid) - earlier for pid, earlier in zip(pids, before, strict=True)]
        assert sum(taken) >= 60  # a worker that has just started opens a few for itself
        assert min(taken) >= 3


def test_sigterm_stops_it_cleanly(serve: Serve, site_index: Path) -> None:
    with serve(site_index) as site:
        connection = connect(site.address)
        connection.request("GET", "/healthz")
        assert connection.getresponse().read()
        site.process.send_signal(signal.SIGTERM)
        assert site.process.wait(20) == 0  # 10 s are a worker's time to finish what it has
        connection.close()
        assert "Traceback" not in site.log.read_text()


SLOW_START = """
import time
from helpcenter import cli
from helpcenter.insights import recording
from helpcenter.serving import server

def begin_serving(begin=recording.begin_serving):
    print("starting", flush=True)
    time.sleep(60)
    begin()

recording.begin_serving = begin_serving
server.STOP = 60
cli.run()
"""


def test_sigterm_reaches_workers_that_are_still_starting(site_index: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", SLOW_START, "serve", "--index", str(site_index), "--port", "0"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdout is not None
        for _ in range(2):
            assert process.stdout.readline() == b"starting\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0  # long before a worker has started, or is killed
        assert process.stdout.read() == b""


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_nothing_is_left_behind(site_index: Path, tmp_path: Path, program: Path, told: signal.Signals) -> None:
    command = [program, "serve", "--index", str(site_index), "--port", "0"]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert "就绪".encode() in process.stdout.readline()
        assert list(tmp_path.glob("helpcenter-*"))
        os.killpg(process.pid, told)  # as Ctrl+C does: every process of the terminal is told
        assert process.wait(20) == 0
        assert not list(tmp_path.glob("helpcenter-*"))


def test_workers_share_what_was_loaded_before_forking(serve: Serve, site_index: Path) -> None:
    with serve(site_index) as site:
        for _ in range(10):
            site.get("/search?q=" + quote("手机 丢失"))
        for pid in workers_of(site):
            own = sum(
                int(line.split()[1])
                for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
                if line.startswith("Private_")
            )
            assert own < 60 * 1024, f"{own} kB"
