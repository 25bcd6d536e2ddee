"""`make bench`: the speed table, this project and its rivals in one run, on sites of growing size.

In: numbers of sections. Out: for each, a Markdown table of latencies, requests a second, memory, index time and size.
Why one run: machines differ, and one machine differs from minute to minute; only ratios within a run mean something. So
all servers stand at once and are asked in turns, and a figure is the median of its rounds.
Why two loads: the kernel deals connections out to workers at random, so as many connections as workers often queue at
one of them while the other idles. Latency is therefore that of one client, who waits for nobody else; answers a second
are those of clients enough to keep every worker busy. Each engine stands under both.
Everything is made under `instance/bench/`, the same each time.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

from corpus import Corpus
from engines import ENGINES, segmenter

sys.path.append(str(Path(__file__).parents[1]))
from support import HELPCENTER, ROOT, free_port

HERE = Path(__file__).parent
PLACE = ROOT / "instance" / "bench"
ROUNDS, SECONDS = 5, 3
"""Turns of each server, kind of traffic and load, and how long one lasts. No fresh turn asks what another has asked."""
WORKERS = 2
ONE, MANY = 1, 8 * WORKERS
"""Connections: for latency, which is then service time; for answers a second."""
QUERIES = 10_000
"""Of a turn; the crowd draws from as many others. A turn that asks more begins anew, which helps whoever keeps answers:
that takes 3,300 a second."""
OURS = "this project"
Figures = tuple[float, float, float, float]
"""p50, p95, p99 in milliseconds, requests a second."""
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

    write_queries(corpus, place)
    built = {OURS: (build_ours(place), place / "index")}
    for key, engine in ENGINES.items():
        folder = place / key
        folder.mkdir()
        started = time.perf_counter()
        engine().build(corpus.docs, folder)
        built[key] = (time.perf_counter() - started, folder)

    print("| " + " | ".join(COLUMNS) + " |\n|---|" + "--:|" * (len(COLUMNS) - 1))
    with contextlib.ExitStack() as servers:
        running = {name: servers.enter_context(serving(place, name)) for name in built}
        figures = measure(place, {name: port for name, (port, _) in running.items()})
        for name, (seconds, folder) in built.items():
            size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
            made = f"{seconds:.1f} | {seconds / bare:.2f} | {size:.1f}" if size else "| |"
            shared, own = memory(running[name][1])
            label = ENGINES[name].name if name in ENGINES else name
            print(f"| {label} | {figures[name]} | {made} | {shared:.0f} | {own:.0f} |", flush=True)

    print(f"\nbare jieba over the same text, one core: {bare:.2f} s")
    print(f"`helpcenter serve` from start to its first answer: {first_answer(place):.2f} s")
    changed = place / "content" / f"{corpus.docs[0].article}.md"
    again = []
    for _ in range(ROUNDS):
        changed.write_text(changed.read_text("utf-8") + "\n新加的一段。\n", "utf-8")
        again.append(build_ours(place))
    small, full = statistics.median(again), build_ours(place, "--full")
    print(
        f"rebuild after one changed file of {len(corpus.articles)}: {small:.2f} s, {small / full:.1%} of {full:.2f} s"
    )


def build_ours(place: Path, *options: str) -> float:
    """Seconds of `helpcenter index`, the start of Python included."""
    started = time.perf_counter()
    command = [HELPCENTER, "index", "--content", place / "content", "--index", place / "index", "--quiet", *options]
    subprocess.run(command, check=True)
    return time.perf_counter() - started


def write_queries(corpus: Corpus, place: Path) -> None:
    """The files that wrk reads, one for each turn."""
    names = [f"{clients}-{turn}" for turn in range(ROUNDS) for clients in (ONE, MANY)]
    queries = corpus.queries(QUERIES * (len(names) + 1) + 300)
    crowd = corpus.crowd(queries[-QUERIES:], QUERIES * len(names))
    turns = {"warm": queries[:300]}
    for number, name in enumerate(names):
        turns[f"fresh-{name}"] = queries[300 + number * QUERIES :][:QUERIES]
        turns[f"crowd-{name}"] = crowd[number * QUERIES :][:QUERIES]
    for name, asked in turns.items():
        (place / name).write_text("".join(f"/search?q={quote(query)}\n" for query in asked))


def measure(place: Path, ports: dict[str, int]) -> dict[str, str]:
    """The latency columns of each server."""
    for port in ports.values():
        load(port, place / "warm", MANY, 1)
    seen: dict[tuple[str, str], list[Figures]] = {}
    for turn in range(ROUNDS):
        for kind in ("fresh", "crowd"):
            for name, port in ports.items():
                alone, among = (load(port, place / f"{kind}-{one}-{turn}", one, SECONDS) for one in (ONE, MANY))
                seen.setdefault((name, kind), []).append((*alone[:3], among[3]))
    middle = {key: [statistics.median(column) for column in zip(*rounds, strict=True)] for key, rounds in seen.items()}
    return {
        name: "{:.2f} | {:.2f} | {:.2f} | {:.0f}".format(*middle[name, "fresh"])
        + " | {0:.2f} | {2:.2f} | {3:.0f}".format(*middle[name, "crowd"])
        for name in ports
    }


@contextlib.contextmanager
def serving(place: Path, name: str) -> Iterator[tuple[int, int]]:
    """A server on WORKERS: this project's own, or a rival behind the same server. Yields port and process."""
    port = free_port()
    command: Sequence[str | Path] = (
        [sys.executable, HERE / "rival.py", name, place / name, str(port), str(WORKERS)]
        if name in ENGINES
        else [HELPCENTER, "serve", "--index", place / "index", "--port", str(port), "--workers", str(WORKERS)]
    )
    with (place / "server.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=place, stdout=log, stderr=log)
    try:
        until = time.monotonic() + 60
        while not answers(port):
            if process.poll() is not None or time.monotonic() > until:
                sys.exit(f"{name} did not start, see {place / 'server.log'}")
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
    with serving(place, OURS):
        return time.perf_counter() - started


def load(port: int, paths: Path, clients: int, seconds: int) -> Figures:
    """The figures under so many clients that ask without a pause."""
    command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}", "--timeout", "30", "-s", str(HERE / "load.lua")]
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
