"""What the tests share: a small site, the project's own content as an index, a running server, a real browser.

The large ones are made once a session and only for the tests that ask for them. The server is a process of its own,
started the way an operator starts it; the browser is the machine's Chromium or Chrome, since a downloaded one may
not be to be had.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support import (
    ADMIN_TOKEN,
    BROWSER_OPTIONS,
    HELPCENTER,
    ROOT,
    Served,
    browser_path,
    clean_environment,
    free_port,
    serving,
    write_files,
)

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient
    from playwright.sync_api import Browser, Page

    from helpcenter.store.store import Store
    from index import Snapshot

_prefixes = itertools.count()


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return ROOT


@pytest.fixture(scope="session")
def site_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index of the real `content/`."""
    from index import build

    folder = tmp_path_factory.mktemp("site") / "index"
    build(ROOT / "content", folder)
    return folder


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A help center of one article. A file that needs another has a fixture of the same name."""
    return write_files(tmp_path / "content", {"a.md": "# 激活\n\n打开设置。\n"})


@pytest.fixture
def index(content: Path) -> Path:
    """The index of `content`, whatever that is."""
    from index import build

    build(content, content.with_name("index"))
    return content.with_name("index")


@pytest.fixture(scope="module")
def app(site_index: Path) -> Flask:
    """The application over the real content."""
    from helpcenter import create_app
    from helpcenter.settings import Settings

    return create_app(Settings(index=site_index))


@pytest.fixture(scope="module")
def client(app: Flask) -> FlaskClient:
    """A client of it, which answers errors as a server would."""
    return app.test_client()


@pytest.fixture
def database(tmp_path: Path) -> str:
    """The address of a database that nobody has made yet."""
    return f"sqlite:///{tmp_path}/data/helpcenter.db"


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL of our own."""
    import databases

    with databases.postgresql() as server:
        if server is None:
            pytest.skip(databases.MISSING)
        yield server.url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, database: str) -> str:
    """The address of an empty database, of each kind in turn."""
    import sqlalchemy as sa

    if request.param == "sqlite":
        return database
    address = str(request.getfixturevalue("postgresql"))
    engine = sa.create_engine(address)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    engine.dispose()
    return address


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """It opened, with room for little."""
    from helpcenter.store.store import Store

    opened = Store(url, days=30, most_texts=5)
    yield opened
    opened.close()


@pytest.fixture
def site(site_index: Path, database: str, root: Path) -> Iterator[Flask]:
    """The application with a token and a database of its own."""
    from helpcenter import create_app
    from helpcenter.settings import Settings
    from helpcenter.store.background import Latest

    settings = Settings(index=site_index, content=root / "content", database_url=database, admin_token=ADMIN_TOKEN)
    app = create_app(settings)
    app.extensions["figures"] = Latest(30, 0)  # a busy machine is no reason to show none
    yield app
    app.extensions["store"].close()


@pytest.fixture(scope="session")
def program() -> Path:
    """The installed `helpcenter` command."""
    return HELPCENTER


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ended]:
    """`run("search", "丢失", HELPCENTER_INDEX=…)` runs a command, exit code included, without the cost of a process."""
    from helpcenter import cli

    def run_command(*arguments: object, **environ: object) -> Ended:
        with monkeypatch.context() as patch:
            patch.chdir(ROOT)
            patch.setattr(os, "nice", lambda _: 0)  # a build makes way for others; the tests go on
            for name in set(os.environ) - set(clean_environment()):
                patch.delenv(name)
            for name, value in environ.items():
                patch.setenv(name, str(value))
            with pytest.raises(SystemExit) as stopped:
                cli.run([str(argument) for argument in arguments])
        return Ended(int(stopped.value.code or 0), *capsys.readouterr())

    return run_command


@pytest.fixture(scope="session")
def unused_port() -> Callable[[], int]:
    """Finds a port nobody listens on."""
    return free_port


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., AbstractContextManager[Served]]:
    """`with serve(index, HELPCENTER_…=…) as site:` runs a server until the block ends."""
    return lambda *arguments, **named: serving(tmp_path_factory.mktemp("serve"), *arguments, **named)


@pytest.fixture(scope="session")
def live_server(serve: Callable[..., AbstractContextManager[Served]], site_index: Path) -> Iterator[str]:
    """The address of a server of the real content, e.g. `http://127.0.0.1:41234`."""
    with serve(site_index) as site:
        yield site.address


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    """`opensearch+http://127.0.0.1:41234`: a running OpenSearch of one node, without a prefix."""
    spec = importlib.util.spec_from_file_location("nodes", ROOT / "tests" / "stress" / "nodes.py")
    assert spec
    assert spec.loader
    nodes = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(nodes)
    if lacking := nodes.missing():
        pytest.skip(lacking)
    with nodes.Nodes(1) as running:
        yield f"opensearch+http://{running.hosts[0]}"


@pytest.fixture(scope="session", params=["arrays", "cluster"])
def engine(request: pytest.FixtureRequest) -> str:
    """The address of each engine; what is found is tried on each."""
    return "" if request.param == "arrays" else str(request.getfixturevalue("cluster"))


@pytest.fixture(scope="session")
def make(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[[dict[str, str]], Snapshot]:
    """`make({"a/b": markdown})` builds a folder and opens its snapshot."""
    from index import build, open_library

    def made(articles: dict[str, str]) -> Snapshot:
        folder = tmp_path_factory.mktemp("search")
        write_files(folder / "content", {f"{name}.md": text for name, text in articles.items()})
        own = f"{engine}/{folder.name}" if engine else ""  # a prefix belongs to one index folder
        build(folder / "content", folder / "index", engine=own)
        return open_library(folder / "index", engine=own).snapshot()

    return made


@pytest.fixture
def prefix(cluster: str) -> str:
    """An address in that cluster for one index folder."""
    return f"{cluster}/own{next(_prefixes)}"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium; one for all tests, each takes a context of its own from it."""
    from playwright.sync_api import sync_playwright

    with ExitStack() as stack:
        playwright = stack.enter_context(sync_playwright())
        started = playwright.chromium.launch(executable_path=browser_path(), args=BROWSER_OPTIONS)
        stack.callback(started.close)
        yield started


@pytest.fixture
def large_text(browser: Browser, live_server: str) -> Iterator[Page]:
    """A page of a phone's width in a browser that is set to text of twice the size; rem in media queries follows."""
    options = [*BROWSER_OPTIONS, "--blink-settings=defaultFontSize=32"]
    large = browser.browser_type.launch(executable_path=browser_path(), args=options)
    yield large.new_page(base_url=live_server, viewport={"width": 390, "height": 844})
    large.close()


@pytest.fixture
def page(browser: Browser, live_server: str) -> Iterator[Page]:
    """A fresh page of a phone's width whose addresses start at the site; fails on any error of a script."""
    context = browser.new_context(
        base_url=live_server, viewport={"width": 390, "height": 844}, locale="zh-CN", service_workers="block"
    )
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on(
        "console",
        lambda line: (
            errors.append(line.text) if line.type == "error" and not re.search("status of [45]", line.text) else None
        ),
    )
    yield opened
    context.close()
    assert not errors
