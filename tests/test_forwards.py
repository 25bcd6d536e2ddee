"""Addresses never break: what moved leads on, `helpcenter move` keeps links; dates take articles in and out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from support import client_of, write_files

from index import build
from index.content.checking import check
from index.content.moving import MoveRefused, move
from index.search.opening import LocalSnapshot
from index.store.forwards import forwarded, forwards
from index.store.snapshots import IndexFolder

ARTICLES = {
    "travel/roaming.md": """---
title: 漫游
moved_from: [old/roam, 'old/roam#fees #price', 'travel/roaming#gone #price']
---
见[补卡](../replace/lost.md#report)。

## 价钱 {#price}

不贵。
""",
    "replace/lost.md": """# 补卡

回[漫游](../travel/roaming.md)、[漫游](/articles/travel/roaming#price)。

## 报失 {#report}

打电话。
""",
    "_guides/a.yml": "title: 向导\nstart: q\nquestions:\n  q: {ask: 哪里, options: [{answer: a, label: 甲, to: o}]}\n"
    "outcomes:\n  o: {title: 结果, steps: [replace/lost#report, travel/roaming]}\n",
}  # fmt: skip


@pytest.fixture
def content(tmp_path: Path) -> Path:
    return write_files(tmp_path / "content", ARTICLES)


@pytest.mark.parametrize("root", ["", "/zh-hant"])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/articles/old/roam", "/articles/travel/roaming"),
        ("/articles/old/roam.md", "/articles/travel/roaming.md"),
        ("/articles/old/roam/sections/fees", "/articles/travel/roaming#price"),
        ("/articles/travel/roaming/sections/gone", "/articles/travel/roaming#price"),
    ],
)
def test_what_moved_leads_on(content: Path, root: str, old: str, new: str) -> None:
    answer = client_of(content).get(root + old)
    assert (answer.status_code, answer.headers["Location"]) == (301, root + new)


def test_a_section_that_is_gone_leads_to_its_article_and_nothing_else_does(content: Path) -> None:
    client = client_of(content)
    answer = client.get("/articles/replace/lost/sections/never")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/articles/replace/lost#never")
    assert client.get("/articles/never").status_code == 404


def test_chains_are_followed_and_circles_end() -> None:
    table = forwards([("c", ["b", "x#1"], ["1"]), ("b2", ["c#2"], []), ("d", ["a"], [])])
    assert table == {"b": "c", "x#1": "c#1", "c#2": "b2", "a": "d"}
    assert forwards([("p", ["q"], []), ("q", ["p"], [])]) == {}
    assert forwarded({"a": "b"}, "a#1") == "b#1"


def test_move_takes_links_guides_and_the_old_address_along(content: Path, run: Callable[..., Any]) -> None:
    done = run("move", "travel/roaming", "abroad/data/roaming", "--content", content)
    assert done.returncode == 0, done.stderr
    text = (content / "abroad/data/roaming.md").read_text("utf-8")
    assert "[补卡](../../replace/lost.md#report)" in text and "travel/roaming" in text.split("---")[1]
    lost = (content / "replace/lost.md").read_text("utf-8")
    assert "(../abroad/data/roaming.md)" in lost and "(/articles/abroad/data/roaming#price)" in lost
    assert "steps: [replace/lost#report, abroad/data/roaming]" in (content / "_guides/a.yml").read_text("utf-8")
    assert not [problem for problem in check(content) if problem.code == "broken-link"]
    client = client_of(content)
    for old in ("travel/roaming", "old/roam"):
        assert client.get(f"/articles/{old}").headers["Location"] == "/articles/abroad/data/roaming"


def test_a_topic_moves_whole(content: Path) -> None:
    (content / "travel/_topic.md").write_text("---\ntitle: 出行\n---\n", "utf-8")
    move(content, "travel", "abroad")
    assert (content / "abroad/_topic.md").is_file() and not list((content / "travel").iterdir())
    assert client_of(content).get("/articles/travel/roaming").status_code == 301


@pytest.mark.parametrize(("old", "new"), [("none", "x"), ("travel/roaming", "replace/lost"), ("travel/roaming", "_x")])
def test_a_move_that_cannot_be_changes_nothing(content: Path, old: str, new: str) -> None:
    with pytest.raises(MoveRefused):
        move(content, old, new)
    assert {name: (content / name).read_text("utf-8") for name in ARTICLES} == ARTICLES


def test_check_names_what_would_vanish_and_writes_the_forward(content: Path, run: Callable[..., Any]) -> None:
    (content / "_guides/a.yml").unlink()  # it would be at fault, and rightly so
    index = content.with_name("index")
    build(content, index)
    lost = content / "replace/lost.md"
    lost.write_text(lost.read_text("utf-8").replace("{#report}", "{#call}"), "utf-8")
    (content / "travel/roaming.md").rename(content / "travel/data.md")
    where = ("check", "--content", content, "--index", index)
    told = run(*where).stdout
    assert "replace/lost.md:1: 提醒：旧地址 replace/lost#report" in told and "旧地址 travel/roaming" in told
    assert run(*where, "--fix").returncode == 0
    assert "旧地址" not in run(*where).stdout
    assert "'replace/lost#report #call'" in lost.read_text("utf-8")
    client = client_of(content)
    assert client.get("/articles/travel/roaming").headers["Location"] == "/articles/travel/data"
    assert client.get("/articles/replace/lost/sections/report").headers["Location"] == "/articles/replace/lost#call"


def test_articles_come_and_go_with_the_calendar(content: Path) -> None:
    soon = "---\ntitle: 新规\npublish: 2026-12-24\n---\n\n新规定甲乙丙。\n"
    gone = "---\ntitle: 旧规\nexpires: 2026-12-24\nwithdraw: true\n---\n\n旧规定丁戊己。\n"
    (content / "a.md").write_text(soon, "utf-8")
    (content / "b.md").write_text(gone, "utf-8")
    index = content.with_name("index")
    for day, here, absent in [(date(2026, 12, 23), "b", "a"), (date(2026, 12, 24), "a", "b")]:
        client = client_of(content, today=day)
        words = {"a": "新规定甲乙丙", "b": "旧规定丁戊己"}
        assert client.get(f"/articles/{here}").status_code == 200
        assert client.get(f"/articles/{absent}").status_code == client.get(f"/articles/{absent}.md").status_code == 404
        for page in ("/sitemap.xml", "/feed.atom", "/llms.txt", "/", f"/search?q={words[absent]}"):
            title = "新规" if absent == "a" else "旧规"
            assert title not in client.get(page).get_data(as_text=True).replace(words[absent], "")
        assert client.get(f"/api/v1/search?q={words[here]}").json["total"] == 1
    name = IndexFolder(index).live().name
    build(content, index, today=date(2026, 12, 25))
    assert IndexFolder(index).live().name == name, "a day on which nothing comes or goes changes nothing"
    assert LocalSnapshot(IndexFolder(index).live()).article_count == 3


def test_a_link_to_a_section_that_is_gone_says_so(browser: Any, live_server: str) -> None:
    page = browser.new_page()
    page.goto(f"{live_server}/articles/replacement/france-lost#report-loss")
    assert page.locator(".gone").is_hidden()
    page.goto(f"{live_server}/articles/replacement/france-lost#no-such")
    page.locator(".gone").wait_for()
    page.close()
