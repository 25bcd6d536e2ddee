"""`make audit`, its third part: the saved copy, in a browser that was started anew, without server and network.

In: `content/`, the judged queries; folders given as arguments (`corpus.jsonl`, `queries.tsv`, `qrels.tsv` each) are
measured too. Out: one Markdown table. A figure past its bound is marked `!`, and then the command fails. Judged sets
that are held back give totals alone.
Why a profile on disk and a second browser: a first search that still finds code and caches warm is none.
"""

from __future__ import annotations

import json
import math
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit import Line, print_table
from corpus import Corpus
from playwright.sync_api import sync_playwright
from screenshots import BROWSER_OPTIONS, HELPCENTER, PHONE, ROOT, browser_path

from index import open_library, read_judgements

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page, Playwright

    from index import Snapshot

SLOWER = 4
"""A phone's processor against this one."""
TRIES = 3
"""Other programs share the machine, so the best run counts."""
LARGE = 3600
"""Sections of the large site, three an article: 1,200 articles, 5 MB of text."""
READY = """
new MutationObserver(() => {
  if (document.documentElement.dataset.pocket !== "ready" || window.ready) return;
  window.ready = -1;
  requestAnimationFrame(() => setTimeout(() => { window.ready = performance.now(); }));
}).observe(document, { attributes: true, subtree: true, attributeFilter: ["data-pocket"] });
addEventListener("compositionend", (event) => {
  window.committed = event.timeStamp;
  window.shown = window.placed = 0;
}, true);
const drawn = (height) => [...document.querySelectorAll("#main .card > :first-child")].every((part) =>
  part.parentElement.getBoundingClientRect().top >= height || part.checkVisibility({ contentVisibilityAuto: true }));
const look = () => requestAnimationFrame(() => setTimeout(() => {
  const now = performance.now();
  if (!window.shown && drawn(innerHeight)) window.shown = now;
  if (drawn(Infinity) && !document.querySelector("#main.arriving")) window.placed = now;
  else look();
}));
addEventListener("htmx:afterSwap", look, true);
"""
"""Notes when a page is on the screen: the frame after the one that changed it begins once it is painted. Results are
there once every card in the window is drawn; those below it may follow a frame later, which is noted too."""
FIND = "(queries) => Promise.all(queries.map(pocket.found))"


def main(folders: Sequence[Path]) -> None:
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        lines = [
            *own_site(playwright, place),
            *(line for one in folders for line in judged_folder(playwright, one, place)),
        ]
        lines += large_site(playwright, place)
    sys.exit(print_table(lines, ["saved copy"]))


def own_site(playwright: Playwright, place: Path) -> Iterator[Line]:
    """The site that ships with the project."""
    index = build(ROOT / "content", place / "own")
    live = open_library(index).snapshot()
    with saved(playwright, index, place / "own-profile") as site:
        yield Line("Everything saved, compressed", "KB", 190, (round(site.bytes / 1000, 1),))
        yield from site.speed(["法国丢失怎么办", "二维码扫不了", "bukaliucheng"], 300, 60)
        page = site.open("/search?q=卡")
        for path in sorted((ROOT / "tests" / "judgements").glob("*.tsv")):
            judged = read_judgements(path)
            pairs = [(sections(live, one.query), one.grades) for one in judged]
            found = page.evaluate(FIND, [one.query for one in judged])
            graded = [(here, there, grades) for here, (there, grades) in zip(found, pairs, strict=True) if grades]
            device, server = (sum(ndcg(one[at], one[2]) for one in graded) for at in (0, 1))
            yield Line(f"Set {path.stem}: nDCG@10, device / server", "", 0.97, (device / server,), True)
            yield Line(
                f"Set {path.stem}: top ten shared", "", 0.9, (shared(found, [there for there, _ in pairs]),), True
            )
        pieces = substrings(live)
        found = page.evaluate(FIND, pieces)
        yield Line(
            f"{len(pieces)} pieces of 2 to 6 characters: top ten shared",
            "",
            0.9,
            (shared(found, [sections(live, one) for one in pieces]),),
            True,
        )


def judged_folder(playwright: Playwright, folder: Path, place: Path) -> Iterator[Line]:
    """A public collection: success@10 of the device as a share of the server's."""
    name = folder.name
    content = place / name / "content"
    content.mkdir(parents=True)
    for line in (folder / "corpus.jsonl").read_text("utf-8").splitlines():
        one = json.loads(line)
        literal = re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", one["text"])
        front = f"---\ntitle: {json.dumps(one['title'], ensure_ascii=False)}\n---\n"
        (content / f"{one['id']}.md").write_text(front + literal.replace("\n", "\n\n"), "utf-8")
    index = build(content, place / name / "index")
    live = open_library(index).snapshot()
    queries = dict(line.split("\t") for line in (folder / "queries.tsv").read_text("utf-8").splitlines())
    wanted: dict[str, set[str]] = {}
    for line in (folder / "qrels.tsv").read_text("utf-8").splitlines():
        qid, article, grade = line.split("\t")
        if int(grade):
            wanted.setdefault(qid, set()).add(article)
    with saved(playwright, index, place / name / "profile") as site:
        found = site.open("/search?q=a").evaluate(FIND, list(queries.values()))
    here = there = 0
    for (qid, query), hits in zip(queries.items(), found, strict=True):
        articles = list(dict.fromkeys(hit.partition("#")[0] for hit in hits))[:10]
        here += bool(wanted.get(qid, set()).intersection(articles))
        there += bool(wanted.get(qid, set()).intersection(one for one, _ in live.rank_articles(query, 10)))
    yield Line(f"{name}: S@10 of {len(queries)}, device / server", "", 0.95, (here / max(1, there),), True)


def large_site(playwright: Playwright, place: Path) -> Iterator[Line]:
    """A made site of 1,200 articles, saved whole."""
    content = place / "large" / "content"
    docs = Corpus(LARGE, ROOT / "content").docs
    for number in range(0, LARGE, 3):
        topic = content / f"topic-{number % 10}"
        topic.mkdir(parents=True, exist_ok=True)
        parts = "\n\n".join(f"## {one.heading}\n\n{one.text}" for one in docs[number : number + 3])
        (topic / f"a{number}.md").write_text(f"---\ntitle: {docs[number].title}{number}\n---\n\n{parts}\n", "utf-8")
    with saved(playwright, build(content, place / "large" / "index"), place / "large" / "profile") as site:
        yield Line("1,200 articles saved, compressed", "KB", math.inf, (round(site.bytes / 1000),))
        for line in site.speed([docs[7].text[:6], docs[90].heading, "丢失"], 2000, math.inf):
            yield line._replace(name=f"1,200 articles: {line.name}")


class Saved:
    """A copy on a device that has no network any more."""

    def __init__(self, playwright: Playwright, profile: Path, address: str, size: int) -> None:
        self.playwright, self.profile, self.address, self.bytes = playwright, profile, address, size
        self.context: BrowserContext | None = None

    def open(self, path: str, slower: int = 1) -> Page:
        """A page in a browser that is started for it."""
        if self.context:
            self.context.close()
        self.context = launched(self.playwright, self.profile, offline=True)
        page = self.context.new_page()
        page.add_init_script(READY)
        self.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slower})
        page.goto(self.address + path)
        page.wait_for_function("window.ready > 0", timeout=120_000)
        return page

    def speed(self, queries: Sequence[str], first: float, later: float) -> Iterator[Line]:
        """From the address to results; from a committed word to its results, the first on a page and all others."""
        there = [self.open(f"/search?q={queries[0]}", SLOWER).evaluate("window.ready") for _ in range(TRIES)]
        yield Line(f"Cold start: from the address to results, {SLOWER}× CPU", "ms", math.inf, (round(min(there)),))
        typed = [query[:length] for query in queries for length in range(len(query), 0, -1)]
        tries = [self.typed(typed) for _ in range(TRIES)]
        shown, placed = ([min(times) for times in zip(*kind, strict=True)] for kind in zip(*tries, strict=True))
        yield Line(f"First search after a cold start, {SLOWER}× CPU", "ms", first, (round(shown[0]),))
        for name, times, bound in (("", shown[1:], later), (" until all is laid out", placed[1:], math.inf)):
            figure = round(sorted(times)[math.ceil(0.95 * len(times)) - 1])
            yield Line(f"Later searches{name}, p95 of {len(times)}, {SLOWER}× CPU", "ms", bound, (figure,))

    def typed(self, queries: Sequence[str]) -> tuple[list[float], list[float]]:
        """Milliseconds from each word that an input method commits to the first screen of its results, and to all of
        them; in a new browser."""
        page = self.open("/", SLOWER)
        devtools = page.context.new_cdp_session(page)
        shown, placed = [], []
        for query in queries:
            page.locator("#q").evaluate("box => { box.value = ''; box.focus(); }")
            devtools.send("Input.imeSetComposition", {"text": "a", "selectionStart": 1, "selectionEnd": 1})
            devtools.send("Input.insertText", {"text": query})
            page.wait_for_function("window.placed > 0", timeout=120_000)
            first, last = page.evaluate("[shown - committed, placed - committed]")
            shown.append(first)
            placed.append(last)
        return shown, placed


@contextmanager
def saved(playwright: Playwright, index: Path, profile: Path) -> Iterator[Saved]:
    """Serve `index`, save everything with the button, stop the server."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [HELPCENTER, "serve", "--index", str(index), "--port", str(port), "--workers", "1"]
    profile.mkdir(parents=True)
    server = subprocess.Popen(command, cwd=profile, stdout=subprocess.DEVNULL)
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        context = launched(playwright, profile)
        page = context.new_page()
        page.goto(address)
        page.locator("[data-offline=save]").first.click()
        page.wait_for_selector("html[data-offline-state=saved], .offline-topics", timeout=240_000)
        if page.locator(".offline-topics").count():
            for box in page.locator(".offline-topics input").all():
                box.check()
            page.locator(".offline-topics button").click()
            page.wait_for_selector("html[data-offline-state=saved]", timeout=240_000)
        size = page.evaluate("fetch('/offline.json').then((answer) => answer.json()).then((list) => list.bytes)")
        context.close()
    finally:
        server.terminate()
        server.wait(30)
    site = Saved(playwright, profile, address, size)
    try:
        yield site
    finally:
        if site.context:
            site.context.close()


def launched(playwright: Playwright, profile: Path, **options: Any) -> BrowserContext:
    return playwright.chromium.launch_persistent_context(
        profile / "browser",
        executable_path=browser_path(),
        args=BROWSER_OPTIONS,
        viewport=PHONE,
        bypass_csp=True,
        **options,
    )


def build(content: Path, index: Path) -> Path:
    subprocess.run([HELPCENTER, "index", "--content", content, "--index", index, "--quiet"], check=True, cwd=ROOT)
    return index


def sections(live: Snapshot, query: str) -> list[str]:
    return [f"{hit.article}#{hit.section}".rstrip("#") for hit in live.search(query).hits]


def shared(found: Sequence[Sequence[str]], wanted: Sequence[Sequence[str]]) -> float:
    """The mean share of the server's ten best that are among the device's."""
    parts = [
        len(set(here[:10]).intersection(there)) / min(10, len(there))
        for here, there in zip(found, wanted, strict=True)
        if there
    ]
    return sum(parts) / len(parts)


def ndcg(ranked: Sequence[str], grades: dict[str, int]) -> float:
    """Of sections where sections were judged, else of articles."""
    if not any("#" in one for one in grades):
        ranked = list(dict.fromkeys(one.partition("#")[0] for one in ranked))
    gains = [grades.get(one, 0) for one in ranked[:10]]
    best = sorted(grades.values(), reverse=True)[:10]
    gain = [sum(one / math.log2(rank + 2) for rank, one in enumerate(some)) for some in (gains, best)]
    return gain[0] / gain[1]


def substrings(live: Snapshot) -> list[str]:
    """Pieces of the articles' own text, the same at every run."""
    texts = [section.text for card in live.cards() if (page := live.page(card.id)) for section in page.article.sections]
    runs = [run for text in texts[::5] for run in re.findall(r"[\u4e00-\u9fff]{6,}", text)[:3]]
    return [run[at % 3 : at % 3 + 2 + at % 5] for at, run in enumerate(runs)]


if __name__ == "__main__":
    main([Path(one) for one in sys.argv[1:]])
