"""Soak: many varied requests, and memory that stays flat.

In: how many requests (`soak.py 200000`). Out: the private memory of both workers as it goes, requests a second; exit 1
on any answer that is no 2xx, 3xx or fitting 4xx, or on memory that keeps growing. Why varied: a leak hides in what is
kept for each new query, not in the thousandth time of one. The index is rebuilt four times on the way.
"""

from __future__ import annotations

import random
import sys
import tempfile
import threading
import time
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote

from ground import Server, built, serving, write_site

THREADS = 4
ALLOWED = 0.06
"""Growth of memory over the last four tenths, as a share: the allocator's noise. 100 bytes a request would be 15 %."""
SMALLEST = 16
"""MB of growth that is always noise, however small the share: what two workers touch of what they share."""
REBUILDS = 4
VARIED = 100_000
"""Requests from which caches fill on the way and all may be new; fewer repeat after a tenth and must add nothing."""
WORDS = (
    "手机 丢失 激活码 补办 eSIM 卡 停用 号码 法国 护照 运营商 下载 安装 jihuo xiezai buka wifi 網路 遗失 步骤 提醒 保存"
).split()
OTHERS = (
    "/ /topics/t1 /articles/t1/a1 /zh-hant/articles/t2/a2 /articles/t3/a3/sections/steps /no/such /feed.atom"
    " /sitemap.xml /llms.txt /static/app.css /healthz /readyz /openapi.json"
).split()


def request_of(rng: random.Random) -> tuple[str, dict[str, str]]:
    """Path and headers of one request; nearly every search is new."""
    kind = rng.random()
    if kind < 0.15:
        return rng.choice(OTHERS), {}
    query = " ".join(rng.choices(WORDS, k=rng.randint(1, 5))) + rng.choice(["", "", str(rng.randrange(10**6))])
    if rng.random() < 0.1:
        query = "".join(chr(rng.randrange(0x4E00, 0x9FA5)) for _ in range(rng.randint(2, 40)))
    target = f"q={quote(query)}" + rng.choice(["", "", f"&region={quote('法国')}", "&page=2"])
    if kind < 0.35:
        return f"/api/v1/search?{target}".replace("&page=2", "&offset=10"), {}
    return f"/search?{target}", rng.choice([{}, {"HX-Request": "true"}, {"Accept-Encoding": "gzip"}])


def main() -> None:
    total = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    with tempfile.TemporaryDirectory() as folder:
        content, index = Path(folder, "content"), Path(folder, "index")
        write_site(content, 0)
        built(content, index)
        with serving(index, Path(folder, "server")) as server:
            started = time.monotonic()
            statuses: dict[int, int] = {}
            memory = [private(server)]
            for part in range(10):
                for status, count in ask(server, total // 10, part if total >= VARIED else 0).items():
                    statuses[status] = statuses.get(status, 0) + count
                if part < REBUILDS:
                    write_site(content, part + 1)
                    built(content, index)
                memory.append(private(server))
                print(f"{(part + 1) * 10} %: {memory[-1]:.1f} MB", flush=True)
            seconds = time.monotonic() - started
        bad = {status: count for status, count in statuses.items() if status >= 500 or status == 0}
        assert "Traceback" not in server.log.read_text()
    growth = memory[-1] - memory[6]
    asked = sum(statuses.values())
    print(
        f"{asked} requests, {sum(bad.values())} errors, {asked / seconds:.0f} a second; private memory of two"
        f" workers {memory[6]:.1f} MB at 60 %, {memory[-1]:.1f} MB at the end"
    )
    assert not bad, bad
    assert growth < max(SMALLEST, memory[6] * ALLOWED), f"{growth:.1f} MB more in the last four tenths"


def ask(server: Server, count: int, seed: int) -> dict[int, int]:
    """Send requests from all threads; how often each status came, 0 for a broken connection."""
    statuses: dict[int, int] = {}
    lock = threading.Lock()

    def read(number: int) -> None:
        rng = random.Random(f"{seed} {number}")
        connection = HTTPConnection("127.0.0.1", server.port, timeout=20)
        for _ in range(count // THREADS):
            path, headers = request_of(rng)
            try:
                connection.request("GET", path, headers=headers)
                answer = connection.getresponse()
                answer.read()
                status = answer.status
            except Exception:
                connection.close()
                status = 0
            with lock:
                statuses[status] = statuses.get(status, 0) + 1
        connection.close()

    threads = [threading.Thread(target=read, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses


def private(server: Server) -> float:
    """MB that the workers share with nobody."""
    total = 0
    for pid in server.workers():
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Private_Dirty"):
                total += int(line.split()[1])
    return total / 1024


if __name__ == "__main__":
    main()
