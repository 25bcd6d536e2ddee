"""What clients of bad will send: each request is answered once, the rest refused, and others go on reading.

In: raw bytes on sockets of a real `helpcenter serve`. Out: statuses, and readers who are answered meanwhile. The same
behind nginx: `tests/test_nginx.py`.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import logging
import re
import resource
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit
from urllib.request import urlopen

import pytest
from support import Serve

from helpcenter import create_app
from helpcenter.serving.logs import OneLine
from helpcenter.settings import Settings

HOST = b"Host: localhost\r\n"
INNER = b"GET /inner HTTP/1.1\r\nHost: localhost\r\n\r\n"
AFTER = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
SIZE = len(INNER)


def connect(address: str) -> socket.socket:
    host, port = urlsplit(address).netloc.split(":")
    return socket.create_connection((host, int(port)), timeout=10)


def statuses(address: str, sent: bytes) -> tuple[list[int], bool]:
    """The status of every answer, and whether the server closed; it has half a second after the last byte."""
    received, closed = b"", True
    with connect(address) as client:
        client.settimeout(0.5)
        try:
            client.sendall(sent)
            while data := client.recv(65536):
                received += data
        except TimeoutError:
            closed = False
        except ConnectionError:
            pass
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d+)", received)], closed


def still_read(address: str) -> None:
    """Another reader is answered, several times: each connection may reach another worker."""
    for _ in range(6):
        with urlopen(f"{address}/search?q={quote('丢失')}", timeout=20) as answer:
            assert answer.status == 200


@pytest.fixture(scope="module")
def address(serve: Serve, site_index: Path) -> Iterator[str]:
    with serve(site_index) as site:
        yield site.address


@pytest.mark.parametrize("length", [b"%d", b"000000000000%d", b"00000000%d", b" %d ", b"\t%d"])
def test_a_body_is_as_long_as_it_says_however_that_is_written(address: str, length: bytes) -> None:
    head = b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: " + length % SIZE + b"\r\n\r\n"
    answered, _ = statuses(address, head + INNER + AFTER)
    assert answered in ([405, 200], [405]), "the body was read as a request"


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: +%d\r\n" % SIZE,
        b"Content-Length: -1\r\n",
        b"Content-Length: %d, %d\r\n" % (SIZE, SIZE),
        b"Content-Length: %d, 0\r\n" % SIZE,
        b"Content-Length: 0x23\r\n",
        b"Content-Length: 3 5\r\n",
        b"Content-Length: \r\n",
        b"Content-Length: 18446744073709551651\r\n",
        b"Content-Length: 0\r\nContent-Length: %d\r\n" % SIZE,
        b"Content-Length: %d\r\nContent-Length: 0\r\n" % SIZE,
        b"Content-Length : %d\r\n" % SIZE,
        b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n" % SIZE,
        b"Transfer-Encoding: chunked\r\nContent-Length: %d\r\n" % SIZE,
        b"Transfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: CHUNKED\r\n",
        b"Transfer-Encoding:\tchunked\r\n",
        b"Transfer-Encoding : chunked\r\n",
        b"Transfer-Encoding: \x0bchunked\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding:\r\n chunked\r\n",
        b"X: a\r\n b\r\n",
        b"X: a\nTransfer-Encoding: chunked\r\n",
        b"X: a\rTransfer-Encoding: chunked\r\n",
    ],
)
@pytest.mark.parametrize("body", [INNER, b"0\r\n\r\n" + INNER], ids=["plain", "chunked"])
def test_where_a_body_ends_is_never_a_matter_of_opinion(address: str, headers: bytes, body: bytes) -> None:
    answered, closed = statuses(address, b"POST / HTTP/1.1\r\n" + HOST + headers + b"\r\n" + body + AFTER)
    assert len(answered) == 1
    assert answered[0] in (400, 411)
    assert closed


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost:80\r\n\r\n", 405),
        (b"CONNECT / HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost:\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: a@b\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: %b\r\n\r\n" % (b"a" * 254), 400),
    ],
)
def test_what_no_browser_sends_ends_the_connection(address: str, request_: bytes, status: int) -> None:
    assert statuses(address, request_ + AFTER) == ([status], True)


def test_http_1_0_needs_no_host(address: str) -> None:
    assert statuses(address, b"GET /healthz HTTP/1.0\r\n\r\n") == ([200], True)


# Slow and many


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"GET /healthz HTTP/1.1\r\nHost: loc",
        b"POST /feedback/emergency/lost-phone HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 50\r\n\r\nvote=ye",
    ],
    ids=["nothing", "half a head", "half a form"],
)
def test_those_who_stop_in_the_middle_hold_up_nobody(address: str, begun: bytes) -> None:
    with contextlib.ExitStack() as held:
        for _ in range(40):
            held.enter_context(connect(address)).sendall(begun)
        time.sleep(0.5)
        still_read(address)
    still_read(address)


def test_a_half_closed_socket_is_answered_or_closed_and_holds_up_nobody(address: str) -> None:
    with contextlib.ExitStack() as held:
        for sent in (AFTER, b"GET /healthz HTTP/1.1\r\n", b"") * 10:
            client = held.enter_context(connect(address))
            client.sendall(sent)
            client.shutdown(socket.SHUT_WR)
        still_read(address)


def test_floods_of_pipelined_searches_leave_others_answered(address: str) -> None:
    with contextlib.ExitStack() as held:
        for number in range(12):
            client = held.enter_context(connect(address))
            client.setblocking(False)
            flood = b"".join(
                b"GET /search?q=%d-%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % (number, at) for at in range(1200)
            )
            with contextlib.suppress(BlockingIOError):
                client.send(flood)
        still_read(address)
    still_read(address)


def test_idle_connections_lock_nobody_out(address: str) -> None:
    wanted = 2300
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"only {hard} files may be open")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    try:
        with contextlib.ExitStack() as held:
            for _ in range(2100):
                held.enter_context(connect(address))
            still_read(address)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# What is told, and to whom


def test_the_access_log_has_a_line_a_request_whatever_its_path(serve: Serve, site_index: Path) -> None:
    with serve(site_index, "--access-log", "--workers", 1) as site:
        statuses(site.address, b"GET /a%0d%0aforged%1b[31m%C2%9b HTTP/1.1\r\nHost: localhost\r\n\r\n")
        site.get("/healthz")
    log = site.log.read_bytes()
    assert b"/a\\u000d\\u000aforged\\u001b" in log
    assert not set(log) & {0x0D, 0x1B}
    assert b"/healthz" in log


def test_no_request_forges_a_line_of_the_log_or_steers_a_terminal(serve: Serve, tmp_path: Path) -> None:
    with serve(tmp_path / "none", "--workers", 1) as site:
        path = b"/articles/a%0dforged%1b[31m%C2%9b%E2%80%AE"
        assert statuses(site.address, b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n" % path)[0] == [503]
    log = site.log.read_text("utf-8")
    assert "503 /articles/a\\u000dforged\\u001b[31m\\u009b\\u202e" in log
    assert not re.search("[\r\x1b\x9b\u202e]", log)


def test_a_traceback_is_set_in_and_escaped_too(site_index: Path) -> None:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(OneLine())
    app = create_app(Settings(index=site_index))

    def fail() -> None:
        raise ValueError("Zeile\n[ERROR] forged\r\x1b[2J\u202e")

    app.before_request(fail)
    logging.getLogger().addHandler(handler)
    try:
        assert app.test_client().get("/x%1b%0aforged").status_code == 500
    finally:
        logging.getLogger().removeHandler(handler)
    first, *rest = written.getvalue().splitlines()
    assert first == "500 /x\\u001b\\u000aforged"
    assert "  [ERROR] forged\\u000d\\u001b[2J\\u202e" in rest
    assert all(line.startswith("  ") for line in rest)


def test_a_public_address_answers_its_own_names_only(serve: Serve, site_index: Path) -> None:
    public = {"HELPCENTER_BASE_URL": "https://help.example.org"}
    with serve(site_index, "--host", "0.0.0.0", **public) as site:
        for host, status in (("localhost", 200), ("help.example.org", 200), ("evil.example", 400)):
            request = f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
            assert statuses(site.address, request.encode()) == ([status], True)
        assert "HELPCENTER_TRUSTED_HOSTS" in site.log.read_text()


def test_a_redirect_follows_no_host(site_index: Path) -> None:
    client = create_app(Settings(index=site_index)).test_client()
    answer = client.get("/topics//emergency?a=b", headers={"Host": "evil.example"})
    assert (answer.status_code, answer.headers["Location"]) == (308, "/topics/emergency?a=b")
    assert client.get("//evil.example//x").headers.get("Location", "/").count("//") == 0


@pytest.mark.parametrize("origin", ["http://[::1", "https://localhost", "http://localhost.evil", "null", "//localhost"])
def test_a_form_from_elsewhere_is_refused(site_index: Path, origin: str) -> None:
    client = create_app(Settings(index=site_index, database_url="sqlite:///:memory:")).test_client()
    for header in ("Origin", "Referer"):
        answer = client.post("/feedback/emergency/lost-phone", data={"vote": "yes"}, headers={header: origin})
        assert answer.status_code == 403


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "gzip, gzip"])
def test_no_body_is_decompressed(site_index: Path, coding: str) -> None:
    app = create_app(Settings(index=site_index, database_url="sqlite:///:memory:"))
    client = app.test_client()
    article = "emergency/lost-phone"
    token = re.search(r'name="token" value="([^"]+)"', client.get(f"/articles/{article}").text)
    assert token
    form = f"vote=yes&token={quote(token[1])}&x=".encode() + b"x" * 10_000_000
    packed = gzip.compress(form)
    assert len(packed) < 16 * 1024
    answer = client.post(
        f"/feedback/{article}",
        data=packed,
        headers={"Origin": "http://localhost", "Content-Encoding": coding},
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status_code == 403, "not one field of it was read"


def test_strangers_learn_no_paths(tmp_path: Path) -> None:
    client = create_app(Settings(index=tmp_path / "none")).test_client()
    assert str(tmp_path) in client.get("/readyz").text
    for headers in ({"X-Forwarded-For": "127.0.0.1"}, {"Host": "help.example.org"}, {"Via": "1.1 x"}):
        answer = client.get("/readyz", headers=headers)
        assert answer.status_code == 503
        assert str(tmp_path) not in answer.text


def test_figures_of_a_public_site_need_the_token(site_index: Path) -> None:
    for public in ({"base_url": "https://help.example.org"}, {"trusted_hosts": ("localhost",)}, {"proxy_hops": 1}):
        assert create_app(Settings(index=site_index, **public)).test_client().get("/metrics").status_code == 403
    client = create_app(Settings(index=site_index)).test_client()
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", headers={"Host": "help.example.org"}).status_code == 403
    assert client.get("/metrics", environ_overrides={"SERVER_PROTOCOL": "HTTP/1.0"}).status_code == 403


def test_a_static_file_is_kept_for_its_own_fingerprint_alone(site_index: Path) -> None:
    client = create_app(Settings(index=site_index)).test_client()
    address = re.findall(r'"(/static/app\.js\?v=\w+)"', client.get("/").text)[0]
    assert "immutable" in client.get(address).headers["Cache-Control"]
    for other in ("?v=anything", "?v=0", address.partition("app.js")[2] + "0"):
        assert client.get("/static/app.js" + other).headers["Cache-Control"] == "no-store"
