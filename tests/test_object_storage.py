"""Copies in object storage: an S3 server, published to and followed by real processes, lost and found again.

In: moto's server in a process of its own, s3fs. Out: each new copy live; the site serving on while the server is gone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest
from support import wait_for

from index import build

pytest.importorskip("moto")
pytest.importorskip("s3fs")
BUCKET = "s3://copies/help"


class S3:
    """An S3 server that can be killed and started again, empty then, on the same port."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.environment = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_MAX_ATTEMPTS": "1",
        }
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def made() -> bool:
            try:
                urlopen(Request(f"http://127.0.0.1:{self.port}/copies", method="PUT"), timeout=10).close()
            except OSError:
                return False
            return True

        wait_for(made)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def s3(unused_port: Callable[[], int]) -> Iterator[S3]:
    server = S3(unused_port())
    yield server
    server.kill()


@contextmanager
def written(tmp_path: Path, title: str) -> Iterator[Path]:
    (tmp_path / "content").mkdir(exist_ok=True)
    (tmp_path / "content" / "a.md").write_text(f"# {title}\n\n打开设置。\n", "utf-8")
    build(tmp_path / "content", tmp_path / "builder")
    yield tmp_path / "builder"


def test_an_s3_server_is_published_to_and_followed_through_its_death(
    s3: S3, tmp_path: Path, program: Path, serve: Callable[..., AbstractContextManager[Any]]
) -> None:
    def publish(title: str) -> subprocess.CompletedProcess[str]:
        with written(tmp_path, title) as builder:
            command = [program, "publish", "--to", BUCKET, "--index", builder]
            return subprocess.run(command, env=os.environ | s3.environment, capture_output=True, text=True, timeout=60)

    assert publish("激活").returncode == 0
    with serve(tmp_path / "front", "--follow", BUCKET, "--every", "0.2", "--workers", "1", **s3.environment) as site:

        def total(query: str) -> int:
            with urlopen(f"{site.address}/api/v1/search?q={quote(query)}", timeout=20) as answer:
                return int(json.load(answer)["total"])

        assert total("激活") == 1, site.log.read_text()
        sent = publish("漫游").stdout
        assert 0 < int(sent.split("传了 ")[1].split()[0]) < 15, "only what changed"
        wait_for(lambda: total("漫游") == 1)
        s3.kill()
        wait_for(lambda: "没有成功" in site.log.read_text(), 60)
        failed = publish("丢失")
        assert failed.returncode == 1 and "没有成功" in failed.stderr and "Traceback" not in failed.stderr
        time.sleep(0.5)
        assert total("漫游") == 1
        s3.start()
        assert publish("丢失").returncode == 0
        wait_for(lambda: total("丢失") == 1, 60)
        assert "Traceback" not in site.log.read_text()
