"""Asks: written beside an article or in it, they find its sections, and no page shows them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from support import write_files

from index import ContentFaults, Hit, Library, build, check, unfound
from index.content.asks import read_asks
from index.model import Problem

ARTICLE = """\
---
title: 补卡
summary: 摘
verified: 2026-05-01
---

开头。

## 报失 {#report}

打客服电话。

## 收费 {#fee}

十欧元。
"""


@pytest.fixture
def content(tmp_path: Path) -> Path:
    return write_files(tmp_path / "content", {"t/a.md": ARTICLE, "t/b.md": "# 漫游\n\n关于漫游。\n"})


def hits(content: Path, query: str) -> list[Hit]:
    build(content, content.parent / "index")
    return list(Library(content.parent / "index").snapshot().search(query).hits)


def faults(content: Path) -> list[tuple[str, int, str]]:
    with pytest.raises(ContentFaults) as stopped:
        build(content, content.parent / "index")
    found = [(problem.path, problem.line, problem.code) for problem in stopped.value.problems]
    assert found == [(one.path, one.line, one.code) for one in check(content) if one.level == "fault"]
    return found


def test_a_section_is_found_by_its_asks_alone_and_shows_none_of_them(content: Path) -> None:
    (content / "t" / "a.asks.yml").write_text("report:\n  - 手机被偷走了咋办\n", "utf-8")
    (hit,) = hits(content, "偷走")
    assert (hit.article, hit.section, hit.matched) == ("t/a", "report", "words")
    assert hit.snippet == "打客服电话。"
    page = Library(content.parent / "index").snapshot().page("t/a")
    assert page and page.article.sections[1].asks == ("手机被偷走了咋办",)
    assert all("偷走" not in section.html + section.text for section in page.article.sections)


def test_asks_in_front_matter_and_beside_the_article_both_count(content: Path) -> None:
    (content / "t" / "a.md").write_text(
        ARTICLE.replace("summary", 'asks: {"": [开天窗], fee: 要花几个钱, report: }\nsummary'), "utf-8"
    )
    (content / "t" / "a.asks.yml").write_text("fee: [贵不贵]\n", "utf-8")
    for query, section in (("开天窗", ""), ("花几个钱", "fee"), ("贵不贵", "fee")):
        assert hits(content, query)[0].section == section


def test_a_text_counts_as_contained_only_where_readers_see_it(content: Path) -> None:
    (content / "t" / "a.asks.yml").write_text("fee: [关于漫游的费用, 关于漫游, 漫游]\n", "utf-8")
    assert hits(content, "关于漫游。")[0].article == "t/b"


def test_changed_asks_change_their_article_and_no_other(content: Path) -> None:
    build(content, content.parent / "index")
    (content / "t" / "a.asks.yml").write_text("fee: [贵不贵]\n", "utf-8")
    report = build(content, content.parent / "index")
    assert (report.full, report.changed) == (False, 1)
    (content / "t" / "a.asks.yml").unlink()
    assert hits(content, "贵不贵") == []


def test_asks_of_what_does_not_exist_are_faults_at_their_line(content: Path) -> None:
    (content / "t" / "a.asks.yml").write_text("fee: [贵]\nrepart: [偷]\n", "utf-8")
    (content / "t" / "gone.asks.yml").write_text('"": [甲]\n', "utf-8")
    assert faults(content) == [("t/a.asks.yml", 2, "lost-asks"), ("t/gone.asks.yml", 1, "lost-asks")]


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        ("- 甲\n", 1, "bad-asks"),
        ("fee:\n  - 甲\n  - 乙: 丙\n", 3, "bad-asks"),
        ("fee:\n  - [甲\n", 2, "yaml"),
        ("fee: " + "[" * 100, 1, "yaml"),
        ("\n\ud800", 2, "encoding"),
        ("fee: " + "长" * 400_000, 1, "too-large"),
    ],
)
def test_what_cannot_be_read_is_a_fault_and_never_a_crash(text: str, line: int, code: str) -> None:
    _, problems = read_asks(text.encode("utf-8", "surrogatepass"), "a.asks.yml")
    assert [(problem.line, problem.code) for problem in problems] == [(line, code)]


@pytest.mark.parametrize("text", ["", "# nothing\n", "fee:\n", "fee: []\n", "~\n"])
def test_empty_asks_are_none(text: str) -> None:
    asks, problems = read_asks(text.encode(), "a.asks.yml")
    assert not any(one.texts for one in asks)
    assert problems == []


def codes(problems: list[Problem], *wanted: str) -> list[tuple[str, int, str]]:
    return [(problem.path, problem.line, problem.code) for problem in problems if problem.code in wanted]


def test_check_warns_of_asks_written_twice_and_of_sections_without(content: Path) -> None:
    today = date(2026, 6, 1)
    assert codes(check(content, today=today), "no-asks", "same-ask") == []  # no asks anywhere: not used here
    (content / "t" / "a.asks.yml").write_text(
        '"": [开头]\nreport:\n  - 手機丟了？\nfee:\n  - 贵\n  - 手机丢了\n', "utf-8"
    )
    assert codes(check(content, today=today), "no-asks", "same-ask") == [
        ("t/a.asks.yml", 6, "same-ask"),
        ("t/b.md", 1, "no-asks"),
    ]


def test_check_warns_of_an_ask_that_does_not_find_its_section(content: Path) -> None:
    for number in range(12):
        (content / "t" / f"n{number}.md").write_text("# 手机\n\n没网。\n", "utf-8")
    (content / "t" / "a.asks.yml").write_text("fee: [手机没网, 贵不贵]\n", "utf-8")
    build(content, content.parent / "index")
    snapshot = Library(content.parent / "index").snapshot()
    assert codes(unfound(content, snapshot), "unfound-ask") == [("t/a.asks.yml", 1, "unfound-ask")]
    (content / "t" / "a.asks.yml").write_text("fee: [手机没信号, 贵不贵]\n", "utf-8")
    assert unfound(content, snapshot) == []  # not built yet: nothing is known of it
