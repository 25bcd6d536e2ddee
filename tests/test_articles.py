"""Reading articles: which files, which fields, which faults at which line."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest
from support import write_files

from index.content.articles import (
    article_id,
    media,
    media_file,
    parse,
    read_articles,
    read_topics,
    scan,
    strays,
)
from index.model import Article, Problem


def write(content: Path, path: str, text: str | bytes) -> Path:
    return write_files(content, {path: text}) / path


def read(text: str | bytes) -> Article:
    article, problems = parse("topic/name", "topic/name.md", text.encode() if isinstance(text, str) else text)
    assert article is not None, [str(problem) for problem in problems]
    return article


def faults(text: str | bytes) -> list[tuple[int, str]]:
    article, problems = parse("topic/name", "topic/name.md", text.encode() if isinstance(text, str) else text)
    found = [(problem.line, problem.code) for problem in problems if problem.level == "fault"]
    assert (article is None) == bool(found)
    return found


def warnings(text: str) -> list[tuple[int, str]]:
    article, problems = parse("topic/name", "topic/name.md", text.encode())
    assert article is not None
    return [(problem.line, problem.code) for problem in problems]


FULL = """---
title: 法国 eSIM 丢失补办
summary: 手机丢了，
  怎样补办
region: [法国, 欧盟]
carrier: Orange
situation:
  - 丢失
tags: [NO, on, 5G, 2024]
aliases: [esim丢了]
order: 2.5
updated: 2026-01-02
verified: "2026-01-03"
expires: 2026-01-04T08:00:00+08:00
sources: [https://www.orange.fr, '']
draft: yes
---

正文。
"""


def test_every_field_is_read_as_its_type() -> None:
    article = read(FULL)
    assert (article.id, article.topic, article.title) == ("topic/name", "topic", "法国 eSIM 丢失补办")
    assert article.summary == "手机丢了， 怎样补办"
    assert article.filters == {"region": ("法国", "欧盟"), "carrier": ("Orange",), "situation": ("丢失",)}
    assert article.tags == ("NO", "on", "5G", "2024"), "YAML's yes and no stay the words they are"
    assert article.order == 2.5
    assert (article.updated, article.verified) == (date(2026, 1, 2), date(2026, 1, 3))
    assert article.expires == date(2026, 1, 4)
    assert article.sources == ("https://www.orange.fr",)
    assert article.draft
    assert article.source == FULL


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# 丢失怎么办 #\n\n正文", "丢失怎么办"),
        ("accept\n===\n\n正文", "accept"),
        ("先说两句。\n\n# 标题\n\n正文", "标题"),
        ("\ufeff# 有 BOM\n\n正文", "有 BOM"),
        ("# 换行\r\n\r\n正文\r\n", "换行"),
        ("---\ntitle:\n---\n# 标题\n正文", "标题"),
        ("---\ntitle: ''\n---\n# 标题\n正文", "标题"),
        ("---\ntags: [a]\n---\n\n# **粗** `码` [链](x)\n正文", "粗 码 链"),
        ("---\n# 只有注释\n---\n# 标题\n正文", "标题"),
        ("---\n---\n# 标题\n正文", "标题"),
        ("---\n\n一条横线，不是 front matter。\n\n# 标题\n正文", "标题"),
        ("---\n\n两条横线之间：*强调*。\n\n---\n\n# 标题\n正文", "标题"),
        ("---\n- a\n- b\n---\n# 标题\n正文", "标题"),
        ("---\ntitle: 2024\n---\n正文", "2024"),
        ("<h1 align='center'>生的标题</h1>\n\n正文", "生的标题"),
        ("<div align='center'>\n<img src='x.svg'>\n<h1>深处的标题</h1>\n</div>\n\n正文", "深处的标题"),
    ],
)
def test_the_title_comes_from_front_matter_or_the_first_heading_and_leaves_the_body(text: str, title: str) -> None:
    article = read(text)
    assert article.title == title
    assert all(section.heading != title for section in article.sections)
    assert "正文" in article.sections[-1].text or "正文" in article.sections[0].text
    assert title not in "".join(section.text for section in article.sections)


def test_a_heading_that_repeats_the_title_goes_and_another_stays() -> None:
    assert read("---\ntitle: eSIM 卡\n---\n\n# ESIM卡\n\n正文").sections[0].heading == ""
    assert read("---\ntitle: eSIM 卡\n---\n\n# 概述\n\n正文").sections[0].heading == "概述"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"# ok\n\n\xff\xfe bad", [(3, "encoding")]),
        ("# 标题\n\n中文".encode("gb18030"), [(1, "encoding")]),
        ("# 标题".encode("utf-16"), [(1, "encoding")]),
        (b"# ok\n\na\0b", [(3, "nul")]),
        ("正文，没有标题。", [(1, "no-title")]),
        ("## 只有二级标题\n\n正文", [(1, "no-title")]),
        ("#\n\n空标题", [(1, "no-title")]),
        ("", [(1, "no-title")]),
        ("---\nsummary: x\ntitle: ' '\n---\n正文", [(3, "no-title")]),
        ("---\ntitle: [没有闭合\n---\n# 标题", [(2, "yaml")]),
        ("---\ntitle: 甲\nsummary: 冒号: 后有空格\n---\n", [(3, "yaml")]),
        ("---\ntitle: 甲\ntags: [a]\n\tregion: b\n---\n", [(4, "yaml")]),
        ('---\ntitle: "甲\n---\n正文', [(2, "yaml")]),
        ("---\ntitle: 甲\n\n# 标题\n", [(1, "front-matter")]),
        ("---\ntitle: 甲\nupdated: 昨天\nverified: 2026-02-30\nexpires: 20260101\n---\n",
         [(3, "bad-date"), (4, "bad-date"), (5, "bad-date")]),
        ("---\ntitle: 甲\norder: 第一\ndraft: 也许\nregion: {a: b}\n---\n",
         [(3, "bad-type"), (4, "bad-type"), (5, "bad-type")]),
        ("---\ntitle: [甲, 乙]\n---\n正文", [(2, "bad-type")]),
        ("---\ntitle: 甲\norder: .nan\n---\n", [(3, "bad-type")]),
        ("---\ntitle: 甲\n---\n\n## 一 {#a}\n\n## 二 {#b}\n\n## 三 {#a}\n", [(9, "duplicate-anchor")]),
    ],
)  # fmt: skip
def test_faults_are_all_named_with_their_line(text: str | bytes, expected: list[tuple[int, str]]) -> None:
    assert faults(text) == expected


def test_the_faults_of_front_matter_and_body_come_together() -> None:
    text = "---\nupdated: 昨天\n---\n\n## 一 {#a}\n\n## 二 {#a}\n"
    assert faults(text) == [(1, "no-title"), (2, "bad-date"), (7, "duplicate-anchor")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("---\ntitle: 甲\ntilte: 乙\nlayout: post\n---\n", [(3, "unknown-field"), (4, "unknown-field")]),
        ("---\ntitle: 甲\ntitle: 乙\n---\n", [(3, "repeated-field")]),
        ("---\ntitle: 甲\ntags: !!set [a]\n---\n", [(3, "yaml-tag")]),
        ("---\ntitle: &a 甲\ntags: [*a]\n---\n", [(3, "yaml-alias")]),
        ("# 甲\n\n<script>x</script><font>y</font>\n\n![远](https://example.com/x.png)", []),
    ],
)
def test_what_foreign_files_hold_is_at_most_a_warning(text: str, expected: list[tuple[int, str]]) -> None:
    assert warnings(text) == expected


@pytest.mark.parametrize(
    ("name", "meant"),
    [("tilte", "title"), ("Tags", "tags"), ("date", "updated"), ("标题", "title"), ("verfied", "verified")],
)
def test_unknown_fields_say_what_was_probably_meant(name: str, meant: str) -> None:
    _, problems = parse("a", "a.md", f"---\n{name}: x\n---\n# 甲\n".encode())
    assert f"是否想写 {meant}？" in problems[0].message


def test_invisible_characters_do_not_part_words() -> None:
    article = read("# 标\u200b题\n\ne\u00adS\ufeffIM\x07卡")
    assert article.title == "标题"
    assert article.sections[0].text == "eSIM卡"


def test_scan_takes_articles_of_any_name_and_leaves_the_rest(tmp_path: Path) -> None:
    for path in ["b/两 字.md", "a.md", "b/c/d.md", "_draft.md", ".hidden.md", "_search/words.md", ".git/x.md", "x.txt"]:
        write(tmp_path, path, "# 甲")
    write(tmp_path, "b/_topic.md", "# 乙")
    found = scan(tmp_path)
    assert [path for path, _ in found] == ["a.md", "b/c/d.md", "b/两 字.md"]
    assert all(file.is_absolute() and file.is_file() for _, file in found)
    assert article_id("b/两 字.md") == "b/两 字"
    assert article_id("cafe\u0301.md") == "café", "composed, as addresses are typed"


def test_links_that_leave_the_folder_are_passed_over_and_named(tmp_path: Path) -> None:
    outside = write(tmp_path, "outside/secret.md", "# 密")
    content = tmp_path / "content"
    write(content, "real.md", "# 真")
    write(content, "folder/x.md", "# 真")
    (content / "out.md").symlink_to(outside)
    (content / "in.md").symlink_to(content / "real.md")
    (content / "broken.md").symlink_to(content / "nowhere.md")
    (content / "linked").symlink_to(outside.parent)
    (content / "loop").symlink_to(content)
    os.mkfifo(content / "pipe.md")
    write(content, "old.MD", "# 旧")
    assert [path for path, _ in scan(content)] == ["folder/x.md", "in.md", "real.md"]
    named = {problem.path: problem.level for problem in strays(content)}
    assert named == dict.fromkeys(["broken.md", "linked", "loop", "old.MD", "out.md", "pipe.md"], "warning")


def test_read_articles_gives_the_good_ones_and_every_problem(tmp_path: Path) -> None:
    write(tmp_path, "good.md", "# 好")
    write(tmp_path, "Good.md", "# 也好")
    write(tmp_path, "draft.md", "---\ntitle: 草稿\ndraft: true\n---\n")
    write(tmp_path, "bad.md", "没有标题")
    write(tmp_path, "worse.md", b"\xff")
    articles, problems = read_articles(tmp_path)
    assert [article.id for article in articles] == ["Good", "good"]
    assert [(problem.path, problem.code) for problem in problems] == [
        ("bad.md", "no-title"),
        ("worse.md", "encoding"),
        ("good.md", "same-name"),
    ]
    with_drafts, _ = read_articles(tmp_path, drafts=True)
    assert [article.id for article in with_drafts] == ["Good", "draft", "good"]


def test_a_problem_prints_as_file_line_message() -> None:
    assert str(Problem("a/b.md", 3, "没有标题")) == "a/b.md:3: 没有标题"


def test_topics_have_words_or_the_folders_name(tmp_path: Path) -> None:
    write(tmp_path, "a/_topic.md", "---\ntitle: 紧急\nsummary: 先做什么\norder: 1\n---\n\n正文 <script>x</script>")
    write(tmp_path, "a/b/_topic.md", "只有正文\n\n## 小<节>\n\n更多")
    write(tmp_path, "c/_topic.md", "---\norder: x\n---\n")
    topics, problems = read_topics(tmp_path)
    assert [(topic.id, topic.title, topic.summary, topic.order) for topic in topics] == [
        ("a", "紧急", "先做什么", 1.0),
        ("a/b", "b", "", 0.0),
    ]
    assert topics[0].html == "<p>正文 </p>"
    assert "<h2>小" in topics[1].html
    assert [str(problem) for problem in problems] == ["c/_topic.md:2: 字段 order 应是数字，不是“x”"]


def test_a_topic_names_its_drawing_and_an_unknown_one_is_told(tmp_path: Path) -> None:
    write(tmp_path, "a/_topic.md", "---\nicon: safety\n---\n")
    write(tmp_path, "b/_topic.md", "---\norder: 1\nicon: safty\n---\n")
    write(tmp_path, "c.md", "---\ntitle: 甲\nicon: material/phone\n---\n")
    topics, problems = read_topics(tmp_path)
    assert [(topic.id, topic.icon) for topic in topics] == [("a", "safety")]
    (problem,) = map(str, problems)
    assert problem.startswith("b/_topic.md:3: 字段 icon 应是 activate、basics、")
    assert problem.endswith("不是“safty”：您是不是想写 safety？")
    (_, [other]) = read_articles(tmp_path)
    assert (other.level, other.code) == ("warning", "unknown-field")


def test_pictures_are_listed_and_found_only_inside_the_folder(tmp_path: Path) -> None:
    article = read(
        "# 甲\n\n![近](图 1.png) ![近](<图 1.png>) ![根](/img/b.webp) ![外](../../../etc/x.png)\n\n## 节\n\n![c](c.gif)"
    )
    assert media(section.html for section in article.sections) == ("topic/图 1.png", "img/b.webp", "topic/c.gif")
    content = tmp_path / "content"
    write(content, "topic/图 1.png", b"png")
    write(content, "topic/.hidden.png", b"png")
    write(content, "topic/x.svg", b"<svg/>")
    outside = write(tmp_path, "outside.png", b"png")
    (content / "link.png").symlink_to(outside)
    assert media_file(content, "topic/图 1.png") == (content / "topic/图 1.png").resolve()
    for path in [
        "topic/none.png",
        "topic/.hidden.png",
        "topic/x.svg",
        "link.png",
        "../outside.png",
        "/etc/passwd",
        "a\0b.png",
    ]:
        assert media_file(content, path) is None
