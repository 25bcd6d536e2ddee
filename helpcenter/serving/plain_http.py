"""The plain case of HTTP: a GET or HEAD without a body, as bytes, to a WSGI environment; a WSGI answer, to bytes.

In: one request, already received in whole. Out: its environment, or None for anything at all unusual, which is left to
gunicorn's own parser. Why our own for the plain case: it is every page view, and gunicorn's general code takes longer
over it than Flask over an empty page (figures in `helpcenter/serving/worker.py`).
A change here must only ever narrow what counts as plain.
"""

from __future__ import annotations

import io
import re
import sys
import time
from collections.abc import Callable
from email.utils import formatdate
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

HEAD_END = b"\r\n\r\n"
LONGEST_HEAD = 16 * 1024
LONGEST_BODY = 64 * 1024
"""Of a POST; forms here have a few hundred characters."""

# Underscores in names are left out: `X_Forwarded_For` and `X-Forwarded-For` would share a variable.
PLAIN = re.compile(r"(GET|HEAD) (/[!\"$-~]*) HTTP/1\.1\r\n((?:[A-Za-z0-9!#$%&'*+.^`|~-]+:[\t -~\x80-\xff]*\r\n)+)\r\n")
UNUSUAL = frozenset(
    f"HTTP_{name}" for name in ("CONTENT_LENGTH", "CONTENT_TYPE", "TRANSFER_ENCODING", "EXPECT", "UPGRADE", "TE")
)
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,9})[ \t]*\r\n", re.IGNORECASE)
CODING = re.compile(rb"\r\ntransfer-encoding[ \t]*:", re.IGNORECASE)


class Refused(Exception):
    """A request that is not even read to its end; the message is the status line's end."""


def request_size(received: bytes) -> int:
    """How many bytes the first request takes, its body included; 0 while more must come. Raises `Refused`."""
    end = received.find(HEAD_END, 0, LONGEST_HEAD)
    if end < 0:
        if len(received) >= LONGEST_HEAD:
            raise Refused("431 Request Header Fields Too Large")
        return 0
    size = end + len(HEAD_END)
    if CODING.search(received, 0, size):
        raise Refused("411 Length Required")
    length = LENGTH.search(received, 0, size)
    body = int(length[1]) if length else 0
    if body > LONGEST_BODY:
        raise Refused("413 Content Too Large")
    return size + body if len(received) >= size + body else 0


def plain_environ(request: bytes, client: Any, server: Any) -> dict[str, Any] | None:
    """The WSGI environment of a plain request, or None. `client` and `server` are socket addresses."""
    matched = PLAIN.fullmatch(request.decode("latin-1"))
    if matched is None:
        return None
    method, target, headers = matched.groups()
    path, _, query = target.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1") if "%" in path else path,
        "QUERY_STRING": query,
        "RAW_URI": target,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "REMOTE_ADDR": client[0],
        "REMOTE_PORT": str(client[1]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
    }
    for line in headers.split("\r\n"):
        name, colon, value = line.partition(":")
        key = variable(name)
        if key in environ:
            return None
        if colon:
            environ[key] = value.strip(" \t")
    if "HTTP_HOST" not in environ or not UNUSUAL.isdisjoint(environ):
        return None
    if environ.get("HTTP_CONNECTION", "keep-alive").lower() not in ("keep-alive", "close"):
        return None
    return environ


@lru_cache(maxsize=256)
def variable(name: str) -> str:
    """`Accept-Language` to `HTTP_ACCEPT_LANGUAGE`."""
    return "HTTP_" + name.upper().replace("-", "_")


def call(app: WSGIApplication, environ: dict[str, Any], keep: bool) -> bytes:
    """The whole answer of `app`; `keep` says whether the connection stays open after it. Raises what `app` raises."""
    started: list[Any] = []
    written: list[bytes] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        started[:] = status, headers
        return written.append

    chunks = app(environ, start_response)
    try:
        body = b"".join([*written, *chunks])
    finally:
        if hasattr(chunks, "close"):
            chunks.close()
    status, headers = started
    lines = [f"HTTP/1.1 {status}", *map(": ".join, headers), f"Date: {http_date(int(time.time()))}"]
    if not keep:
        lines.append("Connection: close")
    bodiless = status[:3] in ("204", "304")
    if not bodiless and not any(len(name) == 14 and name.lower() == "content-length" for name, _ in headers):
        lines.append(f"Content-Length: {len(body)}")
    head = "\r\n".join(lines)
    if head.count("\n") != len(lines) - 1 or head.count("\r") != len(lines) - 1:
        raise ValueError("a header of the answer contains a line break")
    if bodiless or environ["REQUEST_METHOD"] == "HEAD":
        body = b""
    return b"%b\r\n\r\n%b" % (head.encode("latin-1"), body)


@lru_cache(maxsize=2)
def http_date(second: int) -> str:
    """The `Date` header of a second since 1970."""
    return formatdate(second, usegmt=True)
