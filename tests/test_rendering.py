"""Rendering: sections and anchors, the text that goes with the HTML, links, callouts, steps."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from index.content.articles import parse
from index.content.rendering import is_reserved, render, slug
from index.model import Section

ROOT = Path(__file__).parent.parent


def sections(body: str, id: str = "replacement/france") -> tuple[Section, ...]:
    article, problems = parse(id, f"{id}.md", f"# 标题\n\n{body}".encode())
    assert article is not None, [str(problem) for problem in problems]
    return article.sections


def only(body: str) -> Section:
    (section,) = sections(body)
    return section


def test_sections_start_at_headings_of_level_two_to_four() -> None:
    found = sections(
        "开头\n\n## 二 `码`\n\n二文\n\n三\n---\n\n三文\n\n#### 四\n\n四文\n\n##### 五\n\n五文\n\n"
        "# 又一个一级\n\n尾\n\n> ## 引\n\n- ## 列\n"
    )
    assert [(section.level, section.heading, section.anchor) for section in found] == [
        (0, "", ""),
        (2, "二 码", "二-码"),
        (2, "三", "三"),
        (4, "四", "四"),
        (2, "又一个一级", "又一个一级"),
    ]
    assert found[3].text == "四文\n五\n五文"
    assert found[4].text == "尾\n引\n列"
    assert "<h1" not in "".join(section.html for section in found)


def test_a_body_without_words_is_one_empty_section_and_an_empty_opening_is_none() -> None:
    assert sections("") == (Section("", "", 0, "", ""),)
    assert [section.anchor for section in sections("## 一\n\n文")] == ["一"]
    assert [section.anchor for section in sections("##\n\n文")] == ["section"]


def test_anchors_are_the_authors_or_made_from_the_heading() -> None:
    found = sections(
        "## 联系 SFR {#sfr}\n\n## ＷＩＦＩ 与 eSIM！\n\n## sfr\n\n## 第一步\n\n## 第一步\n\n## 第一步 ##\n\n"
        "## ！？\n\n## Search\n\n## q {: #x.y-1 }\n"
    )
    assert [section.anchor for section in found] == [
        "sfr", "wifi-与-esim", "sfr-2", "第一步", "第一步-2", "第一步-3", "section", "s-search", "x.y-1",
    ]  # fmt: skip
    assert found[0].heading == "联系 SFR"


@pytest.mark.parametrize("heading", ["用 {} 表示", "x {#}", r"x \{#y}", "{#a/b}"])
def test_what_is_no_anchor_stays_words(heading: str) -> None:
    assert "{" in sections(f"## {heading}\n\n文")[0].heading


def test_every_id_that_the_pages_use_is_reserved() -> None:
    used = set()
    for template in (ROOT / "templates").rglob("*.html"):
        used |= set(re.findall(r'\sid="([^"{]+)"', template.read_text("utf-8")))
    assert used
    assert [id for id in used if not is_reserved(id)] == [], "add these to _RESERVED_IDS in index/content/rendering.py"


@pytest.mark.parametrize(
    ("words", "anchor"),
    [("A  B", "a-b"), ("Été 2024?", "été-2024"), ("1. 步骤一：登录", "1-步骤一登录"), ("…", ""), ("a_b", "a_b")],
)
def test_slug(words: str, anchor: str) -> None:
    assert slug(words) == anchor


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("更换**eSIM**卡和`APN`设[置](x)", "更换eSIM卡和APN设置"),
        ("中文换行\n接着写", "中文换行接着写"),
        ("中文换行，\n“接着写”", "中文换行，“接着写”"),
        ("**中文**\n**换行**", "中文换行"),
        ("中文\nEnglish\nwords", "中文 English words"),
        ("한국어\n문장", "한국어 문장"),
        ("一行  \n另一行", "一行\n另一行"),
        ("甲\n\n乙", "甲\n乙"),
        ("- 甲\n- 乙\n  - 丙", "甲\n乙\n丙"),
        ("| 甲 | 乙 |\n|---|---|\n| 1 | |\n| | 2 |", "甲\t乙\n1\n\t2"),
        ("```\na  b\n\n  c\n```", "a  b\n  c"),
        ("看![信号 图](x.png)这里", "看信号 图这里"),
        ("<div>甲<b>乙</b></div><p>丙\n丁</p>", "甲乙\n丙丁"),
        ("a &amp; b &lt;c&gt; &copy;", "a & b <c> ©"),
        ("甲 <!-- 看不见 --> 乙", "甲 乙"),
        ("复制到 <path> 里", "复制到 <path> 里"),
        ("- [ ] 备份\n- [x] 报失", "☐ 备份\n☑ 报失"),
        ("~~旧~~新", "旧新"),
        ("<details><summary>更多</summary>\n\n里面\n\n</details>", "更多\n里面"),
    ],
)
def test_text_is_what_a_reader_sees_in_order(body: str, text: str) -> None:
    assert only(body).text == text


def test_the_html_closes_the_same_gaps_as_the_text() -> None:
    assert only("中文\n**换行**\nand\nEnglish").html == "<p>中文<strong>换行</strong> and English</p>"


@pytest.mark.parametrize(
    ("address", "href"),
    [
        ("../emergency/freeze-number.md#x", "/articles/emergency/freeze-number#x"),
        ("spain.md", "/articles/replacement/spain"),
        ("<两 字.md#第一步>", "/articles/replacement/%E4%B8%A4%20%E5%AD%97#%E7%AC%AC%E4%B8%80%E6%AD%A5"),
        ("/basics/eid.md", "/articles/basics/eid"),
        ("./spain", "/articles/replacement/spain"),
        ("../emergency/", "/topics/emergency"),
        ("../emergency/_topic.md", "/topics/emergency"),
        ("#sfr", "#sfr"),
        ("/articles/a/b#c", "/articles/a/b#c"),
        ("/topics/a", "/topics/a"),
        ("/search?q=esim", "/search?q=esim"),
        ("map.png", "/media/replacement/map.png"),
    ],
)
def test_links_within_the_site_become_its_addresses(address: str, href: str) -> None:
    assert only(f"[链]({address})").html == f'<p><a href="{href}">链</a></p>'
    assert only(f'<a href="{address.strip("<>")}">链</a>').html == f'<p><a href="{href}">链</a></p>'


@pytest.mark.parametrize(
    "address", ["../../../etc/passwd", "../..", "tool.exe", "javascript:alert(1)", "data:text/html,x", "ftp://a"]
)
def test_links_that_lead_nowhere_good_leave_their_words(address: str) -> None:
    assert only(f"[链]({address})").html == "<p>链</p>"


def test_links_that_leave_the_site_say_so() -> None:
    rel = ' rel="noopener noreferrer nofollow"'
    assert only("<https://a.example/?a=1&b=2>").html == (
        f'<p><a href="https://a.example/?a=1&amp;b=2"{rel}>https://a.example/?a=1&amp;b=2</a></p>'
    )
    assert only("[x](//b.example)").html == f'<p><a href="//b.example"{rel}>x</a></p>'
    assert only("[打](tel:+33123456)").html == '<p><a href="tel:+33123456">打</a></p>'


def test_pictures_are_local_or_words() -> None:
    assert only('![设置 "页"](a/设置.png "说明")').html == (
        '<p><img src="/media/replacement/a/%E8%AE%BE%E7%BD%AE.png" alt="设置 &quot;页&quot;" loading="lazy"></p>'
    )
    for address in (
        "https://a.example/x.png",
        "//a.example/x.png",
        r"/\a.example/x.png",
        "data:image/png;base64,x",
        "x.svg",
    ):
        assert only(f"![远 <处>]({address})").html == "<p>远 &lt;处&gt;</p>"
        assert "<img" not in only(f'<img src="{address}" alt="远" onerror="x()" srcset="https://a.example/y.png">').html


def test_tables_scroll_in_a_box_of_their_own() -> None:
    box = '<div class="table" tabindex="0" role="region" aria-label="表格"><table>'
    markdown = only("| 甲 | 乙 |\n|---|--:|\n| 1 | 2 |").html
    assert markdown.startswith(box) and markdown.endswith("</table></div>")
    assert '<td class="align-right">2</td>' in markdown
    assert only('<table style="x" width=9><tr><td>1</td></tr></table>').html.startswith(box)


@pytest.mark.parametrize(
    ("body", "kind", "title"),
    [
        ("> **提示**\n>\n> 文", "tip", "提示"),
        ("> **注意**：文", "note", "注意"),
        ("> **警告：** 文", "warning", "警告"),
        ("> [!NOTE]\n> 文", "note", "说明"),
        ("> [!TIP]\n>\n> 文", "tip", "提示"),
        ("> [!warning]\n> 文", "warning", "警告"),
        ("> [!IMPORTANT]\n> 文", "note", "重要"),
        ("> [!CAUTION]\n> 文", "warning", "警告"),
    ],
)
def test_callouts(body: str, kind: str, title: str) -> None:
    section = only(body)
    assert section.html == (
        f'<aside class="callout callout-{kind}" role="note">\n<p class="callout-title">{title}</p>\n<p>文</p>\n</aside>'
    )
    assert section.text == f"{title}\n文"


def test_other_quotations_stay_quotations() -> None:
    assert only("> 他说**提示**不够").html.startswith("<blockquote>")
    assert only("> **提示**\n\n间\n\n> 引").html.count("</aside>") == 1


def test_ordered_lists_are_steps_unless_they_only_number_things() -> None:
    found = sections("1. 先\n2. 后\n   1. 里\n\n## 注意事项\n\n1. 甲\n2. 乙\n\n## 办理\n\n3. 丙\n")
    assert [section.html.count('<ol class="steps">') for section in found] == [1, 0, 0]
    assert '<ol start="3" class="steps">' in found[2].html or '<ol class="steps" start="3">' in found[2].html


def test_code_and_footnotes() -> None:
    assert only("```python\na < b\n```").html == "<pre><code>a &lt; b\n</code></pre>"
    noted = only("甲[^1]\n\n[^1]: 出处")
    assert '<a href="#fn1" id="fnref1">[1]</a>' in noted.html
    assert '<li id="fn1" class="footnote-item">' in noted.html
    assert noted.text == "甲[1]\n出处 ↩︎"


def test_headings_of_raw_html_are_headings() -> None:
    found = sections('<h2 id="install">安装 <i>eSIM</i></h2>\n<p>文</p>\n\n<h3 align="center">\n二\n</h3>\n\n更多')
    assert [(section.level, section.anchor, section.heading, section.text) for section in found] == [
        (2, "install", "安装 eSIM", "文"),
        (3, "二", "二", "更多"),
    ]


def test_thousands_of_equal_headings_have_anchors_of_their_own() -> None:
    # Counted anew from 1 for each, these took minutes.
    sections = render("## 同名\n\n文\n\n" * 20_000, "t", "t/a.md", "题").sections
    anchors = [section.anchor for section in sections]
    assert anchors[:2] == ["同名", "同名-2"] and len(set(anchors)) == len(anchors) > 10_000
