"""The production server as a process: what it answers, whoever asks and however. Its life: test_lifetime.py."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from urllib.parse import quote, urlsplit
from urllib.request import urlopen

import pytest
from support import Serve, connect


def raw(address: str, request: bytes) -> bytes:
    """What comes back until the server closes or falls silent for half a second."""
    host, port = urlsplit(address).netloc.split(":")
    answer = b""
    with socket.create_connection((host, int(port)), timeout=0.5) as client:
        client.sendall(request)
        try:
            while chunk := client.recv(65536):
                answer += chunk
        except TimeoutError:
            pass
    return answer


def test_it_serves_pages_and_says_where(serve: Serve, site_index: Path) -> None:
    with serve(site_index) as site:
        assert "<html" in site.get("/")
        assert site.get("/readyz").startswith("ok ")
        assert f"网站已就绪：{site.address}" in site.log.read_text()
        assert "丢失" in site.get("/search?q=" + quote("丢失"))


def test_one_connection_carries_many_requests_of_all_kinds(live_server: str) -> None:
    connection = connect(live_server)
    for path, headers in [
        ("/healthz", {}),
        ("/search?q=" + quote("法国 丢失"), {"HX-Request": "true"}),
        ("/articles/replacement/france-lost", {"Accept-Encoding": "gzip"}),
        ("/no/such/page", {}),
        ("/api/v1/search?q=esim", {}),
    ]:
        for method in ("GET", "HEAD", "GET"):
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == (404 if path == "/no/such/page" else 200), path
            assert bool(body) == (method == "GET")
    connection.close()


def test_what_does_not_arrive_at_once_is_answered_too(live_server: str) -> None:
    host, port = urlsplit(live_server).netloc.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as client:
        for _ in range(2):
            for piece in (b"GET /healthz HTT", b"P/1.1\r\nHost: localhost\r\n", b"\r\n"):
                client.sendall(piece)
                time.sleep(0.05)
            assert b" 200 " in client.recv(65536)
        twice = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 2
        client.sendall(twice)
        answer = b""
        while answer.count(b"ok\n") < 2:
            answer += client.recv(65536)
        assert answer.count(b" 200 OK") == 2


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nBad Header: 1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\x00b\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"GET  HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 2000 + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX_Forwarded_For: 1\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET http://elsewhere/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
)
def test_malformed_requests_harm_nobody(live_server: str, request_: bytes) -> None:
    good = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    answer = raw(live_server, good + request_)
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert b" 500 " not in answer.partition(b"ok\n")[2].partition(b"\r\n")[0]
    with urlopen(live_server + "/healthz", timeout=5) as reply:
        assert reply.status == 200


def test_stalled_requests_do_not_hold_up_others(serve: Serve, site_index: Path) -> None:
    with serve(site_index, "--workers", 1) as site:
        host, port = urlsplit(site.address).netloc.split(":")
        stalled = []
        unfinished = (b"", b"GET /healthz HTTP/1.1\r\nHost: loc", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc")
        for beginning in unfinished * 4:
            client = socket.create_connection((host, int(port)), timeout=10)
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b" 200 " in client.recv(65536)
            client.sendall(beginning)
            stalled.append(client)
        assert site.get("/healthz")
        for client in stalled:
            client.close()


def test_a_page_that_nobody_reads_does_not_hold_up_others(serve: Serve, site_index: Path) -> None:
    with serve(site_index, "--workers", 1) as site:
        host, port = urlsplit(site.address).netloc.split(":")
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect((host, int(port)))
        client.settimeout(0.5)
        with contextlib.suppress(TimeoutError):
            client.sendall(b"GET /articles/replacement/france-lost HTTP/1.1\r\nHost: localhost\r\n\r\n" * 400)
        assert site.get("/healthz")
        client.close()
        assert site.get("/healthz")


def test_a_taken_port_is_one_clear_line(program: Path, site_index: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = subprocess.run(
            [program, "serve", "--index", site_index, "--port", str(port)],
            capture_output=True, encoding="utf-8", timeout=30, check=False,
        )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert f"127.0.0.1:{port}" in ended.stderr


def test_flask_run_serves_for_development(site_index: Path, tmp_path: Path, program: Path) -> None:
    ended = subprocess.run(
        [program.with_name("flask"), "--app", "helpcenter", "routes"],
        cwd=tmp_path, env=os.environ | {"HELPCENTER_INDEX": str(site_index)},
        capture_output=True, encoding="utf-8", timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert "/api/v1/search" in ended.stdout


@pytest.mark.slow
def test_a_wheel_holds_all_it_needs(root: Path, site_index: Path, tmp_path: Path, program: Path) -> None:
    python = str(program.with_name("python"))
    subprocess.run(
        [python, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", tmp_path, root], check=True, timeout=300
    )
    (wheel,) = tmp_path.glob("helpcenter-*.whl")
    # Unpacked into an empty folder, which comes before the project's own on the path; dependencies are the project's.
    clean = tmp_path / "clean"
    shutil.unpack_archive(wheel, clean, "zip")
    asked = (
        "import helpcenter, sys; from pathlib import Path; from helpcenter.settings import Settings;"
        f"assert helpcenter.__file__.startswith({str(clean)!r}), helpcenter.__file__;"
        f"client = helpcenter.create_app(Settings(index=Path({str(site_index)!r}))).test_client();"
        "print([client.get(path).status_code for path in ('/', '/search?q=esim', '/static/app.css')])"
    )
    ended = subprocess.run(
        [python, "-c", asked], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(clean)},
        capture_output=True, encoding="utf-8", timeout=60, check=False,
    )  # fmt: skip
    assert ended.stdout.strip() == "[200, 200, 200]", ended.stderr
