"""One hostile client, and one reader who asks five times a second: how long the reader waits meanwhile.

In: seconds for each attack, words of their names if not all (`hostile.py 20 forms idle`). Out: the reader's median and
longest wait, directly and through the nginx of the guide, limits included; exit 1 where the reader was once not
answered with 200, or a median is above a second. The attacker has one core and a process of its own, as a client
elsewhere would; on two cores it takes half the machine besides, so read the figures of a quiet machine.
"""

from __future__ import annotations

import asyncio
import itertools
import multiprocessing
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote

from fuzz_http import nginx
from ground import built, serving, write_site

HOST = b"help.example.org"
HEAD = b"Host: " + HOST + b"\r\n"
PATHS = (
    "/",
    "/articles/t1/a1",
    f"/search?q={quote('补办 eSIM 卡')}",
    f"/search?q={quote('手机丢失')}+{{}}",
    "/topics/t3",
)
ELSEWHERE = "127.0.0.2"
"""The reader's own address; limits by address are not meant for them."""
EVERY = 0.2
TIMEOUT = 30.0
numbers = itertools.count()


async def connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port)


async def pipelined(port: int) -> None:
    """Searches that nobody asked before, two hundred in one write; the answers are read as fast as they come."""
    reader, writer = await connect(port)
    for _ in range(200):
        writer.write(b"GET /search?q=%d+esim+%d HTTP/1.1\r\n%b\r\n" % (next(numbers), next(numbers), HEAD))
    await writer.drain()
    while await reader.read(1 << 16):
        pass


async def unread(port: int) -> None:
    """The same, but no answer is ever read."""
    _, writer = await connect(port)
    for _ in range(200):
        writer.write(b"GET /search?q=%d+wifi HTTP/1.1\r\n%b\r\n" % (next(numbers), HEAD))
    await asyncio.sleep(20)
    writer.close()


async def dearest(port: int) -> None:
    """What takes the server longest, by addresses that no cache knows."""
    reader, writer = await connect(port)
    paths = (
        "zh-hant/llms-full.txt",
        "zh-hant/feed.atom",
        "download",
        "api",
        "sitemap.xml",
        "search",
        "articles/lost" * 500,
    )
    for number in range(60):
        kind = b"Accept: text/markdown\r\n" * (number % 2)
        writer.write(b"GET /%b?z=%d HTTP/1.1\r\n%b%b\r\n" % (paths[number % 7].encode(), next(numbers), HEAD, kind))
        await writer.drain()
    while await reader.read(1 << 16):
        pass


async def big_bodies(port: int) -> None:
    """Forms of 100 MB, sent as fast as they are taken."""
    _, writer = await connect(port)
    writer.write(b"POST /feedback/t1/a1 HTTP/1.1\r\n%bOrigin: http://help.example.org\r\n" % HEAD)
    writer.write(b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100000000\r\n\r\n")
    for _ in range(100):
        writer.write(b"vote=yes&" * 100_000)
        await writer.drain()


async def slow_heads(port: int) -> None:
    """A header, a letter a second."""
    _, writer = await connect(port)
    writer.write(b"GET / HTTP/1.1\r\nHost: ")
    for letter in HOST * 2:
        writer.write(bytes([letter]))
        await writer.drain()
        await asyncio.sleep(1)


async def slow_bodies(port: int) -> None:
    """A form, a letter a second."""
    _, writer = await connect(port)
    writer.write(b"POST /feedback/t1/a1 HTTP/1.1\r\n%bOrigin: http://help.example.org\r\n" % HEAD)
    writer.write(b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 500\r\n\r\n")
    for _ in range(30):
        writer.write(b"v")
        await writer.drain()
        await asyncio.sleep(1)


async def half_closed(port: int) -> None:
    """Requests, whole and half, after which the client says that it has nothing more to say."""
    reader, writer = await connect(port)
    writer.write((b"GET /search?q=%d HTTP/1.1\r\n%b\r\n" % (next(numbers), HEAD))[: 20 + next(numbers) % 90])
    writer.write_eof()
    await asyncio.wait_for(reader.read(), 20)
    writer.close()


async def idle(port: int) -> None:
    """A connection on which nothing is sent."""
    _, writer = await connect(port)
    await asyncio.sleep(20)
    writer.close()


ATTACKS: dict[str, list[tuple[Callable[[int], Awaitable[None]], int]]] = {
    "nobody": [],
    "pipelined searches on 64 connections": [(pipelined, 64)],
    "the dearest pages on 64 connections": [(dearest, 64)],
    "64 connections that read no answer": [(unread, 64)],
    "100 MB forms on 64 connections": [(big_bodies, 64)],
    "slow heads on 500 connections": [(slow_heads, 500)],
    "slow forms on 100 connections": [(slow_bodies, 100)],
    "half-closed sockets, 64 at a time": [(half_closed, 64)],
    "2,100 idle connections": [(idle, 2100)],
    "all of them": [
        *((pipelined, 32), (unread, 32), (big_bodies, 16), (slow_heads, 200)),
        *((slow_bodies, 50), (half_closed, 32), (idle, 1500)),
    ],
}


def attack(port: int, name: str) -> None:
    """Attack until this process is killed."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard if hard == resource.RLIM_INFINITY else min(8192, hard), hard))

    async def again(one: Callable[[int], Awaitable[None]]) -> None:
        while True:
            with suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
                await one(port)
            await asyncio.sleep(0.01)

    async def all_at_once() -> None:
        await asyncio.gather(*(again(one) for one, count in ATTACKS[name] for _ in range(count)))

    asyncio.run(all_at_once())


def read(port: int, seconds: float) -> tuple[list[float], list[str]]:
    """One reader: how long each answer took, and what was no answer."""
    waits, faults = [], []
    until = time.monotonic() + seconds
    for number in itertools.count():
        started = time.monotonic()
        if started > until:
            return waits, faults
        path = PATHS[number % len(PATHS)].format(number)
        connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT, source_address=(ELSEWHERE, 0))
        try:
            connection.request("GET", path, headers={"Host": HOST.decode()})
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                faults.append(f"{path}: {answer.status}")
        except OSError as error:
            faults.append(f"{path}: {error!r}")
        connection.close()
        waits.append(time.monotonic() - started)
        time.sleep(max(0.0, started + EVERY - time.monotonic()))
    raise AssertionError


def main() -> int:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 20
    chosen = [name for name in ATTACKS if not sys.argv[2:] or any(word in name for word in sys.argv[2:])]
    bad = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_site(folder / "content", 0)
        built(folder / "content", folder / "index")
        with (
            serving(folder / "index", folder / "server", BASE_URL="http://help.example.org") as server,
            nginx(folder, server.port, limits=True) as (proxy, _),
        ):
            print(f"{'a reader waits, ms':38}{'directly':>18}{'behind nginx':>18}")
            print(f"{f'(load of the machine {os.getloadavg()[0]:.0f})':38}{'p50':>9}{'max':>9}{'p50':>9}{'max':>9}")
            for what in chosen:
                line = f"{what:38}"
                for port in (server.port, proxy):
                    attacker = multiprocessing.Process(target=attack, args=(port, what), daemon=True)
                    attacker.start()
                    time.sleep(2)
                    waits, faults = read(port, seconds)
                    attacker.kill()
                    attacker.join()
                    line += f"{statistics.median(waits) * 1000:9.0f}{max(waits) * 1000:9.0f}"
                    bad += len(faults) + (statistics.median(waits) > 1)
                    if faults:
                        line += f" {len(faults)} failed: {faults[:3]}"
                    time.sleep(1)
                print(line, flush=True)
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
