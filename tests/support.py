"""What tests and scripts share: small sites, a clean environment, free ports, lines to cut, the command, a browser.

In: nothing. Out: functions without pytest, so that the scripts of `bench/` and `stress/` use them too.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit
from urllib.request import urlopen

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from playwright.sync_api import BrowserContext, Page
    from werkzeug.test import TestResponse

Serve = Callable[..., AbstractContextManager[Any]]
"""The type of the fixture `serve`."""
HERE = {"Sec-Fetch-Site": "same-origin"}
"""What a browser says of a form of our own pages."""
ADMIN_TOKEN = "correct-horse-battery-staple"
ROOT = Path(__file__).parent.parent
HELPCENTER = Path(sys.executable).with_name("helpcenter")
_BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
BROWSER_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def browser_path() -> str | None:
    """The machine's Chromium or Chrome; None where Playwright has to look for its own."""
    return next(filter(None, map(shutil.which, _BROWSERS)), None)


def nginx_path() -> str | None:
    """The machine's nginx, which is not always on a user's path."""
    return shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin:/opt/homebrew/bin")


def clean_environment() -> dict[str, str]:
    """Ours without the settings that a developer may have made."""
    return {name: value for name, value in os.environ.items() if not name.startswith("HELPCENTER_")}


def free_ports(number: int) -> list[int]:
    """Ports nobody listens on, all different."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(number)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def free_port() -> int:
    """A port nobody listens on."""
    return free_ports(1)[0]


def listens(port: int) -> bool:
    """Whether somebody answers there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Served:
    """A running `helpcenter serve`."""

    def __init__(self, process: subprocess.Popen[bytes], address: str, log: Path) -> None:
        self.process = process
        self.address = address
        self.log = log

    def __str__(self) -> str:
        return self.address

    def get(self, path: str) -> str:
        """The body of a page that answers 200."""
        with urlopen(self.address + path, timeout=10) as answer:
            return str(answer.read().decode())


@contextmanager
def serving(folder: Path, index: Path, *options: object, port: int = 0, **environ: object) -> Iterator[Served]:
    """A server of `index` until the block ends, started as an operator starts it; its log and database in `folder`."""
    port, log = port or free_port(), folder / "log"
    own = {"HELPCENTER_DATABASE_URL": f"sqlite:///{folder}/helpcenter.db"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [HELPCENTER, "serve", "--index", str(index), "--port", str(port), *map(str, options)],
            cwd=folder,
            env=clean_environment() | own | {name: str(value) for name, value in environ.items()},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_until_it_listens(process, port, log)
        yield Served(process, f"http://127.0.0.1:{port}", log)
    finally:
        process.terminate()
        process.wait(30)


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Give up after 30 s or when the process has ended, with its log."""
    until = time.monotonic() + 30
    while time.monotonic() < until and process.poll() is None:
        if listens(port):
            return
        time.sleep(0.05)
    raise AssertionError(f"helpcenter serve did not start:\n{log.read_text()}")


def connect(address: str) -> HTTPConnection:
    """A connection to a server, which carries many requests."""
    return HTTPConnection(urlsplit(address).netloc, timeout=10)


def wait_for(check: Callable[[], object], seconds: float = 30) -> float:
    """Wait until `check()` is true; the seconds it took. AssertionError where it does not come true in time."""
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        if check():
            return time.monotonic() - started
        time.sleep(0.01)
    raise AssertionError(f"not within {seconds} s")


def write_files(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write each text at its path below `folder`; `folder`."""
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return folder


def client_of(content: Path, **options: Any) -> FlaskClient:
    """A client of the site that `content` makes; its index lies beside it. `options`: those of `build`."""
    from helpcenter import create_app
    from helpcenter.settings import Settings
    from index import build

    build(content, content.with_name("index"), **options)
    return create_app(Settings(content=content, index=content.with_name("index"))).test_client()


def token_of(html: str) -> str:
    """The token of a page's first form."""
    found = re.search(r'name="token" value="([^"]+)"', html)
    assert found
    return found[1]


def log_in(client: FlaskClient, password: str = ADMIN_TOKEN, **headers: str) -> TestResponse:
    """Send the form of `/insights`; by default from a page of ours."""
    data = {"token": token_of(client.get("/insights").text), "password": password}
    return client.post("/insights", data=data, headers=headers or HERE)


def write_version(content: Path, version: str, articles: int = 30) -> None:
    """Write articles that all say `version`; by default more than a build prepares in one process."""
    body = f"{version}的内容，激活码。\n" * 3
    write_files(content, {f"a{number}.md": f"# 文章{number}\n\n{body}" for number in range(articles)})


class Line:
    """A way to a server (`host:port`), over TLS where there is a `context`, that can be cut, or hang."""

    def __init__(self, target: str, context: ssl.SSLContext | None = None) -> None:
        self._context = context
        host, _, port = target.rpartition(":")
        self._target = host, int(port)
        self._open: list[socket.socket] = []
        self.hung = False
        self._listening: socket.socket | None = None
        self.port = 0
        self.mend()

    def mend(self) -> None:
        """Let connections pass again, on the same port."""
        self._listening = socket.create_server(("127.0.0.1", self.port))
        self.port = int(self._listening.getsockname()[1])
        threading.Thread(target=self._accept, args=(self._listening,), daemon=True).start()

    def cut(self) -> None:
        """End all connections and refuse new ones."""
        assert self._listening
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._open.clear()

    def _accept(self, listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listening.accept()
                if self._context:
                    try:
                        near = self._context.wrap_socket(near, server_side=True)
                    except OSError:  # a client that does not trust us
                        near.close()
                        continue
                try:
                    far = socket.create_connection(self._target)
                except OSError:  # nobody is there, now
                    near.close()
                    continue
                self._open += near, far
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                if not self.hung:
                    target.sendall(data)
            target.shutdown(socket.SHUT_WR)


def query_of(page: Page) -> str:
    """The query in a page's address, as it was typed."""
    return unquote(urlsplit(page.url).query.replace("+", " "))


def type_query(page: Page, text: str) -> None:
    """Type and wait for the answer to the whole text."""
    with page.expect_response(lambda answer: unquote(answer.url.replace("+", " ")).endswith(f"q={text}")):
        page.locator("#q").press_sequentially(text, delay=30)
    page.wait_for_selector("#main[aria-busy=false]")


def save_copy(context: BrowserContext) -> Page:
    """A page of the site that `context` is at, with its copy saved by the button."""
    page = context.new_page()
    page.goto("/")
    page.locator("[data-offline=save]").first.click()
    page.wait_for_selector("html[data-offline-state=saved]", timeout=30_000)
    page.wait_for_function("navigator.serviceWorker.controller !== null")
    return page


def open_copy(context: BrowserContext, path: str) -> Page:
    """A page of the saved copy."""
    page = context.new_page()
    page.goto(path)
    page.wait_for_selector("html[data-pocket=ready]")
    return page
