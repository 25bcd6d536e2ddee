"""Checking: every warning an author gets, at its line, with the way out."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from support import write_files

from index.content.bodies import promotion
from index.content.checking import check
from index.model import Problem

TODAY = date(2026, 6, 1)
HEAD = "---\ntitle: 甲\nsummary: 摘\nverified: 2026-05-01\n---\n"  # the body starts at line 6


def problems(tmp_path: Path, **files: str) -> list[Problem]:
    write_files(tmp_path, {f"{name.replace('__', '/')}.md": text for name, text in files.items()})
    return check(tmp_path, today=TODAY)


def found(tmp_path: Path, **files: str) -> list[tuple[str, int, str]]:
    return [(problem.path, problem.line, problem.code) for problem in problems(tmp_path, **files)]


def test_a_good_article_has_no_problems(tmp_path: Path) -> None:
    body = "\n[链](b.md#节) [自](#自己) [主](../t/) <https://a.example>\n\n## 自己\n\n> **提示** 好\n"
    other = HEAD.replace("甲", "乙") + "\n## 节\n\n[回](a.md)\n"
    assert found(tmp_path, t__a=HEAD + body, t__b=other, t___topic="---\ntitle: 主题\n---\n[文](a.md)") == []


def test_links_are_followed_and_the_nearest_place_is_offered(tmp_path: Path) -> None:
    body = (
        "[一](freeze-numbr.md)\n"
        "[二](freeze-number.md#stpes) 和 [三](#自已)\n"
        "\n"
        "- [四](../other/freeze-number.md)\n"
        "- 换行\n  [五](nope/)\n"
        "\n"
        "| 表 |\n|---|\n| [六](draft.md) |\n"
        "\n"
        "<p>\n<a href='gone.md'>七</a></p>\n"
        "\n"
        "[八](../../../x.md) [九](javascript:x) [十](a.zip)\n"
        "\n"
        "## 自己\n"
    )
    freeze = HEAD.replace("甲", "乙") + "## 步骤 {#steps}\n"
    draft = HEAD.replace("甲", "丙").replace("summary", "draft: true\nsummary")
    result = problems(tmp_path, t__a=HEAD + body, **{"t__freeze-number": freeze, "t__draft": draft})
    assert [(problem.path, problem.line, problem.code) for problem in result] == [
        ("t/a.md", 6, "broken-link"),
        ("t/a.md", 7, "broken-anchor"),
        ("t/a.md", 7, "broken-anchor"),
        ("t/a.md", 9, "broken-link"),
        ("t/a.md", 11, "broken-link"),
        ("t/a.md", 15, "draft-link"),
        ("t/a.md", 18, "broken-link"),
        ("t/a.md", 20, "broken-link"),
        ("t/a.md", 20, "broken-link"),
        ("t/a.md", 20, "unsafe-link"),
    ]
    assert "是否想写 /t/freeze-number.md？" in result[0].message
    assert {"是否想写 #steps？", "是否想写 #自己？"} == {problem.message.rpartition("：")[2] for problem in result[1:3]}
    assert "是否想写 /t/freeze-number.md？" in result[3].message
    assert all(problem.level == "warning" for problem in result)


def test_pictures_are_looked_for(tmp_path: Path) -> None:
    (tmp_path / "here.png").write_bytes(b"png")
    body = (
        "![好](here.png)\n![远](https://a.example/x.png)\n![无](none.png)\n![矢](x.svg)\n\n<img src='//b.example/y'>\n"
    )
    assert found(tmp_path, a=HEAD + body) == [
        ("a.md", 7, "remote-image"),
        ("a.md", 8, "missing-image"),
        ("a.md", 9, "missing-image"),
        ("a.md", 11, "missing-alt"),
        ("a.md", 11, "remote-image"),
    ]


def test_titles_summaries_and_filter_values(tmp_path: Path) -> None:
    one = HEAD.replace("summary: 摘\n", "region: [法国]\ncarrier: Orange\n")
    two = HEAD.replace("title: 甲", "title: 甲 \nregion: [法国]\ncarrier: Ornage")
    result = problems(tmp_path, one=one, two=two)
    assert [(problem.path, problem.line, problem.code) for problem in result] == [
        ("one.md", 1, "no-summary"),
        ("one.md", 4, "rare-value"),
        ("two.md", 2, "duplicate-title"),
        ("two.md", 4, "rare-value"),
    ]
    assert "是否想写“Ornage”？" in result[1].message and "one.md" in result[2].message


def test_a_value_is_rare_only_where_others_are_shared(tmp_path: Path) -> None:
    bodies = {"b": "region: 法国", "c": "region: 日本"}
    articles = {name: HEAD.replace("甲", f"{name}\n{field}") for name, field in bodies.items()}
    assert found(tmp_path, **articles) == []
    articles["d"] = articles["b"].replace("title: b", "title: d")
    assert found(tmp_path, **articles) == [("c.md", 3, "rare-value")]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ("verified: 2025-12-03", None),
        ("verified: 2025-12-02", "stale"),
        ("verified: 2026-06-02", "future-date"),
        ("updated: 2026-05-01", "not-verified"),
        ("verified: 2026-05-01\nexpires: 2026-06-01", "expired"),
        ("verified: 2026-05-01\nexpires: 2026-06-02", None),
    ],
)
def test_dates(tmp_path: Path, fields: str, code: str | None) -> None:
    result = problems(tmp_path, a=f"---\ntitle: 甲\nsummary: 摘\n{fields}\n---\n")
    assert [problem.code for problem in result] == ([code] if code else [])


@pytest.mark.parametrize("front", ["", "---\nmoved_from: [乙]\n---\n"])
def test_a_plain_file_owes_neither_summary_nor_date(tmp_path: Path, front: str) -> None:
    assert found(tmp_path, a=f"{front}# 甲\n\n文") == []
    assert [code for _, _, code in found(tmp_path, a="---\norder: 1\n---\n# 甲\n\n文")] == [
        "no-summary",
        "not-verified",
    ]


@pytest.mark.parametrize(
    "words",
    [
        "[TG💪+ @jx0703 图]", "微信：esim-helper", "加微信 abc12345", "QQ群：123456789", "t.me/esim",
        "Telegram: @abc_d", "扫码关注我们", "搜索公众号“出国卡”", "转载请注明出处", "WhatsApp +33612345678",
    ],
)  # fmt: skip
def test_advertising_is_seen(words: str) -> None:
    assert promotion(words)


@pytest.mark.parametrize(
    "words",
    [
        "用微信支付", "微信、WhatsApp 都要换绑", "扫码安装 eSIM", "骗子会让你加好友", "support@airtel.nc",
        "拨打 +687 20 20 20", "微信 8.0 以上", "长按二维码，选“添加”", "QQ 邮箱", "@media print",
    ],
)  # fmt: skip
def test_ordinary_words_are_no_advertising(words: str) -> None:
    assert promotion(words) is None


def test_advertising_is_named_with_its_line_but_not_in_code(tmp_path: Path) -> None:
    body = (
        "一\n二\n[TG💪+ @jx0703 ![Image](https://a.example/x.png)]\n\n```\nTG: @jx0703\n```\n\n[群](https://t.me/x)\n"
    )
    assert found(tmp_path, a=HEAD + body) == [
        ("a.md", 8, "promotion"),
        ("a.md", 8, "remote-image"),
        ("a.md", 14, "promotion"),
    ]


def test_html_that_goes_is_named(tmp_path: Path) -> None:
    body = "<div>\n<iframe src=x></iframe>\n<p onclick='x()' style=y>文</p>\n</div>\n\n复制到 <path> 里 <b>好</b>\n"
    assert found(tmp_path, a=HEAD + body) == [
        ("a.md", 7, "dropped-html"),
        ("a.md", 8, "dropped-html"),
        ("a.md", 8, "dropped-html"),
    ]


def test_faults_and_skipped_files_come_along_in_order(tmp_path: Path) -> None:
    (tmp_path / "b.md").write_bytes(b"# x\n\xff")
    (tmp_path / "c.markdown").write_text("# x")
    result = problems(tmp_path, a="---\ntitle: 甲\nupdated: 昨天\ntilte: 乙\n---\n", t___topic="---\ntitle: [\n---\n")
    assert [(problem.path, problem.line, problem.level, problem.code) for problem in result] == [
        ("a.md", 3, "fault", "bad-date"),
        ("a.md", 4, "warning", "unknown-field"),
        ("b.md", 2, "fault", "encoding"),
        ("c.markdown", 1, "warning", "skipped-file"),
        ("t/_topic.md", 2, "fault", "yaml"),
    ]
