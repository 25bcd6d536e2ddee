"""nginx before the server, as the deployment guide says: what it passes on, refuses, and restarts nobody notices."""

from __future__ import annotations

import contextlib
import gzip
import os
import re
import resource
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from support import Serve, free_ports, listens, nginx_path, wait_for

HOST = "help.example.org"
MAIN = "worker_rlimit_nofile 16384;\nevents { worker_connections 8192; }\n"
"""What the guide says to write into nginx's own file."""


class Proxy:
    """nginx with the configuration of the guide, before servers on `backends`."""

    def __init__(self, folder: Path, written: str) -> None:
        self.plain, self.tls, *self.backends = free_ports(4)
        self.folder = folder
        self.certificate = folder / "certificate.pem"
        key = folder / "key.pem"
        subject = ["-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}"]
        kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        made = ["openssl", "req", "-x509", *kind, "-keyout", key, "-out", self.certificate, *subject]
        subprocess.run(made, check=True, capture_output=True)
        for there, here in (
            ("127.0.0.1:8000", f"127.0.0.1:{self.backends[0]}"),
            ("127.0.0.1:8001", f"127.0.0.1:{self.backends[1]}"),
            ("/var/lib/nginx/helpcenter ", f"{folder}/kept "),
            ("listen 80;", f"listen 127.0.0.1:{self.plain};"),
            ("listen [::]:80;", ""),  # not every machine has IPv6
            ("listen 443 ssl http2;", f"listen 127.0.0.1:{self.tls} ssl http2;"),
            ("listen [::]:443 ssl http2;", ""),
            (f"/etc/letsencrypt/live/{HOST}/fullchain.pem", str(self.certificate)),
            (f"/etc/letsencrypt/live/{HOST}/privkey.pem", str(key)),
        ):
            assert written.count(there) == 1, there
            written = written.replace(there, here)
        (folder / "helpcenter.conf").write_text(written, "utf-8")
        temporary = "".join(
            f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        user = "user root;\n" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(
            f"{user}daemon off;\npid {folder}/pid;\nworker_processes 1;\n{MAIN}"
            f"http {{\naccess_log off;\n{temporary}include {folder}/helpcenter.conf;\n}}\n"
        )
        self.command = [
            str(nginx_path()),
            "-p",
            str(folder),
            "-c",
            str(folder / "nginx.conf"),
            "-e",
            str(folder / "errors"),
        ]

    def connect(self, source: str = "127.0.0.1") -> ssl.SSLSocket:
        """A connection from an address of this machine."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        raw = socket.create_connection(("127.0.0.1", self.tls), timeout=20, source_address=(source, 0))
        return context.wrap_socket(raw, server_hostname=HOST)

    def get(self, path: str, plain: bool = False, host: str = HOST, **headers: str) -> HTTPResponse:
        """One answer, its body still to be read."""
        connection = HTTPConnection("127.0.0.1", self.plain if plain else self.tls, timeout=20)
        if not plain:
            connection.sock = self.connect()
        connection.request(
            "GET",
            path,
            headers={"Host": host, "Connection": "close"} | {k.replace("_", "-"): v for k, v in headers.items()},
        )
        return connection.getresponse()

    def text(self, path: str, **headers: str) -> str:
        """The body of a 200 answer."""
        with self.get(path, **headers) as answer:
            assert answer.status == 200, path
            return answer.read().decode()


@pytest.fixture(scope="module")
def proxy(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """nginx, running; no server behind it yet."""
    if nginx_path() is None:
        pytest.skip("nginx is not installed")
    made = Proxy(tmp_path_factory.mktemp("nginx"), (root / "docs" / "deploy" / "nginx.conf").read_text("utf-8"))
    tried = subprocess.run([*made.command, "-t"], capture_output=True, text=True, check=False)
    assert tried.returncode == 0, tried.stderr
    assert "warn" not in tried.stderr.replace('the "listen ... http2" directive is deprecated', ""), tried.stderr
    process = subprocess.Popen(made.command)
    wait_for(lambda: listens(made.tls))
    yield made
    process.terminate()
    process.wait(20)


@pytest.fixture
def backend(serve: Serve, site_index: Path, proxy: Proxy) -> Callable[[int], AbstractContextManager[Any]]:
    """`with backend(0):` runs the first of the two servers behind nginx, as the unit file does."""
    return lambda number: serve(
        site_index, "--workers", 1, port=proxy.backends[number], HELPCENTER_PROXY_HOPS=1, HELPCENTER_TRUSTED_HOSTS=HOST
    )


def test_readers_get_compressed_pages_whose_addresses_are_the_public_ones(
    proxy: Proxy, backend: Callable[[int], AbstractContextManager[Any]]
) -> None:
    public = f"https://{HOST}:{proxy.tls}"
    with backend(0):
        with proxy.get("/articles/emergency/lost-phone", Accept_Encoding="gzip") as answer:
            page = gzip.decompress(answer.read()).decode()
            assert answer.status == 200
            assert answer.headers["Content-Encoding"] == "gzip"
            assert answer.headers["Strict-Transport-Security"]
            assert "Accept-Encoding" in answer.headers["Vary"]
            assert "nginx/" not in answer.headers["Server"]
            etag = answer.headers["ETag"]
        assert f'<link rel="canonical" href="{public}/articles/emergency/lost-phone">' in page
        assert f'"item": "{public}/topics/emergency"' in page
        with proxy.get("/articles/emergency/lost-phone", Accept_Encoding="gzip", If_None_Match=etag) as answer:
            assert (answer.status, answer.read()) == (304, b"")
        assert f"<loc>{public}/zh-hant/</loc>" in proxy.text("/sitemap.xml")
        assert f"Sitemap: {public}/sitemap.xml" in proxy.text("/robots.txt")
        assert '"total"' in proxy.text("/api/v1/search?q=" + quote("丢失"))
        assert "<html" not in proxy.text("/search?q=" + quote("丢失"), HX_Request="true")

        style = re.findall(r'href="(/static/app\.css\?v=\w+)"', page)[0]
        for state in ("MISS", "HIT"):
            with proxy.get(style, Accept_Encoding="gzip") as answer:
                assert gzip.decompress(answer.read()).startswith(b"@layer")
                assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
                assert answer.headers["X-Cache"] == state
        with proxy.get(style) as answer:
            assert "Content-Encoding" not in answer.headers

        with proxy.get("/search?q=x", plain=True) as answer:
            assert (answer.status, answer.headers["Location"]) == (301, f"https://{HOST}/search?q=x")
        for path, host, status in (("/metrics", HOST, 404), ("/", "elsewhere.example", 400)):
            with proxy.get(path, host=host) as answer:
                assert answer.status == status


def test_what_a_client_claims_about_itself_goes_no_further(
    proxy: Proxy, backend: Callable[[int], AbstractContextManager[Any]]
) -> None:
    claims = {
        "X_Forwarded_Host": "evil.example",
        "X_Forwarded_Proto": "http",
        "X_Forwarded_Prefix": "/evil",
        "X_Forwarded_Port": "1",
        "X_Forwarded_For": "127.0.0.1",
    }
    with backend(0):
        page = proxy.text("/", **claims)
        assert "evil" not in page
        assert f'<link rel="canonical" href="https://{HOST}:{proxy.tls}/">' in page


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: 0000000000040\r\n",
        b"Content-Length: +40\r\n",
        b"Content-Length: 40, 40\r\n",
        b"Content-Length: 40\r\nContent-Length: 0\r\n",
        b"Content-Length: 40\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding : chunked\r\n",
        b"Transfer-Encoding:\r\n chunked\r\n",
        b"X: a\nTransfer-Encoding: chunked\r\n",
    ],
)
def test_nginx_and_the_server_agree_where_a_request_ends(
    proxy: Proxy, backend: Callable[[int], AbstractContextManager[Any]], headers: bytes
) -> None:
    inner = f"GET /{'i' * 5} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()[:40].ljust(40)
    context = ssl.create_default_context(cafile=str(proxy.certificate))
    received = b""
    with (
        backend(0),
        socket.create_connection(("127.0.0.1", proxy.tls), timeout=2) as raw,
        context.wrap_socket(raw, server_hostname=HOST) as client,
    ):
        client.sendall(b"POST / HTTP/1.1\r\nHost: %b\r\n%b\r\n%b" % (HOST.encode(), headers, inner))
        with contextlib.suppress(TimeoutError):
            while data := client.recv(65536):
                received += data
        assert received.count(b"HTTP/1.1 ") == 1
        assert re.match(rb"HTTP/1.1 (400|405|411|501) ", received)
        # What nginx passed on left the kept connection between both in order.
        for _ in range(4):
            assert proxy.text("/healthz") == "ok\n"


OTHER = "127.0.0.2"
"""An address that only Linux has without being told to."""


@pytest.mark.skipif(sys.platform != "linux", reason=f"needs {OTHER}")
def test_what_one_address_may_take_leaves_the_others_alone(
    proxy: Proxy, backend: Callable[[int], AbstractContextManager[Any]]
) -> None:
    def status(client: ssl.SSLSocket, sent: bytes = b"GET /search?q=x HTTP/1.1\r\n") -> int:
        client.sendall(sent + b"Host: %b\r\nConnection: close\r\n\r\n" % HOST.encode())
        return int(client.recv(12)[9:12])

    form = b"POST /feedback/emergency/lost-phone HTTP/1.1\r\nContent-Length: %d\r\n"
    with backend(0), contextlib.ExitStack() as held:
        for _ in range(64):  # forms that never come in whole
            client = held.enter_context(proxy.connect(OTHER))
            client.sendall(form % 50 + b"Host: %b\r\n\r\nvote" % HOST.encode())
        with proxy.connect(OTHER) as client, proxy.connect() as reader:
            assert (status(client), status(reader)) == (429, 200)
        held.close()
        flood = []
        for _ in range(150):
            with proxy.connect(OTHER) as client:
                flood.append(status(client))
        assert 429 in flood[60:] and set(flood) <= {200, 429}
        with proxy.connect() as reader:
            assert status(reader) == 200
        with proxy.connect(OTHER) as client:
            assert status(client, form % 100_000) == 413


def test_thousands_of_heads_that_never_end_lock_nobody_out(
    root: Path, proxy: Proxy, backend: Callable[[int], AbstractContextManager[Any]]
) -> None:
    guide = (root / "docs" / "deployment.md").read_text("utf-8")
    assert all(line in guide for line in MAIN.splitlines())
    wanted = 2500
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"only {hard} files may be open")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    try:
        with backend(0), contextlib.ExitStack() as held:
            for _ in range(2000):
                client = held.enter_context(socket.create_connection(("127.0.0.1", proxy.plain), timeout=20))
                client.sendall(b"GET / HTTP/1.1\r\nHost: he")
            assert "丢失" in proxy.text(f"/search?q={quote('丢失')}")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_browsers_get_http_2(proxy: Proxy) -> None:
    context = ssl.create_default_context(cafile=str(proxy.certificate))
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection(("127.0.0.1", proxy.tls), timeout=10) as raw,
        context.wrap_socket(raw, server_hostname=HOST) as client,
    ):
        assert client.selected_alpn_protocol() == "h2"


def test_with_every_server_stopped_nginx_says_what_to_do(
    proxy: Proxy, backend: Callable[[int], AbstractContextManager[Any]]
) -> None:
    with proxy.get("/search?q=x") as answer:
        assert answer.status == 502
        assert answer.headers["Retry-After"] == "30"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "帮助中心正在重启" in answer.read().decode()
    with backend(1), proxy.get("/") as answer:
        assert answer.status == 200


@pytest.mark.slow
def test_restarting_one_server_after_the_other_loses_no_request(
    proxy: Proxy, backend: Callable[[int], AbstractContextManager[Any]]
) -> None:
    answers: list[int] = []
    stop = threading.Event()

    def read() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            with proxy.get(f"/articles/emergency/lost-phone?n={number % 7}") as answer:
                answer.read()
                answers.append(answer.status)

    with contextlib.ExitStack() as stack:
        running = [stack.enter_context(contextlib.ExitStack()) for _ in range(2)]
        for number, place in enumerate(running):
            place.enter_context(backend(number))
        readers = [threading.Thread(target=read) for _ in range(3)]
        for reader in readers:
            reader.start()
        try:
            for number, place in enumerate(running):
                place.close()
                time.sleep(0.3)
                place.enter_context(backend(number))
                before = len(answers)
                while len(answers) < before + 30 and all(reader.is_alive() for reader in readers):
                    time.sleep(0.05)
        finally:
            stop.set()
            for reader in readers:
                reader.join(20)
    assert len(answers) > 60
    assert set(answers) == {200}
