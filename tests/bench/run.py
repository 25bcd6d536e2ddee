"""`make bench`: the speed table, this project and its rivals in one run, on sites of growing size.

In: numbers of sections. Out: for each, a Markdown table of latencies, requests a second, memory, index time and size.
Why one run: machines differ, and one machine differs from minute to minute; only ratios within a run mean something.
Everything is made under `instance/bench/`, deterministically, and made once.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

from corpus import Corpus
from engines import ENGINES, segmenter

ROOT = Path(__file__).parent.parent.parent
HERE = Path(__file__).parent
PLACE = ROOT / "instance" / "bench"
HELPCENTER = Path(sys.executable).with_name("helpcenter")
SECONDS = 6
CONNECTIONS = 2
"""As many as workers: then latency is service time, not queueing."""
FRESH, CROWD = 60_000, 60_000
OURS = "this project"
COLUMNS = ("engine", "fresh p50 ms", "p95", "p99", "requests/s", "crowd p50 ms", "p99", "requests/s",
           "index s", "× bare jieba", "index MB", "PSS a worker MB", "a worker adds MB")  # fmt: skip


def main() -> None:
    sizes = [int(size) for size in sys.argv[1:]] or [1000, 12700]
    for size in sizes:
        bench(size)


def bench(size: int) -> None:
    """One table."""
    print(f"\n## {size} sections\n", flush=True)
    place = PLACE / str(size)
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    jieba = segmenter()
    corpus = Corpus(size, ROOT / "content")
    corpus.write(place / "content")
    text = sum(len(doc.text) for doc in corpus.docs)
    print(f"{len(corpus.articles)} articles, {text / 1e6:.2f} million characters\n", flush=True)

    started = time.perf_counter()
    for doc in corpus.docs:
        jieba.lcut(doc.text)
    bare = time.perf_counter() - started

    fresh = corpus.queries(FRESH)
    paths = {
        "fresh": fresh,
        "crowd": corpus.crowd(fresh[: FRESH // 4], CROWD),
        "warm": corpus.queries(FRESH + 300)[-300:],
    }
    for name, queries in paths.items():
        (place / name).write_text("".join(f"/search?q={quote(query)}\n" for query in queries))

    print("| " + " | ".join(COLUMNS) + " |")
    print("|---|" + "--:|" * (len(COLUMNS) - 1), flush=True)
    print(row_of(OURS, place, build_ours(place), bare, place / "index"), flush=True)
    for key, engine in ENGINES.items():
        folder = place / key
        folder.mkdir()
        started = time.perf_counter()
        engine().build(corpus.docs, folder)
        print(row_of(engine.name, place, time.perf_counter() - started, bare, folder, key), flush=True)

    print(f"\nbare jieba over the same text, one core: {bare:.2f} s")
    print(f"`helpcenter serve` from start to its first answer: {first_answer(place):.2f} s")
    changed = place / "content" / f"{corpus.docs[0].article}.md"
    changed.write_text(changed.read_text("utf-8") + "\n新加的一段。\n", "utf-8")
    again = build_ours(place)
    full = build_ours(place, "--full")
    print(
        f"rebuild after one changed file of {len(corpus.articles)}: {again:.2f} s, {again / full:.1%} of {full:.2f} s"
    )


def build_ours(place: Path, *options: str) -> float:
    """Seconds of `helpcenter index`, the start of Python included."""
    started = time.perf_counter()
    command = [HELPCENTER, "index", "--content", place / "content", "--index", place / "index", "--quiet", *options]
    subprocess.run(command, check=True)
    return time.perf_counter() - started


def row_of(name: str, place: Path, seconds: float, bare: float, index: Path, rival: str = "") -> str:
    """One line of the table, measured now."""
    with serving(place, rival) as (port, pid):
        load(port, place / "warm", 1)
        fresh = load(port, place / "fresh", SECONDS)
        crowd = load(port, place / "crowd", SECONDS)
        shared, own = memory(pid)
    size = sum(path.stat().st_size for path in index.rglob("*") if path.is_file()) / 1e6
    made = f"{seconds:.1f} | {seconds / bare:.2f} | {size:.1f}" if not name.startswith("floor") else "| |"
    p50, p95, p99, rate = fresh
    return (
        f"| {name} | {p50:.2f} | {p95:.2f} | {p99:.2f} | {rate:.0f} | {crowd[0]:.2f} | {crowd[2]:.2f} | {crowd[3]:.0f}"
        f" | {made} | {shared:.0f} | {own:.0f} |"
    )


@contextlib.contextmanager
def serving(place: Path, rival: str = "") -> Iterator[tuple[int, int]]:
    """A server on two workers: this project's own, or a rival behind the same server. Yields port and process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command: Sequence[str | Path] = (
        [sys.executable, HERE / "rival.py", rival, place / rival, str(port)]
        if rival
        else [HELPCENTER, "serve", "--index", place / "index", "--port", str(port), "--workers", "2"]
    )
    with (place / "server.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=place, stdout=log, stderr=log)
    try:
        until = time.monotonic() + 60
        while not answers(port):
            if process.poll() is not None or time.monotonic() > until:
                sys.exit(f"{rival or OURS} did not start, see {place / 'server.log'}")
            time.sleep(0.02)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(60)


def answers(port: int) -> bool:
    """Whether a search is answered."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/search?q=eSIM", timeout=30) as answer:
            return bool(answer.read())
    except OSError:
        return False


def first_answer(place: Path) -> float:
    """Seconds from the start of the command to the first page of results."""
    started = time.perf_counter()
    with serving(place):
        return time.perf_counter() - started


def load(port: int, paths: Path, seconds: int) -> tuple[float, float, float, float]:
    """p50, p95, p99 in milliseconds and requests a second under CONNECTIONS clients that ask without a pause."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}", "--timeout", "30", "-s", str(HERE / "load.lua")]
    shown = subprocess.run(
        [*command, f"http://127.0.0.1:{port}", "--", str(paths)], capture_output=True, text=True, check=True
    ).stdout
    numbers = re.search(r"^figures (.*)$", shown, re.MULTILINE)
    if numbers is None:
        sys.exit(f"wrk said:\n{shown}")
    requests, duration, p50, p95, p99, errors = map(int, numbers[1].split())
    if errors:
        sys.exit(f"{errors} of {requests} requests failed")
    return p50 / 1000, p95 / 1000, p99 / 1000, requests / duration * 1e6


def memory(pid: int) -> tuple[float, float]:
    """MB of a worker: its share (PSS), and what only it holds, so what a further worker adds; the larger of two."""
    workers = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    shares, own = [], []
    for worker in workers:
        fields = dict(re.findall(r"^(\w+): +(\d+) kB", Path(f"/proc/{worker}/smaps_rollup").read_text(), re.MULTILINE))
        shares.append(int(fields["Pss"]) / 1024)
        own.append((int(fields["Private_Clean"]) + int(fields["Private_Dirty"])) / 1024)
    return max(shares), max(own)


if __name__ == "__main__":
    main()
