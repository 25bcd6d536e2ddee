"""The short way through HTTP agrees with gunicorn's long one wherever it dares to answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import ParseException
from gunicorn.http.parser import RequestParser
from gunicorn.http.wsgi import create
from hypothesis import given, settings
from hypothesis import strategies as st

from helpcenter.serving.plain_http import LONGEST_BODY, LONGEST_HEAD, Refused, call, plain_environ, request_size

CLIENT, SERVER = ("192.0.2.7", 50000), ("127.0.0.1", 8000)
CONFIG = Config()
CONFIG.set("limit_request_line", 8190)

names = st.sampled_from(
    ["Host", "host", "Accept", "accept-language", "HX-Request", "Connection", "Cookie", "X-Forwarded-For", "X_Under",
     "Content-Length", "Transfer-Encoding", "Expect", "Upgrade", "If-None-Match", "Bad Name", "Script-Name", ""]
)  # fmt: skip
values = st.one_of(
    st.sampled_from(["localhost", "close", "keep-alive", "0", "5", "chunked", "100-continue", "zh-CN,zh;q=0.9", ""]),
    st.text(st.characters(max_codepoint=255), max_size=12),
)
targets = st.one_of(
    st.sampled_from(
        ["/", "/search?q=%E4%B8%A2", "/a%2Fb/../c?x=1?y", "*", "//x", "/%", "/%zz", "/a#b", "http://x/", "/;a=b"]
    ),
    st.text(st.characters(max_codepoint=255), max_size=12).map(lambda text: "/" + text),
)


def written(method: str, target: str, headers: Iterable[tuple[str, str]]) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def gunicorn_environ(request: bytes) -> dict[str, Any] | None:
    """The environment, or None where gunicorn refuses the request."""
    try:
        parsed = next(RequestParser(CONFIG, [request], CLIENT))
    except (ParseException, StopIteration):
        return None
    return dict(create(parsed, None, CLIENT, SERVER, CONFIG)[1])


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(["GET", "HEAD", "POST", "get"]), targets, st.lists(st.tuples(names, values), max_size=5))
def test_it_sees_what_gunicorn_sees(method: str, target: str, headers: list[tuple[str, str]]) -> None:
    request = written(method, target, [("Host", "localhost"), *headers])
    ours = plain_environ(request, CLIENT, SERVER)
    if ours is None:
        return
    theirs = gunicorn_environ(request)
    assert theirs is not None
    assert {name: value for name, value in theirs.items() if name.isupper()} == {
        name: value for name, value in ours.items() if name.isupper()
    } | {"SERVER_SOFTWARE": theirs["SERVER_SOFTWARE"]}


def test_a_browsers_request_is_plain() -> None:
    headers = [
        ("Host", "localhost:8000"),
        ("Accept-Language", "zh-CN,zh;q=0.9"),
        ("Cookie", "a=b"),
        ("Connection", "keep-alive"),
    ]
    environ = plain_environ(written("GET", "/search?q=%E4%B8%A2&page=2", headers), CLIENT, SERVER)
    assert environ is not None
    assert environ["QUERY_STRING"] == "q=%E4%B8%A2&page=2"


@pytest.mark.parametrize(
    ("received", "size"),
    [
        (b"", 0),
        (b"GET / HTTP/1.1\r\n", 0),
        (b"GET / HTTP/1.1\r\n\r\n", 18),
        (b"GET / HTTP/1.1\r\n\r\nGET", 18),
        (b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab", 0),
        (b"POST / HTTP/1.1\r\nCONTENT-LENGTH:3\r\n\r\nabc", 40),
        (b"GET / HTTP/1.1\r\nCONTENT-LENGTH: 3\r\n\r\nabcGET", 40),
    ],
)
def test_a_request_ends_where_its_body_ends(received: bytes, size: int) -> None:
    assert request_size(received) == size


@pytest.mark.parametrize(
    ("received", "status"),
    [
        (b"GET / HTTP/1.1\r\nX: " + b"a" * LONGEST_HEAD, "431"),
        (b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (LONGEST_BODY + 1), "413"),
        (b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n", "411"),
    ],
)
def test_what_would_take_too_long_is_refused(received: bytes, status: str) -> None:
    with pytest.raises(Refused, match=status):
        request_size(received)


@pytest.mark.parametrize(
    ("method", "status", "length", "body"),
    [
        ("GET", "200 OK", b"Content-Length: 4", b"text"),
        ("HEAD", "200 OK", b"Content-Length: 4", b""),
        ("GET", "304 NOT MODIFIED", b"", b""),
    ],
)
def test_the_answer_is_framed(method: str, status: str, length: bytes, body: bytes) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response(status, [("X-Header", "1")])
        return [b"te", b"xt"]

    head, _, sent = call(app, {"REQUEST_METHOD": method}, keep=True).partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status}\r\nX-Header: 1\r\nDate: ".encode())
    assert length in head
    assert sent == body
    assert b"Connection: close" in call(app, {"REQUEST_METHOD": method}, keep=False)


def test_a_header_cannot_carry_another() -> None:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Location", "/x\r\nSet-Cookie: a=b")])
        return []

    with pytest.raises(ValueError, match="line break"):
        call(app, {"REQUEST_METHOD": "GET"}, keep=True)
