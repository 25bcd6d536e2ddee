"""Passages read well: whole sentences, list items with their marks, table rows as 项目：值, no needless ellipsis."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from index.content.articles import parse
from index.search.snippets import LENGTH, LONGEST, NEAR, first_steps, snippet
from index.text.folding import fold

LONG = "这一句话里没有要找的词，只是为了占住地方，让一段文字比一条摘要长，这样就得选一段出来。"
STEPS = f"""# 题

{LONG}

## 步骤 {{#s}}

1. 打开设置，找到蜂窝网络。
2. 点“添加 eSIM”。

   - 没有这一项的，先更新系统。
3. 对准二维码。

{LONG}{LONG}
"""
TABLE = f"""# 题

| 项目 | 费用 | 时间 |
|---|---|---|
| 补发手续费 | 有的收 | 当天 |
| 邮寄： | 另收 | 三天 |

{LONG}{LONG}
"""


def section(source: str, number: int = 0) -> tuple[str, str, str]:
    """Text, folded text and line kinds of a section."""
    article, _ = parse("a", "a.md", source.encode())
    assert article is not None
    found = article.sections[number]
    assert len(found.lines) == found.text.count("\n") + 1
    return found.text, fold(found.text), found.lines


def passage(source: str, *marks: str, number: int = 0) -> str:
    """The snippet of a section, its marks in brackets."""
    text, folded, lines = section(source, number)
    return html.unescape(
        re.sub("<(/?)mark>", lambda match: "]" if match[1] else "[", snippet(text, folded, lines, marks))
    )


def test_lines_say_what_they_are() -> None:
    assert section(STEPS, 1)[2] == "12-2."
    assert section(TABLE)[2] == "=||."
    assert section("# 题\n\n> [!WARNING]\n> 别删。\n\n1. 一\n\n   又一段\n\n- 二\n\n1. 三\n")[2] == ":.1+-1"


def test_items_keep_their_marks() -> None:
    assert passage(STEPS, "二维码", number=1).startswith("3. 对准[二维码]。")
    assert "2. 点“添加 [esim]”。 • 没有这一项的".replace("esim", "eSIM") in passage(STEPS, "esim", number=1)


def test_table_rows_read_as_item_and_value() -> None:
    assert passage(TABLE, "手续费").startswith("补发[手续费]：有的收，当天； 邮寄：另收，三天")
    assert passage(TABLE, "项目").startswith("[项目]：费用，时间；")


def test_whole_sentences_have_no_ellipsis() -> None:
    shown = passage(f"# 题\n\n{LONG}号码先停掉。{LONG}\n", "停掉")
    assert shown.startswith(("这一句话", "号码先[停掉]。"))
    assert "…" not in shown
    assert shown.endswith("。")


def test_a_sentence_too_long_is_cut_at_pauses_with_the_match_in_sight() -> None:
    endless = "，".join(["很长的一句话还没有完"] * 30)
    shown = passage(f"# 题\n\n{endless}，停掉，{endless}\n", "停掉")
    assert shown.startswith("…") and shown.endswith("…")
    assert shown.index("[停掉]") <= NEAR
    assert len(shown) <= LENGTH + 6


def test_an_ellipsis_never_stands_inside_a_mark() -> None:
    mark = "甲乙丙丁" * 12
    shown = passage(f"# 题\n\n{'很长的话，' * 30}{mark}{'很长的话，' * 30}\n", mark)
    assert f"[{mark}]" in shown


def test_a_callouts_word_does_not_end_a_passage() -> None:
    shown = passage(f"# 题\n\n{LONG}号码先停掉。\n\n> [!WARNING]\n> {LONG}{LONG}\n", "停掉")
    assert not shown.endswith("警告：")


@pytest.mark.parametrize("most", [2, 5])
def test_the_first_steps_are_marked_and_counted(most: int) -> None:
    text, folded, lines = section(STEPS, 1)
    steps, count = first_steps(text, folded, lines, ["esim"], most)
    assert count == 3
    assert steps[:2] == ("打开设置，找到蜂窝网络。", "点“添加 <mark>eSIM</mark>”。")
    assert len(steps) == min(most, 3)
    assert first_steps("一", "一", "1", [], most) == ((), 0)


def test_passages_of_the_real_content_are_cut_in_long_sentences_only(root: Path) -> None:
    marks = ["补卡", "esim", "号码"]
    for path in sorted((root / "content").rglob("*.md")):
        article, _ = parse("a", "a.md", path.read_bytes()) if path.name[0] != "_" else (None, [])
        for found in article.sections if article else ():
            shown = re.sub("</?mark>", "", snippet(found.text, fold(found.text), found.lines, marks))
            assert "\t" not in shown
            assert len(html.unescape(shown)) <= LONGEST + 24, shown
            if "…" in shown[:1] + shown[-1:]:
                assert max(map(len, re.split("[。！？；\n]", found.text))) > NEAR - 24, shown
