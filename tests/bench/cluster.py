"""The OpenSearch engine measured: the same answers as our own, how fast, how large. One node, started for it.

In: a number of sections (12,700). Out: lines of figures. `python tests/bench/cluster.py 12700`.
"""

from __future__ import annotations

import random
import re
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from corpus import Corpus

from index import Results, Snapshot, build, open_library, read_judgements
from index.cluster.client import Cluster
from index.cluster.filling import ClusterKeeper

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "tests" / "stress"))
from nodes import Nodes  # noqa: E402 its folder is named a line above

ASKED, SUBSTRINGS = 300, 1000
WARM = 100
"""Queries before anything is timed; the virtual machine compiles what it runs often."""
FILTERS: tuple[dict[str, list[str]], ...] = ({}, {"region": ["法国"]}, {"region": ["法国"], "situation": ["丢失"]})


def parts(results: Results) -> dict[str, object]:
    return {
        "order": [(hit.article, hit.section) for hit in results.hits],
        "labels": [hit.matched for hit in results.hits],
        "totals": (results.total, results.complete),
        "counts": results.facets,
        "snippets": [hit.snippet for hit in results.hits],
    }


def compare(ours: Snapshot, theirs: Snapshot, queries: list[str]) -> str:
    same: Counter[str] = Counter()
    for number, query in enumerate(queries):
        one, other = (parts(snapshot.search(query, FILTERS[number % 3])) for snapshot in (ours, theirs))
        same.update(name for name in one if one[name] == other[name])
    return ", ".join(f"{name} {same[name] / len(queries):.3f}" for name in parts(ours.search("")))


def substrings(ours: Any, theirs: Snapshot) -> int:
    """Of SUBSTRINGS runs of Han characters, how many are found exactly where a scan finds them."""
    postings = ours._scorer.postings
    visible = [postings.folded[one][postings._visible[one] :].decode() for one in range(ours.section_count)]
    draw, right, tried = random.Random(3), 0, 0
    while tried < SUBSTRINGS:
        runs = re.findall("[\u4e00-\u9fff]{2,}", draw.choice(visible))
        if not runs:
            continue
        run = draw.choice(runs)
        begin = draw.randrange(len(run) - 1)
        piece = run[begin : begin + draw.randint(2, 8)]
        tried += 1
        right += theirs.search(f'"{piece}"').total == sum(piece in text for text in visible)
    return right


def speed(snapshot: Snapshot, queries: list[str], ask: str) -> str:
    sent: Counter[int] = Counter()
    real, count = Cluster.search, [0]

    def counted(*arguments: Any) -> Any:
        count[0] += 1
        return real(*arguments)

    Cluster.search = counted  # type: ignore[method-assign]
    took = []
    for number, query in enumerate(queries):
        count[0] = 0
        began = time.perf_counter()
        getattr(snapshot, ask)(query)
        if number >= WARM:
            took.append((time.perf_counter() - began) * 1000)
            sent[count[0]] += 1
    Cluster.search = real  # type: ignore[method-assign]
    took.sort()
    p50, p99 = took[len(took) // 2], took[int(len(took) * 0.99)]
    return f"p50 {p50:.1f} ms, p99 {p99:.1f} ms; requests a query {dict(sorted(sent.items()))}"


def own_content(place: Path, nodes: Nodes) -> None:
    """What ships with the project, in both engines."""
    engine = f"opensearch+http://{nodes.hosts[0]}/own"
    build(ROOT / "content", place / "own")
    build(ROOT / "content", place / "own", engine=engine)
    ours, theirs = open_library(place / "own").snapshot(), open_library(place / "own", engine=engine).snapshot()
    files = sorted((ROOT / "tests" / "judgements").glob("*.tsv"))
    judged = list(dict.fromkeys(one.query for file in files for one in read_judgements(file)))
    pages = [snapshot for card in ours.cards() if (snapshot := ours.page(card.id))]
    headings = [section.heading for page in pages for section in page.article.sections if section.heading][:ASKED]
    print(f"{len(judged)} judged queries: {compare(ours, theirs, judged)}", flush=True)
    print(f"{len(headings)} headings: {compare(ours, theirs, headings)}", flush=True)
    print(f"substrings as a scan finds them: {substrings(ours, theirs)} of {SUBSTRINGS}", flush=True)
    asked = random.Random(3).sample(judged, ASKED + WARM)
    print(f"own content: {speed(theirs, asked, 'search')}", flush=True)
    print(f"own content, articles: {speed(theirs, asked, 'search_articles')}", flush=True)


def main(sections: int) -> None:
    with tempfile.TemporaryDirectory() as folder, Nodes(1, scripts=False) as nodes:
        print("Without scripts:")
        own_content(Path(folder), nodes)
    with tempfile.TemporaryDirectory() as folder, Nodes(1) as nodes:
        print("With scripts:")
        place = Path(folder)
        own_content(place, nodes)
        engine = f"opensearch+http://{nodes.hosts[0]}"
        corpus = Corpus(sections, ROOT / "content")
        corpus.write(place / "content")
        build(place / "content", place / "large")
        filled: list[float] = []
        real = ClusterKeeper.fill

        def fill(*arguments: Any) -> None:
            began = time.perf_counter()
            real(*arguments)
            filled.append(time.perf_counter() - began)

        ClusterKeeper.fill = fill  # type: ignore[method-assign]
        build(place / "content", place / "large", engine=f"{engine}/large")
        print(f"{sections} sections sent and compared in {filled.pop():.0f} s", flush=True)
        edited = sorted((place / "content").rglob("*.md"))[sections // 20]
        edited.write_text(edited.read_text("utf-8") + "\n另见运营商的说明。\n", "utf-8")
        build(place / "content", place / "large", engine=f"{engine}/large")
        print(f"after an edit of one article in {filled.pop():.1f} s", flush=True)
        queries = corpus.queries(ASKED + WARM)
        for name, address in (("our own engine", ""), ("OpenSearch", f"{engine}/large")):
            snapshot = open_library(place / "large", engine=address).snapshot()
            print(f"{name}: {speed(snapshot, queries, 'search')}", flush=True)
            print(f"{name}, articles: {speed(snapshot, queries, 'search_articles')}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 12_700)
