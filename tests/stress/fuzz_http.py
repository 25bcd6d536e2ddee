"""HTTP fuzzing: requests well formed and not, sent to the server directly and through the nginx of the guide.

In: seconds for each way (`fuzz_http.py 600`) and a seed. Out: what was sent and answered; exit 1 where an answer is a
5xx, where readers are not answered afterwards, or where the server counted more requests, or more of those hidden in
bodies, than nginx passed on: a body was then read as a request. Why counts: smuggling shows in no answer of its own.
"""

from __future__ import annotations

import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ground import Server, built, serving, wait_for, write_site
from support import ROOT, free_port, listens, nginx_path

REFUSED = ("501", "505")
"""What a request of unknown coding or version is answered: a fault of the client, with a number that says otherwise."""
HOST = b"help.example.org"
PATHS = [
    b"/", b"/search?q=%E6%89%8B%E6%9C%BA", b"/articles/t1/a1", b"/api/v1/search?q=a", b"/static/app.css", b"/healthz",
    b"//x", b"/%00", b"/%ff", b"/../etc/passwd", b"http://other/", b"*", b"/a b", b"/\xff", b"/" + b"a" * 9000,
]  # fmt: skip
METHODS = [b"GET"] * 5 + [b"POST", b"POST", b"HEAD", b"OPTIONS", b"PUT", b"CONNECT", b"TRACE", b"get", b"G\x00T", b""]
VERSIONS = [b"HTTP/1.1"] * 8 + [b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"HTTP/1.1 ", b"http/1.1", b""]
LENGTHS = [b"0", b"5", b"40", b"+5", b"-1", b"5, 5", b"0x5", b"99999999999999999999", b"5 ", b"", b"\xd9\xa5"]
CODINGS = [b"chunked", b"Chunked", b"xchunked", b"gzip, chunked", b"chunked, identity", b" chunked", b"\x0bchunked"]
INSIDE = '/topics[^"]*'
"""The route that is asked for in bodies, and by nobody else."""
INNER = b"GET /topics/inner HTTP/1.1\r\nHost: %b\r\n\r\n" % HOST
BODIES = [
    b"",
    b"hello",
    INNER,
    b"0\r\n\r\n",
    b"5\r\nhello\r\n0\r\n\r\n",
    b"0\r\n\r\n" + INNER,
    b"5;x=\n\r\nhello\r\n0\r\n\r\n",
    b"\xff" * 40,
]


def request_of(rng: random.Random) -> bytes:
    """One request; about half of them as a browser could send it."""
    good = rng.random() < 0.5
    method, version = (rng.choice(METHODS[:9]), b"HTTP/1.1") if good else (rng.choice(METHODS), rng.choice(VERSIONS))
    headers = [b"Host: " + HOST]
    body = b""
    if good:
        if method in (b"POST", b"PUT"):
            body = rng.choice(BODIES)
            headers.append(b"Content-Length: %d" % len(body))
    else:
        body = rng.choice(BODIES)
        some = [
            b"Content-Length: " + rng.choice(LENGTHS),
            b"Content-Length : " + rng.choice(LENGTHS),
            b"Transfer-Encoding: " + rng.choice(CODINGS),
            b"Transfer-Encoding:\r\n " + rng.choice(CODINGS),
            b"X: a\nTransfer-Encoding: chunked",
            b"Host: other",
            b"Connection: " + rng.choice([b"close", b"keep-alive, host", b"upgrade"]),
            b"Expect: 100-continue",
            b"Accept-Encoding: " + b"gzip," * rng.choice([1, 500]),
            bytes(rng.randrange(256) for _ in range(rng.randrange(20))),
        ]
        headers += rng.sample(some, rng.randint(0, 4))
        rng.shuffle(headers)
    end = b"\r\n" if good or rng.random() < 0.9 else b"\n"
    raw = end.join([b" ".join([method, rng.choice(PATHS[:6] if good else PATHS), version]), *headers, b"", b""]) + body
    if not good and rng.random() < 0.2:
        raw = raw[: rng.randrange(len(raw) + 1)]
    return raw


def attack(port: int, seconds: float, rng: random.Random) -> tuple[int, Counter[str]]:
    """Send for so long; how many requests were sent, and the statuses that came back."""
    until, sent, answers = time.monotonic() + seconds, 0, Counter[str]()
    while time.monotonic() < until:
        requests = [request_of(rng) for _ in range(rng.randint(1, 4))]
        sent += len(requests)
        received = b""
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.1) as client:
            client.sendall(b"".join(requests))
            if rng.random() < 0.3:
                client.shutdown(socket.SHUT_WR)
            while data := client.recv(65536):
                received += data
        found = [status.decode() for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", received)]
        answers.update(found)
        if any(status.startswith("5") and status not in REFUSED for status in found):
            print("5xx after", [request[:300] for request in requests])
    return sent, answers


def counted(server: Server, route: str = '[^"]*') -> int:
    """How many requests the server says it answered; those of one route, if named."""
    text = server.get("/metrics")[1]
    pattern = rf"^helpcenter_requests_total\{{route='{route}'[^}}]*\}} (\S+)$"
    found = re.findall(pattern.replace("'", '"'), text, re.MULTILINE)
    return sum(int(float(value)) for value in found)


@contextmanager
def nginx(folder: Path, *backends: int, limits: bool = False) -> Iterator[tuple[int, Path]]:
    """The nginx of the guide without TLS, with `limits` or without; its port, and its log of what it passed on."""
    port = free_port()
    text = (ROOT / "docs" / "deploy" / "nginx.conf").read_text("utf-8")
    text = re.sub(r"^server \{\n    listen 80;.*?^\}\n", "", text, flags=re.DOTALL | re.MULTILINE)
    unwanted = r"ssl_\w+|listen \[::\]" if limits else r"ssl_\w+|limit_\w+|listen \[::\]"
    text = re.sub(rf"^\s*({unwanted}).*\n", "", text, flags=re.MULTILINE)
    text = text.replace("listen 443 ssl http2;", f"listen 127.0.0.1:{port};")
    servers = "".join(f"    server 127.0.0.1:{backend} max_fails=0;\n" for backend in backends)
    text = re.sub(r"( *server 127\.0\.0\.1:800[01]\b.*\n)+", servers, text)
    text = text.replace("/var/lib/nginx/helpcenter ", f"{folder}/kept ")
    (folder / "site.conf").write_text(text, "utf-8")
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"{user}daemon off;pid {folder}/pid;worker_processes auto;worker_rlimit_nofile 8192;"
        "events {worker_connections 4096;}http {"
        "log_format passed '$upstream_addr $request_uri';"
        f"access_log {folder}/passed passed;{temporary}include {folder}/site.conf;}}"
    )
    program = nginx_path()
    assert program, "nginx is not installed"
    process = subprocess.Popen([program, "-c", folder / "nginx.conf", "-e", folder / "errors"])
    try:
        wait_for(lambda: listens(port))
        yield port, folder / "passed"
    finally:
        process.terminate()
        process.wait(20)


def main() -> int:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 300
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(10**6)
    bad = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_site(folder / "content", 0)
        built(folder / "content", folder / "index")
        with serving(folder / "index", folder / "server") as server, nginx(folder, server.port) as (proxy, log):
            for way, port in (("direct", server.port), ("nginx", proxy)):
                before, topics = counted(server), counted(server, INSIDE)
                sent, answers = attack(port, seconds, random.Random(seed))
                time.sleep(1)
                handled = counted(server) - before - 2  # two of these counts were answered meanwhile
                lines = log.read_text().splitlines()
                passed = sum(line.partition("/")[0].count(":") for line in lines)
                inner = sum(line.partition("/")[0].count(":") for line in lines if " /topics" in line)
                inside = counted(server, INSIDE) - topics
                print(f"{way}: seed {seed}, {sent:,} requests sent, answered {dict(sorted(answers.items()))}")
                print(f"{way}: the server counted {handled:,}, {inside} of them hidden in bodies")
                if way == "nginx":
                    print(f"nginx: passed on {passed:,}, {inner} of them hidden in bodies")
                bad += sum(
                    count for status, count in answers.items() if status.startswith("5") and status not in REFUSED
                )
                bad += way == "nginx" and (handled > passed or inside > inner)
                bad += server.get("/search?q=a")[0] != 200
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
