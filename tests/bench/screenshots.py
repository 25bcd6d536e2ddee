"""`make screenshots`: the pictures in `docs/images/`, taken from the real site in a real browser.

In: `content/`. Out: one PNG each of home, results and article, as a phone and a desk show them, light and dark; and in
`content/_media/` two small ones, which a phone shows before it puts the site on its home screen.
Why by command: a picture that nobody can take again stays wrong after the first change of the page.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import sync_playwright

sys.path.append(str(Path(__file__).parents[1]))
from support import BROWSER_OPTIONS, HELPCENTER, ROOT, browser_path, free_port

IMAGES = ROOT / "docs" / "images"
SHOTS = ROOT / "content" / "_media"
ADDRESS = f"http://127.0.0.1:{free_port()}"
"""At a port nobody listens on, so that two of these commands may run at once."""
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 860}
PICTURES = [
    ("home", "/", DESK, "light"),
    ("home-phone", "/", PHONE, "light"),
    ("results", "/search?q=手机在法国丢了", DESK, "light"),
    ("results-phone", "/search?q=手机在法国丢了", PHONE, "light"),
    ("results-dark", "/search?q=手机在法国丢了", PHONE, "dark"),
    ("article", "/articles/replacement/france-lost", DESK, "light"),
    ("article-phone", "/articles/replacement/france-lost", PHONE, "light"),
    ("traditional-phone", "/zh-hant/articles/replacement/france-lost", PHONE, "dark"),
]

INSTALLING = [("home", "/"), ("results", "/search?q=手机在法国丢了")]
SMALL = {"width": 360, "height": 640}


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with served():
        take()


@contextmanager
def served() -> Iterator[None]:
    """The real site at `ADDRESS`, from an index made for this once."""
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder) / "index"
        subprocess.run([HELPCENTER, "index", "--index", index, "--quiet"], check=True, cwd=ROOT)
        command = [HELPCENTER, "serve", "--index", index, "--port", ADDRESS.rsplit(":")[-1], "--workers", "1"]
        server = subprocess.Popen(command, cwd=folder)
        try:
            wait()
            yield
        finally:
            server.terminate()
            server.wait(30)


def wait() -> None:
    """Until the server answers."""
    for _ in range(300):
        try:
            urlopen(ADDRESS + "/readyz").close()
            return
        except (URLError, ConnectionError):
            time.sleep(0.1)
    sys.exit("the server did not start")


def take() -> None:
    """Every picture, in two pixels a point for phones."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=BROWSER_OPTIONS)
        for name, path, size, scheme in PICTURES:
            context = browser.new_context(
                viewport=size, color_scheme=scheme, locale="zh-CN", device_scale_factor=2 if size is PHONE else 1
            )
            page = context.new_page()
            page.goto(ADDRESS + path)
            page.wait_for_load_state("networkidle")
            page.screenshot(path=IMAGES / f"{name}.png")
            print(IMAGES / f"{name}.png")
            context.close()
        for name, path in INSTALLING:
            page = browser.new_page(viewport=SMALL, locale="zh-CN")
            page.goto(ADDRESS + path)
            page.wait_for_load_state("networkidle")
            page.screenshot(path=SHOTS / f"{name}.png")
            print(SHOTS / f"{name}.png")
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
