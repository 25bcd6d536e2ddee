"""Load and recovery: what two workers hold while the index is rebuilt again and again, and how soon they are well.

In: seconds of load (`load.py 60`). Out: requests a second with errors counted; seconds from a damaged index to the 503
and from the next good one back, from a rebuilt index to every worker serving it, from a killed worker to the next.
"""

from __future__ import annotations

import os
import signal
import statistics
import sys
import tempfile
import time
from http.client import HTTPConnection
from pathlib import Path

from ground import TIMEOUT, Readers, Server, built, serving, wait_for, write_site

TIMES = 5
ASKED = 8
"""Connections open at once, so that both workers are asked."""


def main() -> None:
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    with tempfile.TemporaryDirectory() as folder:
        content, index = Path(folder, "content"), Path(folder, "index")
        write_site(content, 0)
        built(content, index)
        with serving(index, Path(folder, "server")) as server:
            hold(server, content, index, seconds)
            recover(server, content, index)


def hold(server: Server, content: Path, index: Path, seconds: int) -> None:
    """Readers on eight connections while the index is rebuilt in a loop."""
    started, rebuilds = time.monotonic(), 0
    with Readers(server.port, count=8) as readers:
        while time.monotonic() - started < seconds:
            rebuilds += 1
            write_site(content, rebuilds)
            built(content, index)
    took = time.monotonic() - started
    assert not readers.faults, readers.faults[:5]
    print(
        f"{readers.answers} answers in {took:.0f} s ({readers.answers / took:.0f} a second) on two workers and eight"
        f" connections during {rebuilds} rebuilds: 0 errors, 0 mixed, the slowest after {readers.slowest:.2f} s"
    )


def recover(server: Server, content: Path, index: Path) -> None:
    """Damage, mend, rebuild, kill; the median of a few times each."""
    noticed, mended, switched, replaced = [], [], [], []
    for version in range(1000, 1000 + TIMES):
        write_site(content, version)
        built(content, index)
        # Until a new index is open, a damaged one leaves the old one in service.
        switched.append(wait_for(lambda version=version: everywhere(server, "/articles/t1/a1", 200, f"第{version}版")))
        live = index / "snapshots" / (index / "current").read_text().strip()
        with (live / "articles.json").open("r+b") as file:
            file.write(b"\0")
        noticed.append(wait_for(lambda: everywhere(server, "/readyz", 503, "")))
        built(content, index, "--full")
        mended.append(wait_for(lambda: everywhere(server, "/readyz", 200, "")))
        victim = server.workers()[0]
        os.kill(victim, signal.SIGKILL)
        replaced.append(wait_for(lambda victim=victim: len(set(server.workers()) - {victim}) == 2))
    for what, times in (
        ("a damaged index is answered with 503", noticed),
        ("a good index is served again", mended),
        ("a rebuilt index is served by every worker", switched),
        ("a killed worker is replaced", replaced),
    ):
        print(f"{what} after {statistics.median(times):.2f} s (at most {max(times):.2f})")


def everywhere(server: Server, path: str, status: int, text: str) -> bool:
    """Whether every worker answers so: connections that are open at once are shared among them."""
    connections = [HTTPConnection("127.0.0.1", server.port, timeout=TIMEOUT) for _ in range(ASKED)]
    answers = []
    for connection in connections:
        connection.request("GET", path)
        answer = connection.getresponse()
        answers.append((answer.status, answer.read().decode()))
    for connection in connections:
        connection.close()
    return all(answer[0] == status and text in answer[1] for answer in answers)


if __name__ == "__main__":
    main()
