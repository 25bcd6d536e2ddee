"""`make audit`, its second half: the face as a phone sees it, measured on the real site in a real browser.

In: `content/`. Out: one Markdown table: Lighthouse's scores, largest paint and bytes of home, results and article; what
axe finds in both themes; from page start to the first result on a slow line; from a committed word to its result on a
fast one. A figure past its bound is marked `!`, and then the command fails.
Why Lighthouse from npm, when all else is Python: its scores are what others compare. It goes to `instance/audit/`;
without npm its lines are left out, and said so.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Error, sync_playwright
from screenshots import ADDRESS, BROWSER_OPTIONS, PHONE, ROOT, browser_path, served

from index import read_judgements

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

PLACE = ROOT / "instance" / "audit"
LIGHTHOUSE = "lighthouse@12.8.2"
PATHS = {
    "home": "/",
    "results": "/search?q=法国+丢失",
    "article": "/articles/replacement/france-lost",
    "guide": "/guides/stolen",
}
SCORES = ("performance", "accessibility", "best-practices", "seo")
SLOW_4G = {"offline": False, "latency": 562.5, "downloadThroughput": 180_000, "uploadThroughput": 84_375}
"""DevTools' preset of that name, bytes a second: 150 ms and 1.6 Mbit/s, made worse by what it takes to look so."""
TRIES = 3
"""Other programs share the machine, so the best run counts."""
WARM = 40
"""Committed words, each the whole of a judged query."""

WATCH = """
addEventListener("compositionend", (event) => { window.committed = event.timeStamp; window.shown = 0; }, true);
new MutationObserver((changes) => {
  if (window.shown || !changes.some((change) => change.target.id === "main")) return;
  if (!document.querySelector(".found")) return;
  window.shown = -1;
  requestAnimationFrame(() => setTimeout(() => { window.shown = performance.now(); }));
}).observe(document, { childList: true, subtree: true });
"""
"""Notes when an answer is on the screen: the frame after the one that changed the page begins once it is painted."""


Report = dict[str, dict[str, dict[str, float]]]


class Line(NamedTuple):
    """A measure of one or more pages; a figure above `bound`, or below it if `least`, has missed it."""

    name: str
    unit: str
    bound: float
    figures: tuple[float, ...]
    least: bool = False

    def misses(self, figure: float) -> bool:
        """Whether it is past the bound."""
        return figure < self.bound if self.least else figure > self.bound


def main() -> None:
    chrome = browser_path()
    with served(), sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=chrome, args=BROWSER_OPTIONS)
        except Error:
            sys.exit("没有浏览器，无法检查页面：请先安装 Chromium（Debian：apt-get install chromium）。")
        lines = [*judge(browser), first_result(browser), *warm(browser)]
        browser.close()
        judged = run_lighthouse(chrome or playwright.chromium.executable_path)
    sys.exit(print_table([*judged, *lines]))


def run_lighthouse(chrome: str) -> Iterable[Line]:
    """Scores, largest paint and bytes of each page, on the phone and the line that Lighthouse imagines."""
    program = PLACE / "node_modules" / ".bin" / "lighthouse"
    if not program.exists():
        npm = shutil.which("npm")
        PLACE.mkdir(parents=True, exist_ok=True)
        options = ["--no-save", "--no-audit", "--no-fund", "--silent", "--prefix", PLACE]
        if not npm or subprocess.run([npm, "install", *options, LIGHTHOUSE], cwd=PLACE).returncode:
            print("没有 npm 或取不到 Lighthouse，跳过它的四项评分（Debian：apt-get install npm）。", file=sys.stderr)
            return ()
    reports = [best(program, chrome, path) for path in PATHS.values()]
    return [
        *(Line(f"Lighthouse {name}", "", 100, tuple(score(r, name) for r in reports), True) for name in SCORES),
        Line("Largest paint, slow 4G, 4× CPU", "s", 1.5, tuple(paint(r) for r in reports)),
        Line("First visit, compressed", "KB", 60, tuple(audited(r, "total-byte-weight") / 1000 for r in reports)),
    ]


def best(program: Path, chrome: str, path: str) -> Report:
    """Lighthouse's best report of one page. It sometimes fails on a busy machine, so a failed run is one run less."""
    flags = " ".join(["--headless=new", *BROWSER_OPTIONS])
    command = [program, ADDRESS + path, "--quiet", "--output=json", f"--chrome-flags={flags}"]
    reports: list[Report] = []
    for _ in range(TRIES):
        done = subprocess.run(command, env=os.environ | {"CHROME_PATH": chrome}, capture_output=True, cwd=PLACE)
        if done.returncode:
            print(f"Lighthouse: {done.stderr.decode().strip()}", file=sys.stderr)
        else:
            reports.append(json.loads(done.stdout))
    if not reports:
        sys.exit(f"Lighthouse 量不了 {path}，原因见上。")
    return min(reports, key=lambda report: (-sum(score(report, name) for name in SCORES), paint(report)))


def score(report: Report, category: str) -> float:
    return round(100 * report["categories"][category]["score"])


def audited(report: Report, name: str) -> float:
    return report["audits"][name]["numericValue"]


def paint(report: Report) -> float:
    return round(audited(report, "largest-contentful-paint") / 1000, 2)


def judge(browser: Browser) -> Iterable[Line]:
    """What axe objects to, by theme; details go to the error output."""
    for scheme in ("light", "dark"):
        with phone(browser, color_scheme=scheme) as context:
            page = context.new_page()
            found = []
            for path in PATHS.values():
                page.goto(ADDRESS + path)
                violations = Axe().run(page).response["violations"]
                found.append(float(len(violations)))
                for rule in violations:
                    print(path, scheme, rule["id"], [node["html"] for node in rule["nodes"]][:3], file=sys.stderr)
        yield Line(f"axe violations, {scheme}", "", 0, tuple(found))


def first_result(browser: Browser) -> Line:
    """From the address to the first result of a reader who types as soon as there is a box to type in."""
    took = []
    for _ in range(TRIES):
        with phone(browser) as context:
            page = context.new_page()
            page.add_init_script(WATCH)
            devtools = context.new_cdp_session(page)
            devtools.send("Network.enable")
            devtools.send("Network.emulateNetworkConditions", SLOW_4G)
            devtools.send("Emulation.setCPUThrottlingRate", {"rate": 4})
            page.goto(ADDRESS + "/", wait_until="commit")
            page.locator("#q").focus()
            page.keyboard.insert_text("法国 丢失")
            took.append(shown(page))
    return Line("Page start to first result, slow 4G, 4× CPU", "s", 3, (round(min(took) / 1000, 2),))


def warm(browser: Browser) -> Iterable[Line]:
    """From the word that the input method commits to its painted result, settle delay included."""
    queries = [one.query for one in read_judgements(ROOT / "tests" / "judgements" / "own.tsv")]
    took = []
    with phone(browser) as context:
        page = context.new_page()
        page.add_init_script(WATCH)
        page.goto(ADDRESS + "/")
        devtools = context.new_cdp_session(page)
        for query in queries[:: len(queries) // WARM][:WARM]:
            page.locator("#q").evaluate("box => { box.value = ''; box.focus(); }")
            devtools.send("Input.imeSetComposition", {"text": "a", "selectionStart": 1, "selectionEnd": 1})
            devtools.send("Input.insertText", {"text": query})
            took.append(shown(page) - page.evaluate("committed"))
    took.sort()
    for percent, bound in ((50, 50), (95, 100)):
        figure = round(took[math.ceil(len(took) * percent / 100) - 1])
        yield Line(f"Committed word to visible result, p{percent} of {len(took)}", "ms", bound, (figure,))


def phone(browser: Browser, **options: str) -> BrowserContext:
    """A reader who has never been here. The site's own policy would forbid to ask the page by `wait_for_function`."""
    return browser.new_context(viewport=PHONE, locale="zh-CN", bypass_csp=True, **options)  # type: ignore[arg-type]


def shown(page: Page) -> float:
    """Milliseconds from the page's start until a result was painted."""
    return float(page.wait_for_function("window.shown > 0 && window.shown").json_value())


def print_table(lines: Iterable[Line], columns: Sequence[str] = tuple(PATHS)) -> int:
    """The table; 1 if a bound was missed, else 0."""
    missed = 0
    print("| measure | bound |", *(f"{name} |" for name in columns))
    print("|---|---|" + "---:|" * len(columns))
    for line in lines:
        unit = f" {line.unit}" if line.unit else ""
        cells = [f"{figure:.4g}{unit}{' !' * line.misses(figure)}" for figure in line.figures]
        missed += sum(map(line.misses, line.figures))
        cells += [""] * (len(columns) - len(cells))
        bound = f"{'≥' if line.least else '≤'} {line.bound:g}{unit}" if math.isfinite(line.bound) else ""
        print(f"| {line.name} | {bound} |", *(f"{cell} |" for cell in cells))
    return min(missed, 1)


if __name__ == "__main__":
    main()
