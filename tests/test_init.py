"""`helpcenter init`: from nothing to a site of one's own, and what to do next wherever there is nothing yet."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import yaml

import index
from helpcenter import create_app
from helpcenter.commands import starting
from helpcenter.settings import Settings
from index.content.sites import read_site

ROOT = Path(__file__).parent.parent


def test_what_it_writes_is_complete_and_without_fault(run: Callable[..., Any], tmp_path: Path) -> None:
    content = tmp_path / "help"
    ended = run("init", content, "--name", "星海 '银行': <1>", "--accent", "#7a1f3d")
    assert ended.returncode == 0
    assert f"helpcenter preview {content}" in ended.stdout
    written = {path.relative_to(content).as_posix() for path in content.rglob("*") if path.is_file()}
    assert written == {
        "_site.yml", "_site.schema.json", ".gitignore", ".github/workflows/check.yml", "_guides/first-steps.yml",
        "_search/synonyms.txt", "_search/words.txt", "start/_topic.md", "start/find-answers.md",
        "start/write-articles.md",
    }  # fmt: skip
    assert not index.check(content)
    assert json.loads((content / "_site.schema.json").read_text("utf-8"))["title"] == "_site.yml"
    steps = yaml.safe_load((content / ".github/workflows/check.yml").read_text("utf-8"))["jobs"]["check"]["steps"]
    assert steps[-1]["run"] == "helpcenter check --content . --format github"
    index.build(content, tmp_path / "index")
    client = create_app(Settings(index=tmp_path / "index")).test_client()
    home = client.get("/").text
    assert "<title>星海 &#39;银行&#39;: &lt;1&gt;</title>" in home
    for link in ("/articles/start/find-answers", "/guides/first-steps", *re.findall('/site.css[^"]*', home)):
        assert f'href="{link}"' in home
        assert client.get(link).status_code == 200
    assert "#7a1f3d" in client.get("/site.css").text
    assert client.get("/api/v1/search?q=写文章").json["total"] > 0


def test_it_never_overwrites(run: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "_site.yml").write_text("name: 我的\n", "utf-8")
    ended = run("init", tmp_path)
    assert ended.returncode == 1
    assert "里已经有 _site.yml，没有写任何东西" in ended.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["_site.yml"]
    assert (tmp_path / "_site.yml").read_text("utf-8") == "name: 我的\n"
    assert run("init", tmp_path / "_site.yml").returncode == 1


def test_a_folder_of_articles_gets_what_is_missing_and_no_samples(run: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "card").mkdir()
    (tmp_path / "card" / "lost.md").write_text("# 挂失\n\n打电话。\n", "utf-8")
    refused = run("init", tmp_path)
    assert refused.returncode == 1
    assert f"helpcenter init {tmp_path} --add" in refused.stderr
    ended = run("init", tmp_path, "--add", "--name", "星海银行")
    assert ended.returncode == 0
    assert "_site.yml" in ended.stdout
    assert {path.name for path in tmp_path.iterdir()} == {
        "card", "_site.yml", "_site.schema.json", "_search", ".gitignore", ".github"
    }  # fmt: skip
    assert not [problem for problem in index.check(tmp_path) if problem.level == "fault"]
    index.build(tmp_path, tmp_path / "index")
    assert "<title>星海银行</title>" in create_app(Settings(index=tmp_path / "index")).test_client().get("/").text
    assert run("new", "card/new", "--content", tmp_path).returncode == 0
    assert "carrier" not in (tmp_path / "card" / "new.md").read_text("utf-8"), "filters of another trade"
    before = (tmp_path / "_site.yml").read_text("utf-8")
    again = run("init", tmp_path, "--add", "--name", "别的")
    assert "里什么也不缺" in again.stdout
    assert (tmp_path / "_site.yml").read_text("utf-8") == before


def test_filters_that_articles_use_stay(run: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "lost.md").write_text("---\nregion: 法国\n---\n# 挂失\n", "utf-8")
    assert run("init", tmp_path, "--add").returncode == 0
    assert [one.name for one in read_site(tmp_path).site.filters] == [one.name for one in index.SiteConfig().filters]


def test_a_new_repository_counts_as_empty(run: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert run("init", tmp_path).returncode == 0
    assert (tmp_path / "_site.yml").is_file()


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--accent", "#999999"), "对比度只有"),
        (("--accent", "red"), "应是颜色"),
        (("--name", " "), "站名是空的"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(
    run: Callable[..., Any], tmp_path: Path, options: tuple[str, str], why: str
) -> None:
    ended = run("init", tmp_path / "new", *options)
    assert ended.returncode == 2
    assert why in ended.stderr
    assert not (tmp_path / "new").exists()


def test_a_failure_on_the_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {Path("a.md"): "a", Path("deep/b.md"): "b", Path("deep/c.md/d.md"): "no folder", Path("deep/c.md"): "c"}
    with pytest.raises(OSError, match=r"c\.md"):
        starting.write(tmp_path / "new", files)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("command", [["index"], ["check"], ["new", "a/b"], ["preview"], ["move", "a", "b"]])
def test_a_missing_folder_is_told_with_the_way_out(run: Callable[..., Any], tmp_path: Path, command: list[str]) -> None:
    ended = run(*command, "--content", tmp_path / "none")
    assert ended.returncode == 2
    assert f"没有文件夹 {tmp_path / 'none'}；新建一个完整的小站：helpcenter init {tmp_path / 'none'}" in ended.stderr
    ended = run(*command, HELPCENTER_CONTENT=tmp_path / "none")
    assert "helpcenter init" in ended.stderr


@pytest.mark.parametrize("command", [["index"], ["check"]])
def test_an_empty_folder_is_told_what_to_do_next(run: Callable[..., Any], tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "_topic.md").write_text("# 专题\n", "utf-8")
    ended = run(*command, "--content", tmp_path / "empty", HELPCENTER_INDEX=tmp_path / "index")
    assert ended.returncode == 0
    assert "里没有文章。写第一篇：helpcenter new 主题/名字 --content" in ended.stderr
    assert "helpcenter init" in ended.stderr


def test_preview_takes_the_folder_either_way_but_not_both(run: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    ended = run("preview", tmp_path / "a", "--content", tmp_path / "b")
    assert ended.returncode == 2
    assert "只写一个" in ended.stderr
    assert "helpcenter init" in run("preview", tmp_path / "none").stderr


def test_the_sample_site_names_no_trade() -> None:
    text = "".join(path.read_text("utf-8") for path in starting.TEMPLATE.rglob("*") if path.is_file())
    assert "eSIM" not in text
    assert "运营商" not in text


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command of a wheel in an environment that has nothing else; its libraries come from the registry."""
    place = tmp_path_factory.mktemp("installed")
    fetched = ("--quiet", "--retries=1", "--timeout=60", "--disable-pip-version-check")
    _pip(sys.executable, "wheel", *fetched, "--no-deps", "--wheel-dir", str(place), str(ROOT))
    (built,) = place.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", place / "venv"], check=True)
    python = place / "venv" / "bin" / "python"
    _pip(python, "install", *fetched, "--use-pep517", str(built))
    return python.with_name("helpcenter")


def _pip(python: str | Path, *arguments: str) -> None:
    """Run pip outside this repository; skip the test where the registry cannot be reached."""
    ended = subprocess.run([python, "-m", "pip", *arguments], capture_output=True, text=True, check=False, cwd="/")
    if re.search("ConnectionError|ConnectTimeout|ReadTimeout|ProxyError|name resolution", ended.stderr):
        pytest.skip(f"取不到软件包，没有试装：{ended.stderr.strip().splitlines()[-1]}")
    assert ended.returncode == 0, ended.stderr


@pytest.mark.slow
def test_five_commands_from_nothing_to_a_site_of_ones_own(
    installed: Path, tmp_path: Path, unused_port: Callable[[], int]
) -> None:
    """The first is `pip install` of the wheel: the fixture."""
    has = (
        "import importlib.util, json, sys; print(json.dumps([bool(importlib.util.find_spec(n)) for n in sys.argv[1:]]))"
    )
    names = ["helpcenter", "flask", "pytest", "playwright", "mammoth", "mcp"]
    found = subprocess.run(
        [installed.with_name("python"), "-I", "-c", has, *names],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(found.stdout) == [True, True, False, False, False, False], "no library of the tests"
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    environ["HELPCENTER_DATABASE_URL"] = f"sqlite:///{tmp_path}/helpcenter.db"

    def command(*arguments: str) -> str:
        ended = subprocess.run(
            [installed, *arguments], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    command("init", "content", "--name", "星海银行", "--accent", "#7a1f3d")
    command("new", "card/refund", "--title", "退款要多久")
    # In an editor: publish the article, make a tile of it.
    article = tmp_path / "content" / "card" / "refund.md"
    article.write_text(article.read_text("utf-8").replace("draft: true\n", ""), "utf-8")
    config = tmp_path / "content" / "_site.yml"
    tile = "tiles:\n  - {label: 退款, urgency: soon, first: 先查订单。, article: card/refund}\n"
    config.write_text(config.read_text("utf-8").replace("tiles:\n", tile), "utf-8")
    assert "文章 3 篇" in command("index")
    port = unused_port()
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(
            [installed, "serve", "--port", str(port)], cwd=tmp_path, env=environ, stdout=log, stderr=log
        )
        try:
            until = time.monotonic() + 60
            while "网站已就绪" not in (tmp_path / "log").read_text("utf-8") and time.monotonic() < until:
                assert server.poll() is None, (tmp_path / "log").read_text("utf-8")
                time.sleep(0.1)
            with urlopen(f"http://127.0.0.1:{port}/", timeout=20) as answer:
                home = answer.read().decode()
            with urlopen(f"http://127.0.0.1:{port}/site.css", timeout=20) as answer:
                assert "#7a1f3d" in answer.read().decode()
        finally:
            server.terminate()
            server.wait(30)
    assert "<title>星海银行</title>" in home
    assert 'href="/articles/card/refund"' in home
    assert "先查订单。" in home
