"""The direct answer: shown where one section clearly answers, verbatim, and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from support import write_files

from helpcenter import create_app
from helpcenter.settings import Settings
from index import Library, Snapshot, build, read_judgements

CLOCK = """---
title: 闹钟
summary: 怎样设定闹钟。
verified: 2026-01-02
---

## 怎样关掉闹钟的贪睡 {#snooze}

1. 长按 **闹钟**。
2. 关掉[贪睡](lamp.md)。

## 怎样换电池 {#battery}

拧开后盖，换上新电池。
"""
LAMP = """# 台灯

台灯的贪睡灯光。

## 怎样换灯泡 {#bulb}

先断电，再换上新灯泡。

## 怎样擦灯罩 {#shade}

用干布擦。
"""
QUESTION = "怎样关掉贪睡闹钟"


@pytest.fixture
def make(tmp_path: Path) -> Callable[[dict[str, str]], Snapshot]:
    """Builds an index of articles by id."""

    def made(articles: dict[str, str]) -> Snapshot:
        write_files(tmp_path / "content", {f"{name}.md": text for name, text in articles.items()})
        build(tmp_path / "content", tmp_path / "index")
        return Library(tmp_path / "index").snapshot()

    return made


def test_a_clear_question_is_answered_by_the_whole_section(make: Callable[[dict[str, str]], Snapshot]) -> None:
    answer = make({"clock": CLOCK, "lamp": LAMP}).search(QUESTION).answer
    assert answer is not None
    assert (answer.article, answer.section, answer.heading) == ("clock", "snooze", "怎样关掉闹钟的贪睡")
    assert "<strong>闹钟</strong>" in answer.html
    assert str(answer.verified) == "2026-01-02"


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("贪睡", "one word names a subject"),
        ("怎样换", "two sections fit alike"),
        ("设定闹钟", "the part above the first heading speaks of the whole article"),
        ("贪睡退款赔偿投诉", "words that the section does not hold"),
        ("闹钟贪水", "a guess"),
        ("", "nothing was asked"),
    ],
)
def test_otherwise_there_is_none(make: Callable[[dict[str, str]], Snapshot], query: str, why: str) -> None:
    snapshot = make({"clock": CLOCK, "lamp": LAMP})
    assert snapshot.search(query).answer is None, why
    assert snapshot.search_articles(query).answer is None, why


def test_a_second_article_that_says_the_same_leaves_none(make: Callable[[dict[str, str]], Snapshot]) -> None:
    twice = make({"clock": CLOCK, "lamp": LAMP, "watch": CLOCK.replace("title: 闹钟", "title: 手表闹钟")})
    assert twice.search(QUESTION).answer is None


def test_an_ask_word_for_word_is_answered(make: Callable[[dict[str, str]], Snapshot]) -> None:
    asks = "asks: {snooze: [清晨铃声吵醒邻居小孩]}\nverified:"
    answer = make({"clock": CLOCK.replace("verified:", asks), "lamp": LAMP}).search("清晨铃声吵醒邻居小孩").answer
    assert answer and answer.section == "snooze"


def test_page_and_api_show_it_on_the_first_page_only(
    make: Callable[[dict[str, str]], Snapshot], tmp_path: Path
) -> None:
    make({"clock": CLOCK, "lamp": LAMP})
    client = create_app(Settings(index=tmp_path / "index")).test_client()
    page = client.get(f"/search?q={QUESTION}").text
    answer = page[page.index('class="answer"') : page.index('class="cards"')]
    assert 'href="/articles/clock#snooze"' in answer
    assert "<strong>闹钟</strong>" in answer
    assert "已核实" in answer
    assert 'href="/zh-hant/articles/lamp"' in client.get(f"/zh-hant/search?q={QUESTION}").text
    shown = client.get(f"/api/v1/search?q={QUESTION}").json["answer"]
    assert list(shown) == ["article", "heading", "html", "section", "title", "url", "verified"]
    assert (shown["url"], shown["verified"]) == ("/articles/clock#snooze", "2026-01-02")
    assert client.get(f"/api/v1/search?q={QUESTION}&offset=1").json["answer"] is None
    assert client.get("/api/v1/search?q=贪睡").json["answer"] is None
    assert "answer" in client.get("/openapi.json").json["components"]["schemas"]["Results"]["required"]


def test_what_is_shown_on_our_own_queries_is_right(client: FlaskClient, root: Path) -> None:
    judged = read_judgements(root / "tests" / "judgements" / "own.tsv")
    right = {
        one.query: {place for place, grade in {**one.grades, **one.articles()}.items() if grade == 3} for one in judged
    }
    shown = [
        (query, f"{answer['article']}#{answer['section']}", answer["article"])
        for query in right
        if (answer := json.loads(client.get("/api/v1/search", query_string={"q": query, "limit": 1}).text)["answer"])
    ]
    assert len(shown) > 4
    wrong = [query for query, place, article in shown if not right[query] & {place, article}]
    assert len(wrong) <= 0.05 * len(shown), wrong
